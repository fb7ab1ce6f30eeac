/* SPDX-License-Identifier: MIT */
/* Granted = asked for, narrowed by the policy; the narrower of two limits wins. */
#include "runtime/grant.h"

#include "base/alloc.h"
#include "platform/paths.h"

#include <string.h>

static size_t name_length(const char *capability)
{
    return strcspn(capability, ":");
}

static bool same_name(const char *a, const char *b)
{
    size_t length = name_length(a);
    return length == name_length(b) && strncmp(a, b, length) == 0;
}

typedef enum limit_kind {
    LIMIT_NONE,   /* takes no limit */
    LIMIT_FILE,   /* an absolute path, meant alone */
    LIMIT_FOLDER, /* an absolute path and all below it */
    LIMIT_WORD    /* one of a few words */
} limit_kind;

/* The capabilities there are, with the form of their limit. */
static const struct {
    const char *name;
    limit_kind kind;
} capabilities[] = {{"spawn", LIMIT_FILE},   {"read", LIMIT_FOLDER},   {"write", LIMIT_FOLDER},
                    {"network", LIMIT_WORD}, {"packages", LIMIT_NONE}, {"root", LIMIT_NONE},
                    {"secret", LIMIT_NONE}};

/* A drive's letter goes before; what another system calls a path is one here, too, that matches nothing. */
static bool is_path(const char *limit)
{
    if (*limit != '/' && rj_path_is_absolute(limit) && limit[1] == ':')
        limit += 2;
    if (*limit != '/')
        return false;
    while (*limit) {
        const char *name = limit + 1;
        size_t length = strcspn(name, "/");
        if (length == 0 || (length <= 2 && name[0] == '.' && (length == 1 || name[1] == '.')))
            return false;
        limit = name + length;
    }
    return true;
}

static bool is_network(const char *word)
{
    return strcmp(word, "internet") == 0 || strcmp(word, "local") == 0 ||
           strcmp(word, "netlink") == 0;
}

static limit_kind kind_of(const char *capability)
{
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
        if (same_name(capability, capabilities[i].name))
            return capabilities[i].kind;
    return LIMIT_NONE;
}

static bool is_known(const char *capability)
{
    const char *limit = strchr(capability, ':');
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++) {
        if (!same_name(capability, capabilities[i].name))
            continue;
        if (!limit)
            return true;
        if (capabilities[i].kind == LIMIT_WORD)
            return is_network(limit + 1);
        return capabilities[i].kind != LIMIT_NONE && is_path(limit + 1);
    }
    return false;
}

/* `limit` is what `folder` is, or below it. */
static bool is_within(const char *limit, const char *folder)
{
    return rj_path_equal(limit, folder) || rj_path_is_below(limit, folder);
}

/* What both allow: the narrower one, NULL if they have nothing in common. */
static const char *narrower(const char *a, const char *b)
{
    if (!same_name(a, b))
        return NULL;
    const char *limit_a = strchr(a, ':');
    const char *limit_b = strchr(b, ':');
    if (!limit_b || strcmp(a, b) == 0)
        return a;
    if (!limit_a)
        return b;
    limit_kind kind = kind_of(a);
    if (kind == LIMIT_FILE && rj_path_equal(limit_a + 1, limit_b + 1))
        return a;
    if (kind != LIMIT_FOLDER)
        return NULL;
    return is_within(limit_a + 1, limit_b + 1) ? a : is_within(limit_b + 1, limit_a + 1) ? b : NULL;
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
        whole |= both && (both == asked || strcmp(both, asked) == 0);
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

bool rj_grants_whole(const rj_grants *grants, const char *name)
{
    for (char **at = grants->granted; at && *at; at++)
        if (strcmp(*at, name) == 0)
            return true;
    return false;
}

bool rj_grants_allow(const rj_grants *grants, const char *name, const char *argument)
{
    for (char **at = grants->granted; at && *at; at++) {
        if (!same_name(*at, name))
            continue;
        const char *limit = strchr(*at, ':');
        limit_kind kind = kind_of(name);
        if (!limit || (kind == LIMIT_FILE && rj_path_equal(limit + 1, argument)) ||
            (kind == LIMIT_FOLDER && is_within(argument, limit + 1)) ||
            strcmp(limit + 1, argument) == 0)
            return true;
    }
    return false;
}
