/* SPDX-License-Identifier: MIT */
/*
 * Strict parsing: a size check, then the scanner (json_scan.c), which finds every fault with its
 * place, and only then jansson.  What jansson still refuses is a real number beyond double, or memory.
 */
#include "base/json.h"

#include "base/alloc.h"
#include "base/json_scan.h"
#include "base/text.h"

rj_status rj_json_parse(const char *name, const char *bytes, size_t length,
                        const rj_json_limits *limits, json_t **ret_value, rj_error *err)
{
    if (length > limits->max_bytes)
        return rj_fail(err, RJ_E_LIMIT, "%s: %zu bytes long; at most %zu are accepted", name,
                       length, limits->max_bytes);
    rj_status status = rj_json_scan(name, bytes, length, limits, err);
    if (status)
        return status;
    json_error_t fault;
    json_t *value = json_loadb(bytes, length, JSON_DECODE_ANY, &fault);
    if (!value) {
        if (json_error_code(&fault) == json_error_numeric_overflow)
            return rj_fail(err, RJ_E_INVALID, "%s: line %d, column %d: a number that is too large",
                           name, fault.line, fault.column);
        return rj_fail_memory(err, "reading JSON");
    }
    *ret_value = value;
    return RJ_OK;
}

json_t *rj_json_get(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (value || !json_is_object(object))
        return value;
    void *at = json_object_iter((json_t *)(uintptr_t)object);
    for (; at; at = json_object_iter_next((json_t *)(uintptr_t)object, at))
        if (rj_ascii_casecmp(json_object_iter_key(at), key) == 0)
            return json_object_iter_value(at);
    return NULL;
}

bool rj_json_read_bool(const json_t *value, bool *ret_value)
{
    const char *text = json_string_value(value);
    if (json_is_boolean(value))
        *ret_value = json_is_true(value);
    else if (text && rj_ascii_casecmp(text, "true") == 0)
        *ret_value = true;
    else if (text && rj_ascii_casecmp(text, "false") == 0)
        *ret_value = false;
    else
        return false;
    return true;
}

bool rj_json_is_string_list(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return json_is_array(value);
}

static int append_piece(const char *bytes, size_t length, void *data)
{
    rj_text *text = data;
    rj_text_append(text, bytes, length);
    return text->failed ? -1 : 0;
}

char *rj_json_print(const json_t *value, size_t *ret_length)
{
    rj_text text = RJ_TEXT_EMPTY;
    if (json_dump_callback(value, append_piece, &text, JSON_COMPACT | JSON_ENCODE_ANY) != 0) {
        rj_text_free(&text);
        return NULL;
    }
    size_t length = text.length;
    char *bytes = rj_text_take(&text);
    if (bytes && ret_length)
        *ret_length = length;
    return bytes;
}

void rj_json_use_base_alloc(void)
{
    json_set_alloc_funcs(rj_malloc, rj_free);
}
