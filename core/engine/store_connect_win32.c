/* SPDX-License-Identifier: MIT */
/* Only paths that begin with "\\?\", and a VFS that has room for them, are of any length. */
#include "engine/store_internal.h"

#include "base/alloc.h"
#include "platform/win32/wide_win32.h"

int rj_store_connect(const char *path, int flags, sqlite3 **ret_db)
{
    wchar_t *wide = rj_wide_path(path, NULL);
    char *native = rj_utf8(wide);
    int code = SQLITE_NOMEM;
    if (native)
        code = sqlite3_open_v2(native, ret_db, flags, "win32-longpath");
    rj_free(native);
    rj_free(wide);
    return code;
}

bool rj_store_may_not_make(int system_error)
{
    return system_error == ERROR_FILE_NOT_FOUND;
}

rj_status rj_store_fail_system(rj_error *err, int system_error, const char *path, const char *what)
{
    return rj_fail_win32(err, (DWORD)system_error, "%s: %s", path, what);
}
