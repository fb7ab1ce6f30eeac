/* SPDX-License-Identifier: MIT */
/*
 * Files on Windows for the package plugins: paths are UTF-8, absolute, with '/' ("C:/a/b",
 * "//server/share/a"); the system gets them as \\?\ paths, which have no length limit and no
 * reserved names.  Below an open folder files are opened relative to its handle, and nothing is
 * followed there.
 */
#ifndef RJ_PLUGINS_FILE_WIN32_H
#define RJ_PLUGINS_FILE_WIN32_H

#include <windows.h>

#include "failure.h"

/* Absolute as above; backslashes count as '/'. */
int rj_file_is_absolute(const char *path);
/* The \\?\ path; NULL with a failure if `path` is not absolute, no UTF-8, or memory ran out. */
wchar_t *rj_file_wide_path(const char *path, rj_failure *failure);
/* UTF-8 to UTF-16 and back; NULL: no text, or out of memory. */
wchar_t *rj_file_wide(const char *text);
char *rj_file_utf8(const wchar_t *text, size_t units);
/* "cannot VERB PATH: what the system says"; the status fits the error. */
rj_status rj_file_failure(rj_failure *failure, DWORD error, const char *verb, const char *path);

/* CreateFileW with sharing, for an existing file or folder; links at the end are not followed with
 * FILE_FLAG_OPEN_REPARSE_POINT in `flags`.  INVALID_HANDLE_VALUE: see GetLastError(). */
HANDLE rj_file_open(const char *path, DWORD access, DWORD flags);
#define RJ_FILE_OPEN 1           /* what is there */
#define RJ_FILE_CREATE 2         /* new */
#define RJ_FILE_OPEN_OR_CREATE 3 /* one of both */
#define RJ_FILE_FOLDER 1         /* only a folder */
#define RJ_FILE_PLAIN 2          /* no folder */
/* A name (one segment) below an open folder.  Nothing is followed: a link is opened as such.
 * `disposition` is one of the first three, `kind` of the others or 0 (either). */
HANDLE rj_file_open_at(HANDLE folder, const wchar_t *name, DWORD access, int disposition, int kind);
/* Attributes of an open file; 0 on error. */
DWORD rj_file_attributes(HANDLE file);
/* All of it, or 0 (see GetLastError()). */
int rj_file_write(HANDLE file, const void *bytes, size_t length);
/* Rename, with a file that is there replaced; tries for a while when somebody looks into it. */
rj_status rj_file_rename(const char *from, const char *to, rj_failure *failure);
/* Names in it are on disk afterwards as far as the file system offers that. */
void rj_file_flush_folder(const char *path);

/* Every name in `folder` but "." and ".."; ends with what `each` returns if it is not RJ_OK. */
rj_status rj_file_each(HANDLE folder, const char *shown,
                       rj_status (*each)(void *data, const wchar_t *name, DWORD attributes),
                       void *data, rj_failure *failure);

#endif
