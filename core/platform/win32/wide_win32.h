/* SPDX-License-Identifier: MIT */
/*
 * Between the agent's text and the system's: UTF-8 and UTF-16, paths, error codes.
 *
 * A path inside the agent is "X:/folder/file" or "//server/share/file" in UTF-8.  Before the system sees
 * it, it gets backslashes and the prefix "\\?\", so that names of any length and of any spelling ("con",
 * "a.", "ü b") are plain names.
 */
#ifndef RJ_PLATFORM_WIDE_WIN32_H
#define RJ_PLATFORM_WIDE_WIN32_H

#include "base/status.h"

#include <windows.h>

/* UTF-16 of UTF-8 (rj_free).  NULL: out of memory, or text that is not well-formed (GetLastError() is
 * ERROR_NO_UNICODE_TRANSLATION then).  NULL gives NULL. */
wchar_t *rj_wide(const char *utf8);
/* UTF-8 of UTF-16 (rj_free); what is no character becomes U+FFFD.  NULL: out of memory, or `wide` is. */
char *rj_utf8(const wchar_t *wide);

/*
 * The path as the system's file functions take it (rj_free): "\\?\X:\...", "\\?\UNC\server\share\...",
 * and "\\.\pipe\..." for "//./pipe/...".  Both slashes are taken; "." and ".." are resolved by the text
 * alone; a relative path starts at the current folder.  NULL with err and GetLastError(): no memory, text
 * that is not UTF-8, control characters, a ':' behind the drive (a stream), a device.
 */
wchar_t *rj_wide_path(const char *utf8, rj_error *err);

/* As rj_fail_errno(), with a code of GetLastError() and the system's words for it. */
rj_status rj_fail_win32(rj_error *err, DWORD code, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
/* The rj_status that fits a code of GetLastError(). */
rj_status rj_status_of_win32(DWORD code);

#endif
