/* SPDX-License-Identifier: MIT */
/* The set of the agent's paths; where they are is paths_posix.c and paths_win32.c. */
#include "platform/paths_system.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/system.h"

#include <string.h>

/* ---- Building -------------------------------------------------------------------------------- */

static rj_status take_override(const char *what, const char *value, char **target, rj_error *err)
{
    if (rj_system_is_installed_service())
        return rj_fail(err, RJ_E_DENIED, "%s is refused for an installed service", what);
    char *path = NULL;
    rj_status status = rj_paths_plain(value, &path);
    if (status == RJ_E_NO_MEMORY)
        return rj_fail_memory(err, "finding the agent's folders");
    if (status)
        return rj_fail(err, RJ_E_INVALID, "%s \"%s\": give %s", what, value, rj_paths_plain_rule);
    rj_free(*target);
    *target = path;
    return RJ_OK;
}

rj_status rj_paths_new(rj_role role, const char *root, const char *plugins, rj_paths **ret_paths,
                       rj_error *err)
{
    rj_paths *p = rj_calloc(1, sizeof *p);
    if (!p)
        return rj_fail_memory(err, "finding the agent's folders");
    rj_status status = RJ_OK;
    if (root && *root)
        status = take_override("--root", root, &p->root, err);
    else if (!(p->root = rj_strdup("")))
        status = rj_fail_memory(err, "finding the agent's folders");
    if (!status)
        status = rj_paths_set_machine(p, err);
    if (!status && plugins && *plugins)
        status = take_override("the folder of plugins", plugins, &p->path[RJ_PATH_PLUGINS], err);
    if (!status && role == RJ_ROLE_SESSION)
        status = rj_paths_set_user(p, err);
    if (status) {
        rj_paths_free(p);
        return status;
    }
    rj_paths_made(p);
    *ret_paths = p;
    return RJ_OK;
}

void rj_paths_free(rj_paths *paths)
{
    if (!paths)
        return;
    rj_free(paths->root);
    for (int kind = 0; kind < RJ_PATH_COUNT; kind++)
        rj_free(paths->path[kind]);
    rj_free(paths);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

const char *rj_paths_root(const rj_paths *paths)
{
    return paths->root;
}

const char *rj_path(const rj_paths *paths, rj_path_kind kind)
{
    return paths->path[kind];
}

rj_status rj_path_join(const char *directory, const char *name, char **ret_path, rj_error *err)
{
    bool bad = !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    for (const unsigned char *c = (const unsigned char *)name; *c && !bad; c++)
        bad = *c < 0x20 || *c == 0x7f || strchr(rj_paths_not_in_names, *c);
    if (bad) {
        char shown[80];
        rj_text_to_line(shown, sizeof shown, name, strlen(name));
        return rj_fail(err, RJ_E_INVALID, "\"%s\" cannot be the name of a file", shown);
    }
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_addf(&text, "%s/%s", directory, name);
    char *path = rj_text_take(&text);
    if (!path)
        return rj_fail_memory(err, "making a path");
    *ret_path = path;
    return RJ_OK;
}
