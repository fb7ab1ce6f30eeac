/* SPDX-License-Identifier: MIT */
/* Libraries checked and mapped in one go, and what their hash must be; see library.h. */
#include "platform/library_system.h"

#include "base/text.h"

rj_status rj_library_expect_hash(const char *path, const char *found, const char *expected,
                                 rj_error *err)
{
    if (rj_ascii_casecmp(found, expected) != 0)
        return rj_fail(err, RJ_E_CORRUPT, "%s has SHA-256 %s, expected is %s; install it again",
                       path, found, expected);
    return RJ_OK;
}

rj_status rj_library_open(const char *path, const char *boundary, const char *sha256,
                          rj_library **ret_library, rj_error *err)
{
    int file = -1;
    rj_status status = rj_library_check(path, boundary, sha256, &file, err);
    if (!status)
        status = rj_library_map(file, path, ret_library, err);
    if (status)
        rj_library_close_file(file);
    return status;
}
