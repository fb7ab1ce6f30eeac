/* SPDX-License-Identifier: MIT */
/*
 * What a mode of POSIX (0600, 0755, ...) is on Windows: a protected access list.
 *
 * SYSTEM and Administrators may do everything, and so may the account this process runs as.  If the mode
 * lets others read and the process is root (platform/system.h), Users may read; what an ordinary
 * account makes stays its own.  Nothing is inherited from above, and a folder hands on what it has.
 */
#ifndef RJ_PLATFORM_ACCESS_WIN32_H
#define RJ_PLATFORM_ACCESS_WIN32_H

#include "base/status.h"
#include <stdbool.h>

#include <windows.h>

/* The list as text; `owner_sid` NULL: root makes it.  Returns `text`. */
const char *rj_access_text(unsigned mode, bool folder, const char *owner_sid, char text[512]);

/* For making a file or folder; to be given back with rj_access_free(). */
rj_status rj_access_new(unsigned mode, bool folder, SECURITY_ATTRIBUTES *ret_attributes,
                        rj_error *err);
void rj_access_free(SECURITY_ATTRIBUTES *attributes);

#endif
