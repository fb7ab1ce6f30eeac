/* SPDX-License-Identifier: MIT */
/* Where everything lives on Linux. */
#include "platform/paths.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/system.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rj_paths {
    char *root;
    char *path[RJ_PATH_COUNT];
};

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

static bool set_machine_paths(rj_paths *p)
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
            return false;
    return true;
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

static rj_status set_user_paths(rj_paths *p, rj_error *err)
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

/* An override: absolute, without "." and "..", slashes at its end dropped. */
static rj_status take_override(const char *what, const char *value, char **target, rj_error *err)
{
    if (rj_system_is_installed_service())
        return rj_fail(err, RJ_E_DENIED, "%s is refused for an installed service", what);
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
        return rj_fail(err, RJ_E_INVALID, "%s \"%s\": give an absolute path without \"..\"", what,
                       value);
    rj_free(*target);
    *target = rj_strndup(value, length);
    return *target ? RJ_OK : rj_fail_memory(err, "finding the agent's folders");
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
    if (!status && !set_machine_paths(p))
        status = rj_fail_memory(err, "finding the agent's folders");
    if (!status && plugins && *plugins)
        status = take_override("the folder of plugins", plugins, &p->path[RJ_PATH_PLUGINS], err);
    if (!status && role == RJ_ROLE_SESSION)
        status = set_user_paths(p, err);
    if (status)
        rj_paths_free(p);
    else
        *ret_paths = p;
    return status;
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
        bad = *c == '/' || *c == '\\' || *c < 0x20 || *c == 0x7f;
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
