/* SPDX-License-Identifier: MIT */
/* A folder that is ours alone, though anybody may have made one of that name before us. */
#ifndef RJ_SERVICE_OWN_FOLDER_WIN32_H
#define RJ_SERVICE_OWN_FOLDER_WIN32_H

#include "base/status.h"
#include <stdbool.h>

#include <windows.h>

/* Made with its rights, so that there is no moment without them.  0: it is new; else the system's error. */
DWORD rj_make_folder(const char *path, const wchar_t *sddl);

/* Judges the folder that is there, and makes it ours if it can be.  RJ_E_DENIED: it cannot be; RJ_E_LIMIT:
 * it is too large to be looked at; RJ_E_BUSY: not now; RJ_E_NOT_FOUND: it is gone. */
typedef rj_status (*rj_take_folder)(const char *path, bool is_new, rj_error *err);

/* What cannot be ours is set aside whole (rj_foreign_set_aside()), and a new one made in its place.
 * RJ_E_NOT_FOUND: there is no folder above.  RJ_E_DENIED: not possible. */
rj_status rj_own_folder(const char *path, const wchar_t *sddl, rj_take_folder take, rj_error *err);

#endif
