/* SPDX-License-Identifier: MIT */
/* Typed values of a policy document.  JSON null means "not given" everywhere but in enforcement. */
#include "engine/policy_reader.h"

#include "base/json.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define DAY_SECONDS 86400

/* Line breaks and tabs are fine in a long text; nothing else below the blank is fine anywhere. */
static bool has_control(const char *text, size_t length, bool long_text)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool blank = c == '\t' || c == '\n' || c == '\r';
        if ((c < 0x20 && !(long_text && blank)) || c == 0x7f)
            return true;
    }
    return false;
}

rj_status rj_policy_string(rj_policy_reader *reader, const rj_policy_path *path,
                           const json_t *value, rj_policy_kind kind, const char **ret_text)
{
    if (json_is_null(value))
        return RJ_OK;
    if (!json_is_string(value))
        return rj_policy_unexpected(reader, path, value, "a string");

    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    size_t most = kind == RJ_KIND_TEXT ? RJ_POLICY_MAX_TEXT : RJ_POLICY_MAX_STRING;
    if (length > most)
        return rj_policy_refuse(reader, RJ_E_LIMIT, path,
                                "the string has %zu bytes, at most %zu are accepted", length, most);
    if (strlen(text) != length || has_control(text, length, kind == RJ_KIND_TEXT))
        return rj_policy_refuse(reader, RJ_E_INVALID, path, "the string holds a control character");

    char *copy = rj_arena_strndup(&reader->whole->arena, text, length);
    if (!copy)
        return rj_policy_no_memory(reader);
    *ret_text = copy;
    return RJ_OK;
}

rj_status rj_policy_boolean(rj_policy_reader *reader, const rj_policy_path *path,
                            const json_t *value, bool *ret_value)
{
    if (json_is_null(value) || rj_json_read_bool(value, ret_value))
        return RJ_OK;
    return rj_policy_unexpected(reader, path, value, "true or false");
}

rj_status rj_policy_enforcement_value(rj_policy_reader *reader, const rj_policy_path *path,
                                      const json_t *value, rj_enforcement *ret_value)
{
    bool enforce;
    if (json_is_null(value))
        *ret_value = RJ_RECOMMEND;
    else if (rj_json_read_bool(value, &enforce))
        *ret_value = enforce ? RJ_ENFORCE : RJ_SKIP;
    else
        return rj_policy_unexpected(reader, path, value,
                                    "true (enforced), null (recommended) or false (skipped)");
    return RJ_OK;
}

rj_status rj_policy_integer(rj_policy_reader *reader, const rj_policy_path *path,
                            const json_t *value, int32_t *ret_value)
{
    if (json_is_null(value))
        return RJ_OK;
    if (!json_is_integer(value))
        return rj_policy_unexpected(reader, path, value, "an integer");
    json_int_t number = json_integer_value(value);
    if (number < INT32_MIN || number > INT32_MAX)
        return rj_policy_unexpected(reader, path, value, "an integer of 32 bits");
    *ret_value = (int32_t)number;
    return RJ_OK;
}

/* `digits` at most; the text moves behind them. */
static bool read_number(const char **at, int digits, int64_t *ret_number)
{
    int64_t number = 0;
    const char *start = *at;
    while (**at >= '0' && **at <= '9' && *at - start < digits)
        number = number * 10 + (*(*at)++ - '0');
    *ret_number = number;
    return *at > start;
}

/* [d.]HH:mm[:ss] */
static bool read_timespan(const char *text, int64_t *ret_seconds)
{
    int64_t days = 0, hours, minutes, seconds = 0;
    const char *at = text;
    if (!read_number(&at, 4, &hours))
        return false;
    if (*at == '.') {
        days = hours;
        at++;
        if (!read_number(&at, 2, &hours))
            return false;
    }
    if (*at++ != ':' || !read_number(&at, 2, &minutes))
        return false;
    if (*at == ':') {
        at++;
        if (!read_number(&at, 2, &seconds))
            return false;
    }
    if (*at || hours > 23 || minutes > 59 || seconds > 59)
        return false;
    *ret_seconds = days * DAY_SECONDS + hours * 3600 + minutes * 60 + seconds;
    return true;
}

static void show_timespan(int64_t ms, char *ret_text, size_t size)
{
    int64_t seconds = ms / 1000, days = seconds / DAY_SECONDS;
    int used = days ? snprintf(ret_text, size, "%" PRId64 ".", days) : 0;
    seconds %= DAY_SECONDS;
    snprintf(ret_text + used, size - (size_t)used, "%02" PRId64 ":%02" PRId64 ":%02" PRId64,
             seconds / 3600, seconds / 60 % 60, seconds % 60);
}

rj_status rj_policy_timespan(rj_policy_reader *reader, const rj_policy_path *path,
                             const json_t *value, int64_t least_ms, int64_t most_ms,
                             int64_t *ret_ms)
{
    int64_t seconds;
    if (json_is_null(value))
        return RJ_OK;
    if (!json_is_string(value) || !read_timespan(json_string_value(value), &seconds))
        return rj_policy_unexpected(
            reader, path, value,
            "a time span \"[d.]HH:mm[:ss]\" with at most 23 hours, 59 minutes "
            "and 59 seconds");
    if (seconds * 1000 < least_ms || seconds * 1000 > most_ms) {
        char least[32], most[32], expected[96];
        show_timespan(least_ms, least, sizeof(least));
        show_timespan(most_ms, most, sizeof(most));
        snprintf(expected, sizeof(expected), "a time span from %s to %s", least, most);
        return rj_policy_unexpected(reader, path, value, expected);
    }
    *ret_ms = seconds * 1000;
    return RJ_OK;
}
