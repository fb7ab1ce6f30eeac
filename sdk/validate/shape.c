/* SPDX-License-Identifier: MIT */
/* One table of members for each document; members that are not known are ignored. */
#include "shape.h"

#include "runtime/runtime.h"

#include <stdio.h>
#include <string.h>

typedef enum form { TEXT, FILLED_TEXT, FLAG, NUMBER, COUNT, TEXTS, SHA256, STATE, OUTCOME } form;

typedef struct member {
    const char *name;
    form form;
    bool needed;
} member;

static const char *const form_words[] = {"a text",
                                         "a text that is not empty",
                                         "true or false",
                                         "a whole number",
                                         "a whole number from 0",
                                         "a list of texts",
                                         "64 lower-case hexadecimal digits",
                                         "ok, not-met, unknown or not-applicable",
                                         "nothing, finished or rolled-back"};

static bool is_one_of(const json_t *value, const char *const *words)
{
    const char *text = json_string_value(value);
    for (; text && *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool is_list_of_texts(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return json_is_array(value);
}

static bool has_form(const json_t *value, form wanted)
{
    static const char *const states[] = {"ok", "not-met", "unknown", "not-applicable", NULL};
    static const char *const outcomes[] = {"nothing", "finished", "rolled-back", NULL};
    switch (wanted) {
    case TEXT:
        return json_is_string(value);
    case FILLED_TEXT:
        return json_string_length(value) > 0;
    case FLAG:
        return json_is_boolean(value);
    case NUMBER:
        return json_is_integer(value);
    case COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case TEXTS:
        return is_list_of_texts(value);
    case SHA256:
        return json_string_length(value) == 64 &&
               strspn(json_string_value(value), "0123456789abcdef") == 64;
    case STATE:
        return is_one_of(value, states);
    case OUTCOME:
        return is_one_of(value, outcomes);
    }
    return false;
}

static bool check_members(const char *place, const json_t *object, const member *members,
                          size_t count, bool whole, char *ret_problem, size_t size)
{
    if (!json_is_object(object)) {
        snprintf(ret_problem, size, "%s: expected an object", *place ? place : "the document");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, members[i].name);
        if (!value && !(members[i].needed && whole))
            continue;
        if (value && has_form(value, members[i].form))
            continue;
        char *found = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        snprintf(ret_problem, size, "%s/%s: expected %s, found %.120s", place, members[i].name,
                 form_words[members[i].form], found ? found : "nothing");
        free(found);
        return false;
    }
    return true;
}

#define MEMBERS(TABLE) TABLE, sizeof TABLE / sizeof TABLE[0]

static bool check_list(const char *name, const json_t *list, const member *members, size_t count,
                       char *ret_problem, size_t size)
{
    if (!json_is_array(list)) {
        snprintf(ret_problem, size, "/%s: expected a list", name);
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        char place[64];
        snprintf(place, sizeof place, "/%s/%zu", name, i);
        if (!check_members(place, json_array_get(list, i), members, count, true, ret_problem, size))
            return false;
    }
    return true;
}

static bool check_of_check(const json_t *result, char *ret_problem, size_t size)
{
    static const member members[] = {
        {"state", STATE, true}, {"summary", FILLED_TEXT, true}, {"remedy", FILLED_TEXT, false}};
    static const member evidence[] = {
        {"source", FILLED_TEXT, true}, {"found", TEXT, true}, {"means", FILLED_TEXT, true}};
    if (!check_members("", result, MEMBERS(members), true, ret_problem, size) ||
        !check_list("evidence", json_object_get(result, "evidence"), MEMBERS(evidence), ret_problem,
                    size))
        return false;
    const char *state = json_string_value(json_object_get(result, "state"));
    if (json_object_get(result, "remedy") && strcmp(state, "not-met") != 0) {
        snprintf(ret_problem, size, "/remedy: expected with \"not-met\" only, found with \"%s\"",
                 state);
        return false;
    }
    return true;
}

bool rj_shape_check(int verb, const json_t *result, bool whole, char *ret_problem, size_t size)
{
    static const member detect[] = {
        {"installed", FLAG, true}, {"version", FILLED_TEXT, false}, {"detail", TEXT, false}};
    static const member fetch[] = {{"version", FILLED_TEXT, true},
                                   {"path", FILLED_TEXT, true},
                                   {"sha256", SHA256, true},
                                   {"bytes", COUNT, true},
                                   {"plan", TEXTS, false}};
    static const member install[] = {{"restart", FLAG, true},      {"version", FILLED_TEXT, false},
                                     {"exit_code", NUMBER, false}, {"files", COUNT, false},
                                     {"output", TEXT, false},      {"certain", FLAG, false}};
    static const member uninstall[] = {{"restart", FLAG, true}, {"exit_code", NUMBER, false},
                                       {"files", COUNT, false}, {"left", TEXTS, false},
                                       {"output", TEXT, false}, {"certain", FLAG, false}};
    static const member recover[] = {
        {"outcome", OUTCOME, true}, {"certain", FLAG, false}, {"detail", TEXT, false}};
    static const member also[] = {{"package", TEXT, true}, {"version", TEXT, true}};
    switch (verb) {
    case RJ_PACKAGE_DETECT:
        return check_members("", result, MEMBERS(detect), whole, ret_problem, size);
    case RJ_PACKAGE_FETCH:
        return check_members("", result, MEMBERS(fetch), whole, ret_problem, size);
    case RJ_PACKAGE_INSTALL:
        return check_members("", result, MEMBERS(install), whole, ret_problem, size) &&
               (!json_object_get(result, "also") ||
                check_list("also", json_object_get(result, "also"), MEMBERS(also), ret_problem,
                           size));
    case RJ_PACKAGE_UNINSTALL:
        return check_members("", result, MEMBERS(uninstall), whole, ret_problem, size);
    case RJ_PACKAGE_RECOVER:
        return check_members("", result, MEMBERS(recover), whole, ret_problem, size);
    default:
        return check_of_check(result, ret_problem, size);
    }
}
