/* SPDX-License-Identifier: MIT */
/* Granted = asked for, narrowed by the policy; the narrower of two limits wins. */
#include "runtime/grant.h"

#include "base/alloc.h"

#include <string.h>

/* The capabilities there are, with the form of their limit. */
static bool is_known(const char *capability)
{
    if (strcmp(capability, "spawn") == 0)
        return true;
    if (strncmp(capability, "spawn:/", 7) != 0)
        return false;
    for (const char *at = capability + 6; *at;) {
        size_t length = strcspn(at + 1, "/");
        const char *name = at + 1;
        if (length == 0 || (length <= 2 && name[0] == '.' && (length == 1 || name[1] == '.')))
            return false;
        at += length + 1;
    }
    return true;
}

static size_t name_length(const char *capability)
{
    return strcspn(capability, ":");
}

static bool same_name(const char *a, const char *b)
{
    size_t length = name_length(a);
    return length == name_length(b) && strncmp(a, b, length) == 0;
}

/* What both allow: the narrower one, NULL if they have nothing in common. */
static const char *narrower(const char *a, const char *b)
{
    if (!same_name(a, b))
        return NULL;
    if (!strchr(b, ':') || strcmp(a, b) == 0)
        return a;
    return strchr(a, ':') ? NULL : b;
}

static bool add(char **list, size_t *count, const char *text)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    list[*count] = rj_strdup(text);
    if (!list[*count])
        return false;
    (*count)++;
    return true;
}

/* One asked capability against everything granted; false: out of memory. */
static bool grant_one(const char *asked, const json_t *policy, bool trusted, rj_grants *grants,
                      size_t *granted, size_t *refused)
{
    bool whole = false;
    if (is_known(asked) && !policy && trusted) {
        whole = true;
        if (!add(grants->granted, granted, asked))
            return false;
    }
    for (size_t i = 0; i < json_array_size(policy) && is_known(asked); i++) {
        const char *given = json_string_value(json_array_get(policy, i));
        const char *both = given && is_known(given) ? narrower(asked, given) : NULL;
        if (both && !add(grants->granted, granted, both))
            return false;
        whole |= both && strcmp(both, asked) == 0;
    }
    return whole || add(grants->refused, refused, asked);
}

rj_status rj_grants_make(const char *const *asked, const json_t *policy, bool trusted,
                         rj_grants *ret_grants, rj_error *err)
{
    size_t count = 0;
    while (asked[count])
        count++;
    size_t most = count * (json_array_size(policy) + 1) + 1;
    rj_grants grants = {rj_calloc(most, sizeof(char *)), rj_calloc(count + 1, sizeof(char *))};
    size_t granted = 0;
    size_t refused = 0;
    bool good = grants.granted && grants.refused;
    for (size_t i = 0; i < count && good; i++)
        good = grant_one(asked[i], policy, trusted, &grants, &granted, &refused);
    if (!good) {
        rj_grants_free(&grants);
        return rj_fail_memory(err, "granting capabilities");
    }
    *ret_grants = grants;
    return RJ_OK;
}

void rj_grants_free(rj_grants *grants)
{
    for (char **at = grants->granted; at && *at; at++)
        rj_free(*at);
    for (char **at = grants->refused; at && *at; at++)
        rj_free(*at);
    rj_free(grants->granted);
    rj_free(grants->refused);
    *grants = (rj_grants){NULL, NULL};
}

bool rj_grants_any(const rj_grants *grants, const char *name)
{
    for (char **at = grants->granted; at && *at; at++)
        if (same_name(*at, name))
            return true;
    return false;
}

bool rj_grants_allow(const rj_grants *grants, const char *name, const char *argument)
{
    for (char **at = grants->granted; at && *at; at++) {
        if (!same_name(*at, name))
            continue;
        const char *limit = strchr(*at, ':');
        if (!limit || strcmp(limit + 1, argument) == 0)
            return true;
    }
    return false;
}
