/* SPDX-License-Identifier: MIT */
/*
 * The system's half of extraction, and removal of a tree, on Windows.
 *
 * Every step is relative to an open handle of the folder it happens in and opens links as such, and
 * what turns out to be a link is an error: whatever appears below the new folder while we work,
 * nothing is written outside it.  The handles of the current path are kept.
 *
 * Names that Windows cannot have are found before anything is made; the others were judged when the
 * archive was opened (archive_name.c).
 *
 * Durability: each file is flushed before it is closed, as a volume can only be flushed by an
 * administrator; the names are in the file system's journal.
 */
#include "archive_extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_win32.h"

static rj_status io_failure(rj_failure *failure, const char *verb, const char *folder,
                            const char *name)
{
    DWORD error = GetLastError();
    char shown[700];
    snprintf(shown, sizeof(shown), "%.300s/%.300s", folder, name);
    return rj_file_failure(failure, error, verb, shown);
}

rj_status rj_extract_free_space(const char *folder, uint64_t *ret_bytes, rj_failure *failure)
{
    wchar_t *wide = rj_file_wide_path(folder, failure);
    ULARGE_INTEGER available;
    if (!wide)
        return failure ? failure->status : RJ_E_INVALID;
    BOOL known = GetDiskFreeSpaceExW(wide, &available, NULL, NULL);
    DWORD error = GetLastError();
    free(wide);
    if (!known)
        return rj_file_failure(failure, error, "examine the file system of", folder);
    *ret_bytes = available.QuadPart;
    return RJ_OK;
}

rj_status rj_extract_check_name(const rj_extraction *x, const rj_archive_entry *entry)
{
    if (!strpbrk(entry->name, "<>\"|?*"))
        return RJ_OK;
    return rj_fail(x->failure, RJ_E_INVALID,
                   "%s: entry '%.300s': the name has a character that Windows does not "
                   "allow (one of < > \" | ? *)",
                   rj_archive_path(x->archive), entry->name);
}

/* Open the folder `name` below `at`, made if it is missing; never through a link. */
static HANDLE enter_one(HANDLE at, const char *name, int disposition)
{
    wchar_t *wide = rj_file_wide(name);
    HANDLE folder = wide ? rj_file_open_at(at, wide,
                                           FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_ADD_FILE |
                                               FILE_ADD_SUBDIRECTORY | FILE_READ_ATTRIBUTES,
                                           disposition, RJ_FILE_FOLDER)
                         : INVALID_HANDLE_VALUE;
    if (!wide)
        SetLastError(ERROR_INVALID_NAME);
    free(wide);
    if (folder == INVALID_HANDLE_VALUE)
        return folder;
    if (rj_file_attributes(folder) & FILE_ATTRIBUTE_REPARSE_POINT) {
        CloseHandle(folder);
        SetLastError(ERROR_CANT_ACCESS_FILE);
        return INVALID_HANDLE_VALUE;
    }
    return folder;
}

rj_status rj_extract_make_folder(rj_extraction *x)
{
    HANDLE parent =
        rj_file_open(x->parent, FILE_TRAVERSE | FILE_ADD_SUBDIRECTORY, FILE_FLAG_BACKUP_SEMANTICS);
    if (parent == INVALID_HANDLE_VALUE)
        return io_failure(x->failure, "open", x->parent, "");
    rj_status status = RJ_OK;
    HANDLE folder = enter_one(parent, x->name, RJ_FILE_CREATE);
    if (folder == INVALID_HANDLE_VALUE)
        status = io_failure(x->failure, "make the folder", x->parent, x->name);
    else
        x->folders[x->depth++] = (intptr_t)folder;
    CloseHandle(parent);
    return status;
}

rj_status rj_extract_enter(rj_extraction *x, const char *segment, const char *name)
{
    HANDLE folder = enter_one((HANDLE)x->folders[x->depth - 1], segment, RJ_FILE_OPEN_OR_CREATE);
    if (folder == INVALID_HANDLE_VALUE)
        return io_failure(x->failure, "make a folder for", x->name, name);
    x->folders[x->depth++] = (intptr_t)folder;
    return RJ_OK;
}

void rj_extract_leave(rj_extraction *x)
{
    CloseHandle((HANDLE)x->folders[--x->depth]);
}

rj_status rj_extract_create(rj_extraction *x, const char *last, const rj_archive_entry *entry)
{
    wchar_t *wide = rj_file_wide(last);
    if (!wide)
        return rj_fail_memory(x->failure);
    rj_status status = RJ_OK;
    HANDLE file = rj_file_open_at((HANDLE)x->folders[x->depth - 1], wide, GENERIC_WRITE,
                                  RJ_FILE_CREATE, RJ_FILE_PLAIN);
    if (file == INVALID_HANDLE_VALUE)
        status = io_failure(x->failure, "create", x->name, entry->name);
    else
        x->file = (intptr_t)file;
    free(wide);
    return status;
}

rj_status rj_extract_write(rj_extraction *x, const void *bytes, size_t length, rj_failure *failure)
{
    if (!rj_file_write((HANDLE)x->file, bytes, length))
        return io_failure(failure, "write below", x->parent, x->name);
    x->done += length;
    return RJ_OK;
}

rj_status rj_extract_close(rj_extraction *x, const rj_archive_entry *entry, rj_status status)
{
    HANDLE file = (HANDLE)x->file;
    if (status == RJ_OK && x->options->durable && !FlushFileBuffers(file))
        status = io_failure(x->failure, "write", x->name, entry->name);
    if (!CloseHandle(file) && status == RJ_OK)
        status = io_failure(x->failure, "write", x->name, entry->name);
    return status;
}

rj_status rj_extract_flush(rj_extraction *x)
{
    (void)x; /* each file has been flushed */
    return RJ_OK;
}

/* ---- Removal ----------------------------------------------------------------------------------- */

#define REMOVE_TRIES 20
#define REMOVE_PAUSE_MS 50

typedef struct removal {
    HANDLE folder;
    unsigned depth;
    rj_failure *failure;
} removal;

static rj_status remove_below(HANDLE parent, const wchar_t *name, unsigned depth,
                              rj_failure *failure);

static rj_status remove_child(void *data, const wchar_t *name, DWORD attributes)
{
    const removal *r = data;
    (void)attributes; /* asked again when it is open */
    return remove_below(r->folder, name, r->depth + 1, r->failure);
}

static rj_status removal_failure(rj_failure *failure, DWORD error, const wchar_t *name)
{
    char *shown = rj_file_utf8(name, wcslen(name));
    rj_status status = rj_file_failure(failure, error, "remove", shown ? shown : "a file");
    free(shown);
    return status;
}

/* Mark it for removal; a write protection goes first. */
static int dispose(HANDLE file, DWORD attributes)
{
    FILE_DISPOSITION_INFO gone = {TRUE};
    if (attributes & FILE_ATTRIBUTE_READONLY) {
        FILE_BASIC_INFO basic = {.FileAttributes = attributes & FILE_ATTRIBUTE_DIRECTORY
                                                       ? FILE_ATTRIBUTE_DIRECTORY
                                                       : FILE_ATTRIBUTE_NORMAL};
        SetFileInformationByHandle(file, FileBasicInfo, &basic, sizeof(basic));
    }
    return SetFileInformationByHandle(file, FileDispositionInfo, &gone, sizeof(gone));
}

/* A name stays while somebody else has the file open: wait a moment for scanners. */
static rj_status remove_open(HANDLE file, DWORD attributes, const wchar_t *name,
                             rj_failure *failure)
{
    for (int i = 0; i < REMOVE_TRIES; i++) {
        if (dispose(file, attributes))
            return RJ_OK;
        if (GetLastError() != ERROR_DIR_NOT_EMPTY && GetLastError() != ERROR_SHARING_VIOLATION)
            break;
        Sleep(REMOVE_PAUSE_MS);
    }
    return removal_failure(failure, GetLastError(), name);
}

static rj_status remove_below(HANDLE parent, const wchar_t *name, unsigned depth,
                              rj_failure *failure)
{
    const DWORD access = DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES;
    if (depth > 256)
        return rj_fail(failure, RJ_E_LIMIT, "cannot remove a folder: too many folders in it");
    HANDLE file = rj_file_open_at(parent, name, access | FILE_LIST_DIRECTORY, RJ_FILE_OPEN, 0);
    if (file == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ||
                       error == ERROR_DELETE_PENDING
                   ? RJ_OK
                   : removal_failure(failure, error, name);
    }
    DWORD attributes = rj_file_attributes(file);
    rj_status status = RJ_OK;
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) && !(attributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
        removal r = {file, depth, failure};
        status = rj_file_each(file, "a folder", remove_child, &r, failure);
    }
    if (status == RJ_OK)
        status = remove_open(file, attributes, name, failure);
    CloseHandle(file);
    return status;
}

rj_status rj_archive_remove_tree(const char *parent, const char *name, rj_failure *failure)
{
    HANDLE folder =
        rj_file_open(parent, FILE_TRAVERSE | FILE_LIST_DIRECTORY, FILE_FLAG_BACKUP_SEMANTICS);
    if (folder == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND
                   ? RJ_OK
                   : rj_file_failure(failure, error, "open", parent);
    }
    wchar_t *wide = rj_file_wide(name);
    rj_status status = wide ? remove_below(folder, wide, 0, failure) : rj_fail_memory(failure);
    free(wide);
    CloseHandle(folder);
    return status;
}
