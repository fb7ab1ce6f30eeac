/* SPDX-License-Identifier: MIT */
/*
 * Opening what stands directly in an open folder: the twin of openat() with O_NOFOLLOW.
 *
 * A folder that somebody else may change is walked by handles only: a path that was looked at a moment ago
 * may lead somewhere else now.
 */
#ifndef RJ_PLATFORM_OPEN_AT_WIN32_H
#define RJ_PLATFORM_OPEN_AT_WIN32_H

#include "base/status.h"
#include <stdbool.h>

#include <windows.h>

#define RJ_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

typedef enum rj_open_at_make {
    RJ_OPEN_AT_EXISTING, /* it must be there */
    RJ_OPEN_AT_MAKE,     /* a file is made if there is none, with `attributes` */
} rj_open_at_make;

/* The entry `name` (no slash, not "." or "..") of the folder; a link is opened itself.  Returns 0 or a
 * code of GetLastError(). */
DWORD rj_open_at(HANDLE folder, const wchar_t *name, DWORD access, rj_open_at_make make,
                 const SECURITY_ATTRIBUTES *attributes, HANDLE *ret_handle);
/* A path of rj_wide_path(), whose last component is not followed. */
DWORD rj_open_unfollowed(const wchar_t *path, DWORD access, HANDLE *ret_handle);

/* Attributes of an open file: FILE_ATTRIBUTE_...; 0 with GetLastError() if they cannot be read. */
DWORD rj_handle_attributes(HANDLE handle);

/* Removes the entry with everything in it; links are removed themselves.  0 also when there is none.
 * Of what could not be removed `ret_last` has the name. */
DWORD rj_remove_at(HANDLE folder, const wchar_t *name, wchar_t ret_last[256]);

/* Calls `visit` for each entry but "." and ".." until it returns something else than 0. */
DWORD rj_each_entry_at(HANDLE folder, DWORD (*visit)(void *data, const wchar_t *name), void *data);

#endif
