/* SPDX-License-Identifier: MIT */
/* The request document: see nuget_request.h. */
#include "nuget_request.h"

#include "cache.h"
#include "nuget_system.h"
#include "package_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rj_status wrong(rj_failure *failure, const char *member, const char *expected)
{
    return rj_fail(failure, RJ_E_INVALID, "request: \"%s\" %s", member, expected);
}

/* A text member: NULL if it is absent. */
static rj_status text_member(const json_t *document, const char *name, const char **ret_text,
                             rj_failure *failure)
{
    const json_t *value = json_object_get(document, name);
    if (value && !json_is_string(value))
        return wrong(failure, name, "is not a string");
    *ret_text = json_string_value(value);
    return RJ_OK;
}

/* A list of texts, `first` places free in front, NULL-terminated. */
static rj_status list_member(const json_t *document, const char *name, size_t first,
                             const char ***ret_list, size_t *ret_count, rj_failure *failure)
{
    const json_t *value = json_object_get(document, name);
    size_t count = json_array_size(value);
    if (value && !json_is_array(value))
        return wrong(failure, name, "is not a list");
    const char **list = calloc(first + count + 1, sizeof(*list));
    if (!list)
        return rj_fail_memory(failure);
    for (size_t i = 0; i < count; i++) {
        list[first + i] = json_string_value(json_array_get(value, i));
        if (!list[first + i]) {
            free(list);
            return wrong(failure, name, "holds something that is not a string");
        }
    }
    *ret_list = list;
    *ret_count = count;
    return RJ_OK;
}

static rj_status parse_version(nuget_request *r, rj_failure *failure)
{
    if (!r->version_text)
        return RJ_OK;
    if (strchr(r->version_text, '*')) {
        if (rj_range_parse(r->version_text, 1, &r->version))
            return RJ_OK;
    } else if (rj_version_parse(r->version_text, &r->version.min) &&
               rj_version_parse(r->version_text, &r->version.max)) {
        r->version.min_inclusive = r->version.max_inclusive = 1;
        return RJ_OK;
    }
    return rj_fail(failure, RJ_E_INVALID, "request: \"version\" '%.100s' is not a version",
                   r->version_text);
}

static rj_status parse_fetched(nuget_request *r, rj_failure *failure)
{
    const json_t *fetched = json_object_get(r->document, "fetched");
    const json_t *packages = json_object_get(fetched, "packages");
    if (!fetched)
        return RJ_OK;
    r->fetched_count = json_array_size(packages);
    r->fetched = calloc(r->fetched_count + 1, sizeof(*r->fetched));
    if (!r->fetched)
        return rj_fail_memory(failure);
    for (size_t i = 0; i < r->fetched_count; i++) {
        const json_t *package = json_array_get(packages, i);
        nuget_fetched *f = &r->fetched[i];
        f->id = json_string_value(json_object_get(package, "id"));
        f->version = json_string_value(json_object_get(package, "version"));
        f->sha256 = json_string_value(json_object_get(package, "sha256"));
        if (!f->id || !f->version || !f->sha256 || rj_id_problem(f->id) ||
            rj_sha256_problem(f->sha256))
            return wrong(failure, "fetched", "is not the result of a fetch");
    }
    if (r->fetched_count == 0)
        return wrong(failure, "fetched", "names no package");
    return RJ_OK;
}

static rj_status parse_members(nuget_request *r, rj_failure *failure)
{
    static const char *const names[] = {"id",      "package",  "version", "hash",
                                        "lib_dir", "log_path", "args"};
    const char *id = NULL;
    const char **const targets[] = {&id,         &r->package,  &r->version_text, &r->hash,
                                    &r->lib_dir, &r->log_path, &r->args};
    rj_status status = RJ_OK;
    size_t count;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && status == RJ_OK; i++)
        status = text_member(r->document, names[i], targets[i], failure);
    if (status != RJ_OK)
        return status;
    if (!r->package)
        r->package = id;
    if (!r->package)
        return wrong(failure, "id", "is missing");
    if (rj_id_problem(r->package))
        return rj_fail(failure, RJ_E_INVALID, "'%.120s' is not the id of a package: %s", r->package,
                       rj_id_problem(r->package));
    if (!r->lib_dir || !nuget_is_absolute(r->lib_dir))
        return wrong(failure, "lib_dir", "is not an absolute path");
    if (r->log_path && !nuget_is_absolute(r->log_path))
        return wrong(failure, "log_path", "is not an absolute path");
    if (r->hash && rj_sha256_problem(r->hash))
        return wrong(failure, "hash", rj_sha256_problem(r->hash));
    if (!r->args)
        r->args = "";
    r->time_limit_ms = json_integer_value(json_object_get(r->document, "time_limit_ms"));
    r->allow_downgrade = json_is_true(json_object_get(r->document, "allow_downgrade"));
    status = list_member(r->document, "arguments", 1, &r->arguments, &count, failure);
    if (status == RJ_OK)
        status = list_member(r->document, "sources", 0, &r->sources, &r->source_count, failure);
    for (size_t i = 0; i < r->source_count && status == RJ_OK; i++)
        if (!nuget_is_absolute(r->sources[i]))
            status = wrong(failure, "sources", "holds a path that is not absolute");
    return status;
}

rj_status nuget_request_parse(const char *json, nuget_request *ret_request, rj_failure *failure)
{
    nuget_request r = {0};
    json_error_t error;
    r.document = json_loads(json, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(r.document)) {
        rj_fail(failure, RJ_E_INVALID, "request is not a JSON object: %s", error.text);
        json_decref(r.document);
        return RJ_E_INVALID;
    }
    rj_status status = parse_members(&r, failure);
    if (status == RJ_OK)
        status = parse_version(&r, failure);
    if (status == RJ_OK)
        status = parse_fetched(&r, failure);
    if (status != RJ_OK) {
        nuget_request_clear(&r);
        return status;
    }
    *ret_request = r;
    return RJ_OK;
}

void nuget_request_clear(nuget_request *request)
{
    rj_range_clear(&request->version);
    free(request->arguments);
    free(request->sources);
    free(request->fetched);
    json_decref(request->document);
    *request = (nuget_request){0};
}

/* Is "NAME=..." of this name in `more`? */
static int is_overridden(const char *name, const char *const *more)
{
    size_t length = strlen(name);
    for (; *more; more++)
        if (strncmp(*more, name, length) == 0 && (*more)[length] == '=')
            return 1;
    return 0;
}

char **nuget_request_environment(const nuget_request *request, const char *const *more)
{
    json_t *given = json_object_get(request->document, "environment");
    size_t count = json_object_size(given), bytes = 0, more_count = 0;
    const char *name;
    json_t *value;
    for (; more[more_count]; more_count++)
        bytes += strlen(more[more_count]) + 1;
    json_object_foreach(given, name, value) bytes += strlen(name) + json_string_length(value) + 2;
    char **list = malloc((count + more_count + 1) * sizeof(*list) + bytes);
    if (!list)
        return NULL;
    char *text = (char *)(list + count + more_count + 1), *end = text + bytes;
    size_t used = 0;
    json_object_foreach(given, name, value)
    {
        if (!json_is_string(value) || is_overridden(name, more))
            continue;
        list[used++] = text;
        text += snprintf(text, (size_t)(end - text), "%s=%s", name, json_string_value(value)) + 1;
    }
    for (size_t i = 0; i < more_count; i++) {
        list[used++] = text;
        text += snprintf(text, (size_t)(end - text), "%s", more[i]) + 1;
    }
    list[used] = NULL;
    return list;
}
