/* SPDX-License-Identifier: MIT */
/* Reading a request: see craft_request.h.  A member that is not understood is refused, not guessed. */
#include "craft_request.h"

#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "craft_system.h"

static rj_status wrong(rj_failure *failure, const char *member, const char *expected)
{
    return rj_fail(failure, RJ_E_INVALID, "package request: \"%s\" must be %s", member, expected);
}

static rj_status text_member(const json_t *object, const char *name, const char **ret_text,
                             rj_failure *failure)
{
    const json_t *value = json_object_get(object, name);

    if (!value)
        return RJ_OK;
    if (!json_is_string(value))
        return wrong(failure, name, "a text");
    *ret_text = json_string_value(value);
    return RJ_OK;
}

static rj_status read_arguments(craft_request *request, rj_failure *failure)
{
    const json_t *list = json_object_get(request->document, "arguments");
    size_t count = list ? json_array_size(list) : 0;

    if (list && !json_is_array(list))
        return wrong(failure, "arguments", "a list of texts");
    request->arguments = calloc(count + 2, sizeof *request->arguments);
    if (!request->arguments)
        return rj_fail_memory(failure);
    for (size_t i = 0; i < count; i++) {
        const json_t *argument = json_array_get(list, i);

        if (!json_is_string(argument))
            return wrong(failure, "arguments", "a list of texts");
        request->arguments[i + 1] = json_string_value(argument);
    }
    return RJ_OK;
}

static rj_status read_environment(craft_request *request, rj_failure *failure)
{
    json_t *variables = json_object_get(request->document, "environment");
    size_t bytes = 0, count = 0;
    const char *name;
    json_t *value;
    char *at;

    if (variables && !json_is_object(variables))
        return wrong(failure, "environment", "an object of texts");
    json_object_foreach(variables, name, value)
    {
        if (!json_is_string(value) || name[0] == '\0' || strchr(name, '='))
            return wrong(failure, "environment", "an object of texts with names fit for variables");
        bytes += strlen(name) + 1 + json_string_length(value) + 1;
    }
    request->environment = calloc(json_object_size(variables) + 1, sizeof *request->environment);
    request->environment_text = at = malloc(bytes + 1);
    if (!request->environment || !at)
        return rj_fail_memory(failure);
    json_object_foreach(variables, name, value)
    {
        size_t name_length = strlen(name), length = json_string_length(value);

        request->environment[count++] = at;
        memcpy(at, name, name_length);
        at += name_length;
        *at++ = '=';
        memcpy(at, json_string_value(value), length + 1);
        at += length + 1;
    }
    return RJ_OK;
}

static rj_status read_fetched(craft_request *request, rj_failure *failure)
{
    const json_t *fetched = json_object_get(request->document, "fetched");
    rj_status status;

    if (!fetched)
        return RJ_OK;
    if (!json_is_object(fetched))
        return wrong(failure, "fetched", "the result of fetch");
    status = text_member(fetched, "sha256", &request->fetched_sha256, failure);
    if (status == RJ_OK)
        status = text_member(fetched, "version", &request->fetched_version, failure);
    if (status == RJ_OK && (!request->fetched_sha256 || !request->fetched_version))
        status = wrong(failure, "fetched", "the result of fetch");
    return status;
}

static rj_status read_rest(craft_request *request, rj_failure *failure)
{
    const json_t *sources = json_object_get(request->document, "sources");
    const json_t *limit = json_object_get(request->document, "time_limit_ms");

    if (sources && json_array_size(sources) > 0) {
        request->source = json_string_value(json_array_get(sources, 0));
        if (!request->source)
            return wrong(failure, "sources", "a list of texts");
    }
    if (limit && (!json_is_integer(limit) || json_integer_value(limit) <= 0))
        return wrong(failure, "time_limit_ms", "a number above 0");
    request->time_limit_ms = json_integer_value(limit);
    if (!request->id)
        return wrong(failure, "id", "there");
    if (!rj_archive_is_safe_segment(request->id))
        return wrong(failure, "id", "fit to be the name of a folder");
    if (request->log_path && !craft_is_absolute(request->log_path))
        return wrong(failure, "log_path", "absolute");
    return RJ_OK;
}

static rj_status read_members(craft_request *request, rj_failure *failure)
{
    const struct {
        const char *name;
        const char **text;
    } texts[] = {
        {"id", &request->id},     {"version", &request->version}, {"location", &request->location},
        {"hash", &request->hash}, {"args", &request->args},       {"log_path", &request->log_path}};
    rj_status status = RJ_OK;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == RJ_OK; i++)
        status = text_member(request->document, texts[i].name, texts[i].text, failure);
    if (status == RJ_OK)
        status = read_rest(request, failure);
    if (status == RJ_OK)
        status = read_fetched(request, failure);
    if (status == RJ_OK)
        status = read_arguments(request, failure);
    if (status == RJ_OK)
        status = read_environment(request, failure);
    return status;
}

rj_status craft_request_parse(const char *json, craft_request *ret_request, rj_failure *failure)
{
    craft_request request = {.args = ""};
    json_error_t error;
    rj_status status;

    request.document = json_loads(json, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(request.document)) {
        json_decref(request.document);
        return rj_fail(failure, RJ_E_INVALID, "package request: not a JSON object: %s", error.text);
    }
    status = read_members(&request, failure);
    if (status != RJ_OK) {
        craft_request_free(&request);
        return status;
    }
    *ret_request = request;
    return RJ_OK;
}

void craft_request_free(craft_request *request)
{
    json_decref(request->document);
    free(request->arguments);
    free(request->environment);
    free(request->environment_text);
    *request = (craft_request){0};
}
