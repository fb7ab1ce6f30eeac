/* SPDX-License-Identifier: MIT */
/* A program looks for libraries where it works, and cmd.exe for programs there first. */
#include "host/spawn_folder.h"

#include "base/alloc.h"
#include "platform/paths.h"
#include "platform/win32/wide_win32.h"

#include <string.h>

#include <windows.h>

static bool is_system(const char *folder)
{
    wchar_t wide[MAX_PATH];
    UINT length = GetSystemDirectoryW(wide, MAX_PATH);
    char *native = length > 0 && length < MAX_PATH ? rj_utf8(wide) : NULL;
    char *system = native ? rj_path_from_native(native) : NULL;
    bool same = system && rj_path_equal(folder, system);
    rj_free(native);
    rj_free(system);
    return same;
}

rj_status rj_spawn_check_folder(const char *program, const char *folder, rj_error *err)
{
    size_t length = (size_t)(strrchr(program, '/') - program);
    char *own = rj_strndup(program, length + 1);
    if (!own)
        return rj_fail_memory(err, "starting a program");
    bool fine = rj_path_equal(folder, own) || is_system(folder);
    rj_free(own);
    return fine ? RJ_OK
                : rj_fail(err, RJ_E_DENIED,
                          "%s would run in %s, where it may find other code, and the grant names "
                          "only that program; let it run in its own folder or System32, or ask for "
                          "\"spawn\"",
                          program, folder);
}
