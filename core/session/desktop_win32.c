/* SPDX-License-Identifier: MIT */
/* Paths are given as Windows writes them: scripts read these. */
#include "base/alloc.h"
#include "platform/win32/wide_win32.h"
#include "session/desktop.h"
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define VALUE_MOST 32768

static int set_path(json_t *environment, const char *name, const char *path)
{
    char *native = rj_path_native(path);
    int failed = native ? json_object_set_new(environment, name, json_string(native)) : -1;
    rj_free(native);
    return failed;
}

/* Absent is fine. */
static int copy(json_t *environment, const char *name)
{
    wchar_t *wide_name = rj_wide(name);
    wchar_t *wide = rj_malloc(VALUE_MOST * sizeof *wide);
    int failed = wide && wide_name ? 0 : -1;
    DWORD length = failed ? 0 : GetEnvironmentVariableW(wide_name, wide, VALUE_MOST);
    if (length && length < VALUE_MOST) {
        char *value = rj_utf8(wide);
        failed = value ? json_object_set_new(environment, name, json_string(value)) : -1;
        rj_free(value);
    }
    rj_free(wide);
    rj_free(wide_name);
    return failed;
}

static int copy_all(json_t *environment, const char *const *names)
{
    int failed = 0;
    for (; *names; names++)
        failed |= copy(environment, *names);
    return failed;
}

/* Of the machine; programs do not start without some of them. */
static int describe_machine(json_t *environment)
{
    static const char *const names[] = {"SystemRoot",
                                        "SystemDrive",
                                        "windir",
                                        "ComSpec",
                                        "PATHEXT",
                                        "OS",
                                        "NUMBER_OF_PROCESSORS",
                                        "PROCESSOR_ARCHITECTURE",
                                        "ProgramData",
                                        "ALLUSERSPROFILE",
                                        "PUBLIC",
                                        "ProgramFiles",
                                        "ProgramFiles(x86)",
                                        "ProgramW6432",
                                        "CommonProgramFiles",
                                        "CommonProgramFiles(x86)",
                                        "CommonProgramW6432",
                                        "COMPUTERNAME",
                                        NULL};
    return copy_all(environment, names);
}

static int describe_user(json_t *environment)
{
    static const char *const names[] = {
        "USERPROFILE", "LOCALAPPDATA", "APPDATA",  "HOMEDRIVE",     "HOMEPATH", "USERDOMAIN",
        "LOGONSERVER", "SESSIONNAME",  "OneDrive", "USERDNSDOMAIN", NULL};
    return copy_all(environment, names);
}

/* The profile is the part of the state's path before "AppData". */
static int describe_root(json_t *environment, const rj_paths *paths)
{
    static const char *const below[][2] = {
        {"USERPROFILE", ""}, {"LOCALAPPDATA", "/AppData/Local"}, {"APPDATA", "/AppData/Roaming"}};
    const char *state = rj_path(paths, RJ_PATH_STATE);
    const char *end = strstr(state, "/AppData/");
    int length = end ? (int)(end - state) : (int)strlen(state), failed = 0;
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%.*s%s", length, state, below[i][1]);
        failed |= set_path(environment, below[i][0], path);
    }
    return failed;
}

bool rj_desktop_describe(json_t *environment, const rj_paths *paths, const char *user,
                         const char *temporary)
{
    int failed = describe_machine(environment);
    failed |=
        rj_paths_root(paths)[0] ? describe_root(environment, paths) : describe_user(environment);
    failed |= json_object_set_new(environment, "USERNAME", json_string(user));
    failed |= set_path(environment, "TEMP", temporary);
    failed |= set_path(environment, "TMP", temporary);
    return failed == 0;
}
