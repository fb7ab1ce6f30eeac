/* SPDX-License-Identifier: MIT */
/* What library_posix.c and library_win32.c have in common. */
#ifndef RJ_PLATFORM_LIBRARY_SYSTEM_H
#define RJ_PLATFORM_LIBRARY_SYSTEM_H

#include "platform/library.h"

/* RJ_E_CORRUPT unless both are the same 64 hex digits. */
rj_status rj_library_expect_hash(const char *path, const char *found, const char *expected,
                                 rj_error *err);

#endif
