/* SPDX-License-Identifier: MIT */
/*
 * Lines and JSON-RPC messages, see message.h.
 *
 * Reading never looks further than a line allows; whatever is not exactly a request, notification,
 * result or error of JSON-RPC 2.0 gets a code and a sentence.  Formatting writes straight into the
 * text that is sent, without an envelope object.
 */
#include "ipc/message.h"
#include "base/alloc.h"
#include <string.h>

/* A buffer larger than this is given back once its line was complete. */
#define KEEP_CAPACITY ((size_t)4096)

/* ---- Lines ----------------------------------------------------------------------------------- */

static rj_status fail_too_long(rj_error *err)
{
    return rj_fail(err, RJ_E_LIMIT, "a message is longer than %zu bytes; send less at once",
                   RJ_MESSAGE_MAX);
}

static rj_status keep(rj_lines *lines, const char *bytes, size_t length, rj_error *err)
{
    if (length == 0)
        return RJ_OK;
    if (length > RJ_MESSAGE_MAX - lines->length)
        return fail_too_long(err);
    size_t need = lines->length + length;
    if (need > lines->capacity) {
        size_t capacity = lines->capacity ? lines->capacity : 256;
        while (capacity < need)
            capacity *= 2;
        char *grown = rj_realloc(lines->bytes, capacity);
        if (!grown)
            return rj_fail_memory(err, "reading a message");
        lines->bytes = grown;
        lines->capacity = capacity;
    }
    memcpy(lines->bytes + lines->length, bytes, length);
    lines->length = need;
    return RJ_OK;
}

static void forget_line(rj_lines *lines)
{
    lines->length = 0;
    if (lines->capacity > KEEP_CAPACITY)
        rj_lines_free(lines);
}

rj_status rj_lines_feed(rj_lines *lines, const char *bytes, size_t length,
                        bool (*line)(void *data, const char *bytes, size_t length), void *data,
                        rj_error *err)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t part = end ? (size_t)(end - bytes) : length;
        bool go_on = true;
        if (!end || lines->length > 0) {
            rj_status status = keep(lines, bytes, part, err);
            if (status != RJ_OK)
                return status;
            if (!end)
                return RJ_OK;
            go_on = line(data, lines->bytes, lines->length);
            forget_line(lines);
        } else if (part > RJ_MESSAGE_MAX) {
            return fail_too_long(err);
        } else {
            go_on = line(data, bytes, part);
        }
        if (!go_on)
            return RJ_OK;
        bytes += part + 1;
        length -= part + 1;
    }
    return RJ_OK;
}

bool rj_lines_is_partial(const rj_lines *lines)
{
    return lines->length > 0;
}

void rj_lines_free(rj_lines *lines)
{
    rj_free(lines->bytes);
    *lines = (rj_lines){0};
}

/* ---- Parsing --------------------------------------------------------------------------------- */

static bool id_is_valid(const json_t *id)
{
    return json_is_integer(id) ||
           (json_is_string(id) && json_string_length(id) <= RJ_MESSAGE_ID_MAX);
}

static int refuse(rj_error *err, const char *text)
{
    rj_fail(err, RJ_E_INVALID, "not a JSON-RPC 2.0 message: %s", text);
    return RJ_CODE_REQUEST;
}

static int read_call(rj_message *message, rj_error *err)
{
    json_t *method = json_object_get(message->document, "method");
    message->params = json_object_get(message->document, "params");
    if (!json_is_string(method))
        return refuse(err, "\"method\" is no text");
    if (message->params && !json_is_object(message->params))
        return refuse(err, "\"params\" is no object");
    message->method = json_string_value(method);
    message->kind = message->id ? RJ_MESSAGE_REQUEST : RJ_MESSAGE_NOTIFICATION;
    return 0;
}

static int read_error(rj_message *message, const json_t *error, rj_error *err)
{
    const json_t *code = json_object_get(error, "code");
    const json_t *text = json_object_get(error, "message");
    if (!json_is_integer(code) || !json_is_string(text))
        return refuse(err, "\"error\" has no code and message");
    const json_t *data = json_object_get(error, "data");
    json_int_t value = json_integer_value(code);
    message->kind = RJ_MESSAGE_ERROR;
    message->code = value < INT32_MIN || value > INT32_MAX ? RJ_CODE_AGENT : (int)value;
    message->error_text = json_string_value(text);
    message->error_status = rj_status_of_name(json_string_value(json_object_get(data, "status")));
    message->correlation = json_string_value(json_object_get(data, "correlation"));
    return 0;
}

static int read_message(rj_message *message, rj_error *err)
{
    const json_t *document = message->document;
    if (!json_is_object(document))
        return refuse(err, "a message is one object (batches are not taken)");
    const char *version = json_string_value(json_object_get(document, "jsonrpc"));
    if (!version || strcmp(version, "2.0") != 0)
        return refuse(err, "\"jsonrpc\" is not \"2.0\"");
    json_t *id = json_object_get(document, "id");
    json_t *error = json_object_get(document, "error");
    if (json_is_null(id) && error)
        id = NULL;
    else if (id && !id_is_valid(id))
        return refuse(err, "\"id\" is neither an integer nor a short text");
    message->id = id;
    message->result = json_object_get(document, "result");
    bool is_call = json_object_get(document, "method") != NULL;
    if ((is_call ? 1 : 0) + (message->result ? 1 : 0) + (error ? 1 : 0) != 1)
        return refuse(err, "it has not exactly one of \"method\", \"result\" and \"error\"");
    if (is_call)
        return read_call(message, err);
    if (error)
        return read_error(message, error, err);
    if (!message->id)
        return refuse(err, "a result needs the id of its request");
    message->kind = RJ_MESSAGE_RESULT;
    return 0;
}

int rj_message_parse(const char *bytes, size_t length, rj_message *ret_message, rj_error *err)
{
    static const rj_json_limits limits = {RJ_MESSAGE_MAX, RJ_MESSAGE_DEPTH, false};
    rj_message message = {0};
    if (rj_json_parse("message", bytes, length, &limits, &message.document, err) != RJ_OK)
        return RJ_CODE_PARSE;
    int code = read_message(&message, err);
    if (code != 0) {
        rj_message_free(&message);
        return code;
    }
    *ret_message = message;
    return 0;
}

void rj_message_free(rj_message *message)
{
    json_decref(message->document);
    *message = (rj_message){0};
}

/* ---- Formatting ------------------------------------------------------------------------------ */

static int append(const char *bytes, size_t length, void *data)
{
    rj_text *text = data;
    rj_text_append(text, bytes, length);
    return rj_text_failed(text) ? -1 : 0;
}

static void add_value(rj_text *text, const json_t *value)
{
    if (!value)
        rj_text_add(text, "null");
    else if (json_dump_callback(value, append, text, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        text->failed = true;
}

static void add_string(rj_text *text, const char *value)
{
    json_t *string = json_string(value);
    if (string)
        add_value(text, string);
    else
        text->failed = true;
    json_decref(string);
}

/* Method names are the program's own: nothing to escape. */
static void add_call(rj_text *text, const char *method, const json_t *params)
{
    rj_text_add(text, "\"method\":\"");
    rj_text_add(text, method);
    rj_text_add(text, "\"");
    if (params) {
        rj_text_add(text, ",\"params\":");
        add_value(text, params);
    }
    rj_text_add(text, "}\n");
}

void rj_message_add_request(rj_text *text, int64_t id, const char *method, const json_t *params)
{
    rj_text_addf(text, "{\"jsonrpc\":\"2.0\",\"id\":%lld,", (long long)id);
    add_call(text, method, params);
}

void rj_message_add_notification(rj_text *text, const char *method, const json_t *params)
{
    rj_text_add(text, "{\"jsonrpc\":\"2.0\",");
    add_call(text, method, params);
}

void rj_message_add_result(rj_text *text, const json_t *id, const json_t *result)
{
    rj_text_add(text, "{\"jsonrpc\":\"2.0\",\"id\":");
    add_value(text, id);
    rj_text_add(text, ",\"result\":");
    add_value(text, result);
    rj_text_add(text, "}\n");
}

void rj_message_add_rendered(rj_text *text, const json_t *id, const rj_text *result)
{
    rj_text_add(text, "{\"jsonrpc\":\"2.0\",\"id\":");
    add_value(text, id);
    rj_text_add(text, ",\"result\":");
    rj_text_append(text, result->bytes, result->length);
    rj_text_add(text, "}\n");
}

void rj_message_add_error(rj_text *text, const json_t *id, int code, rj_status status,
                          const char *message, const char *correlation)
{
    rj_text_add(text, "{\"jsonrpc\":\"2.0\",\"id\":");
    add_value(text, id);
    rj_text_addf(text, ",\"error\":{\"code\":%d,\"message\":", code);
    add_string(text, message);
    if (code == RJ_CODE_AGENT) {
        rj_text_addf(text, ",\"data\":{\"status\":\"%s\"", rj_status_name(status));
        if (correlation && *correlation) {
            rj_text_add(text, ",\"correlation\":");
            add_string(text, correlation);
        }
        rj_text_add(text, "}");
    }
    rj_text_add(text, "}}\n");
}

void rj_message_add_event(rj_text *text, const char *topic, const json_t *document)
{
    rj_text_add(text, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"topic\":\"");
    rj_text_add(text, topic);
    rj_text_add(text, "\",\"document\":");
    add_value(text, document);
    rj_text_add(text, "}}\n");
}

rj_status rj_status_of_name(const char *name)
{
    for (rj_status status = RJ_OK; name && status >= RJ_E_EXISTS; status--) {
        if (strcmp(rj_status_name(status), name) == 0)
            return status;
    }
    return RJ_E_FAILED;
}
