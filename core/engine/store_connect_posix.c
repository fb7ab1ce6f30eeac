/* SPDX-License-Identifier: MIT */
#include "engine/store_internal.h"

#include <errno.h>

int rj_store_connect(const char *path, int flags, sqlite3 **ret_db)
{
    return sqlite3_open_v2(path, ret_db, flags, NULL);
}

bool rj_store_may_not_make(int system_error)
{
    return system_error == ENOENT;
}

rj_status rj_store_fail_system(rj_error *err, int system_error, const char *path, const char *what)
{
    return rj_fail_errno(err, system_error, "%s: %s", path, what);
}
