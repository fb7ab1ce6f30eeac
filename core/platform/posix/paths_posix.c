/* SPDX-License-Identifier: MIT */
/* Where everything lives on Linux. */
#include "platform/paths_system.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/system.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char rj_paths_not_in_names[] = "/\\";
const char rj_paths_plain_rule[] = "an absolute path without \"..\"";

/* ---- Building -------------------------------------------------------------------------------- */

/* "<a><b>", replacing what is there; false: out of memory. */
static bool set(char **target, const char *a, const char *b)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, a);
    rj_text_add(&text, b);
    rj_free(*target); /* only now: `a` may be what is there */
    *target = rj_text_take(&text);
    return *target != NULL;
}

rj_status rj_paths_set_machine(rj_paths *p, rj_error *err)
{
    static const struct {
        rj_path_kind kind;
        const char *path;
    } places[] = {
        {RJ_PATH_PLUGINS, "/usr/lib/realmjoin/plugins"},
        {RJ_PATH_PLUGINS_3RD, "/opt/realmjoin/plugins"},
        {RJ_PATH_POLICY, "/etc/realmjoin/policy"},
        {RJ_PATH_PARAMETERS, "/etc/realmjoin/parameters.json"},
        {RJ_PATH_STATE, "/var/lib/realmjoin"},
        {RJ_PATH_PLUGIN_STATE, "/var/lib/realmjoin/plugins"},
        {RJ_PATH_CACHE, "/var/cache/realmjoin"},
        {RJ_PATH_LOG, "/var/log/realmjoin"},
        {RJ_PATH_PACKAGE_LOGS, "/var/log/realmjoin/packages"},
        {RJ_PATH_PACKAGE_LIB, "/var/lib/realmjoin/chocolatey/lib"},
        {RJ_PATH_RUN, "/run/realmjoin"},
        {RJ_PATH_SOCKET, "/run/realmjoin/agent.sock"},
        {RJ_PATH_WORKER, "/usr/libexec/realmjoin/realmjoin-worker"},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (!set(&p->path[places[i].kind], p->root, places[i].path))
            return rj_fail_memory(err, "finding the agent's folders");
    return RJ_OK;
}

/* The user's home: below the root if there is one, else $HOME, else what the system says. */
static bool set_home(const rj_paths *p, char **home)
{
    char name[64];
    if (*p->root) {
        rj_system_user_name(rj_system_uid(), name, sizeof name);
        for (char *c = name; *c; c++)
            if (*c == ' ' || *c == '/')
                *c = '-';
        return set(home, p->root, "/home/") && set(home, *home, name);
    }
    const char *variable = getenv("HOME");
    if (variable && rj_path_is_absolute(variable))
        return set(home, variable, "");
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[4096];
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found &&
        found->pw_dir && rj_path_is_absolute(found->pw_dir))
        return set(home, found->pw_dir, "");
    return set(home, "", "");
}

/* The folder a variable of the XDG base directory specification names; relative ones are ignored. */
static bool set_xdg(const rj_paths *p, const char *home, const char *variable, const char *fallback,
                    char **target)
{
    const char *value = *p->root ? NULL : getenv(variable);
    if (value && rj_path_is_absolute(value))
        return set(target, value, "/realmjoin");
    return set(target, home, fallback) && set(target, *target, "/realmjoin");
}

rj_status rj_paths_set_user(rj_paths *p, rj_error *err)
{
    char *home = NULL;
    char *data = NULL;
    rj_status status = RJ_OK;
    if (set_home(p, &home) && !*home)
        status = rj_fail(err, RJ_E_NOT_FOUND,
                         "the user running this has no home folder; set HOME to an absolute path");
    else if (!home ||
             !set_xdg(p, home, "XDG_STATE_HOME", "/.local/state", &p->path[RJ_PATH_STATE]) ||
             !set_xdg(p, home, "XDG_CACHE_HOME", "/.cache", &p->path[RJ_PATH_CACHE]) ||
             !set_xdg(p, home, "XDG_DATA_HOME", "/.local/share", &data) ||
             !set(&p->path[RJ_PATH_PLUGIN_STATE], p->path[RJ_PATH_STATE], "/plugins") ||
             !set(&p->path[RJ_PATH_LOG], p->path[RJ_PATH_STATE], "") ||
             !set(&p->path[RJ_PATH_PACKAGE_LOGS], p->path[RJ_PATH_LOG], "/packages") ||
             !set(&p->path[RJ_PATH_PACKAGE_LIB], data, "/chocolatey/lib"))
        status = rj_fail_memory(err, "finding the user's folders");
    rj_free(home);
    rj_free(data);
    return status;
}

rj_status rj_paths_plain(const char *value, char **ret_path)
{
    size_t length = strlen(value);
    while (length && value[length - 1] == '/')
        length--;
    bool bad = *value != '/';
    for (size_t at = 0; at < length && !bad;) {
        size_t name = strcspn(value + at + 1, "/");
        bad = name == 0 || (name == 1 && value[at + 1] == '.') ||
              (name == 2 && value[at + 1] == '.' && value[at + 2] == '.');
        at += name + 1;
    }
    if (bad)
        return RJ_E_INVALID;
    char *path = rj_strndup(value, length);
    if (!path)
        return RJ_E_NO_MEMORY;
    *ret_path = path;
    return RJ_OK;
}

void rj_paths_made(const rj_paths *paths)
{
    (void)paths; /* nothing here depends on them */
}

/* ---- Asking ---------------------------------------------------------------------------------- */

bool rj_path_is_absolute(const char *path)
{
    return *path == '/';
}

/* Without the slashes at the end. */
static size_t length_of(const char *path)
{
    size_t length = strlen(path);
    while (length && path[length - 1] == '/')
        length--;
    return length;
}

bool rj_path_equal(const char *a, const char *b)
{
    size_t length = length_of(a);
    return length == length_of(b) && strncmp(a, b, length) == 0;
}

bool rj_path_is_below(const char *path, const char *folder)
{
    size_t length = length_of(folder);
    return length_of(path) > length && path[length] == '/' && strncmp(path, folder, length) == 0;
}

char *rj_path_from_native(const char *path)
{
    return rj_strdup(path);
}

char *rj_path_native(const char *path)
{
    return rj_strdup(path);
}
