/* SPDX-License-Identifier: MIT */
/*
 * Errors and warnings of a policy document, and the walk over an object's members.
 *
 * Texts from the document are shown escaped and cut: they come from outside.
 */
#include "engine/policy_reader.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define POINTER_SHOWN 200
#define VALUE_SHOWN 48
#define WARNING_SHOWN 512

static void print_pointer(rj_text *text, const rj_policy_path *path)
{
    if (!path)
        return;
    print_pointer(text, path->parent);
    if (!path->key) {
        rj_text_addf(text, "/%zu", path->index);
        return;
    }
    rj_text_add(text, "/");
    for (const char *at = path->key; *at; at++) {
        if (*at == '~')
            rj_text_add(text, "~0");
        else if (*at == '/')
            rj_text_add(text, "~1");
        else
            rj_text_append(text, at, 1);
    }
}

/* "/" for the root, so that a reader sees that a place is meant. */
static void show_pointer(const rj_policy_path *path, char ret_text[POINTER_SHOWN])
{
    rj_text text = RJ_TEXT_EMPTY;
    print_pointer(&text, path);
    if (rj_text_failed(&text) || !text.length)
        rj_text_to_line(ret_text, POINTER_SHOWN, "/", 1);
    else
        rj_text_to_line(ret_text, POINTER_SHOWN, text.bytes, text.length);
    rj_text_free(&text);
}

static void show_value(const json_t *value, char *ret_text, size_t size)
{
    char text[VALUE_SHOWN];
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        rj_text_to_line(text, sizeof(text), json_string_value(value), json_string_length(value));
        snprintf(ret_text, size, "the string \"%s\"", text);
        break;
    case JSON_INTEGER:
        snprintf(ret_text, size, "the number %lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        snprintf(ret_text, size, "the number %g", json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(ret_text, size, "%s", json_is_true(value) ? "true" : "false");
        break;
    case JSON_OBJECT:
        snprintf(ret_text, size, "an object");
        break;
    case JSON_ARRAY:
        snprintf(ret_text, size, "an array");
        break;
    default:
        snprintf(ret_text, size, value ? "null" : "nothing");
        break;
    }
}

rj_status rj_policy_refuse(rj_policy_reader *reader, rj_status status, const rj_policy_path *path,
                           const char *format, ...)
{
    char pointer[POINTER_SHOWN], text[WARNING_SHOWN];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    show_pointer(path, pointer);
    return rj_fail(reader->err, status, "%s: %s: %s", reader->document->name, pointer, text);
}

rj_status rj_policy_unexpected(rj_policy_reader *reader, const rj_policy_path *path,
                               const json_t *found, const char *expected)
{
    char value[VALUE_SHOWN + 32];
    show_value(found, value, sizeof(value));
    return rj_policy_refuse(reader, RJ_E_INVALID, path, "expected %s, found %s", expected, value);
}

rj_status rj_policy_no_memory(rj_policy_reader *reader)
{
    return rj_fail_memory(reader->err, "reading the policy");
}

rj_status rj_policy_warn(rj_policy_reader *reader, const rj_policy_path *path, const char *format,
                         ...)
{
    rj_policy *policy = &reader->whole->policy;
    if (policy->warning_count == RJ_POLICY_MAX_WARNINGS) {
        reader->warnings_dropped++;
        return RJ_OK;
    }

    char pointer[POINTER_SHOWN], text[WARNING_SHOWN], whole[POINTER_SHOWN + 2 * WARNING_SHOWN];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    show_pointer(path, pointer);
    snprintf(whole, sizeof(whole), "%s: %s: %s", reader->document->name, pointer, text);

    char *copy = rj_arena_strdup(&reader->whole->arena, whole);
    if (!copy)
        return rj_policy_no_memory(reader);
    policy->warnings[policy->warning_count++] = copy;
    return RJ_OK;
}

rj_status rj_policy_note_key(rj_policy_reader *reader, const rj_policy_key *key,
                             const rj_policy_path *path)
{
    if (!key)
        return rj_policy_warn(reader, path, "unknown key, ignored");
    if (key->use == RJ_USE_NONE)
        return rj_policy_warn(reader, path, "this key has no effect in this agent");
    return RJ_OK;
}

rj_status rj_policy_members(rj_policy_reader *reader, const rj_policy_shape *shape,
                            const rj_policy_path *path, json_t *object, rj_policy_take take,
                            void *data)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        const rj_policy_path member = {.parent = path, .key = name};
        const rj_policy_key *key = rj_policy_key_find(shape, name, strlen(name));
        rj_status status = key && key->use == RJ_USE_EFFECT
                               ? take(reader, key, &member, value, data)
                               : rj_policy_note_key(reader, key, &member);
        if (status != RJ_OK)
            return status;
    }
    return RJ_OK;
}
