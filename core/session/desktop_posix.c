/* SPDX-License-Identifier: MIT */
#include "session/desktop.h"
#include <stdlib.h>
#include <string.h>

static int copy(json_t *environment, const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? json_object_set_new(environment, name, json_string(value)) : 0;
}

static int describe_desktop(json_t *environment)
{
    static const char *const names[] = {"HOME",
                                        "LANG",
                                        "DISPLAY",
                                        "WAYLAND_DISPLAY",
                                        "XAUTHORITY",
                                        "XDG_RUNTIME_DIR",
                                        "XDG_CONFIG_HOME",
                                        "XDG_DATA_HOME",
                                        "XDG_STATE_HOME",
                                        "XDG_CACHE_HOME",
                                        "DBUS_SESSION_BUS_ADDRESS"};
    int failed = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        failed |= copy(environment, names[i]);
    return failed;
}

/* The home folder is the part of the state's path before ".local". */
static int describe_root(json_t *environment, const rj_paths *paths)
{
    const char *state = rj_path(paths, RJ_PATH_STATE);
    const char *end = strstr(state, "/.local/");
    size_t length = end ? (size_t)(end - state) : strlen(state);
    return json_object_set_new(environment, "HOME", json_stringn(state, length));
}

bool rj_desktop_describe(json_t *environment, const rj_paths *paths, const char *user,
                         const char *temporary)
{
    int failed =
        rj_paths_root(paths)[0] ? describe_root(environment, paths) : describe_desktop(environment);
    failed |= json_object_set_new(environment, "USER", json_string(user));
    failed |= json_object_set_new(environment, "LOGNAME", json_string(user));
    failed |= json_object_set_new(environment, "TMPDIR", json_string(temporary));
    return failed == 0;
}
