/* SPDX-License-Identifier: MIT */
/* Files that stay open: logs that only grow, and the instance lock. */
#include "platform/file.h"

#include "base/alloc.h"
#include "platform/system.h"
#include "platform/win32/access_win32.h"
#include "platform/win32/open_at_win32.h"
#include "platform/win32/wide_win32.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LOCK_TRIES 5
#define LOCK_TRY_MS 20

/* A number for the handle, which goes with it; -1: none was free, the handle is closed. */
static int number_of(HANDLE handle)
{
    int number = _open_osfhandle((intptr_t)handle, _O_BINARY | _O_NOINHERIT);
    if (number < 0)
        CloseHandle(handle);
    return number;
}

/* ---- Appending ------------------------------------------------------------------------------- */

/* Opens `name`, one component after the other, below the open folder, which it closes. */
static DWORD open_walking(HANDLE folder, wchar_t *name, const SECURITY_ATTRIBUTES *access,
                          HANDLE *ret_file)
{
    DWORD code = 0;
    wchar_t *slash;
    while (!code && (slash = wcschr(name, L'/'))) {
        HANDLE next = NULL;
        *slash = L'\0';
        code = rj_open_at(folder, name, FILE_TRAVERSE, RJ_OPEN_AT_EXISTING, NULL, &next);
        if (!code) {
            DWORD attributes = rj_handle_attributes(next);
            CloseHandle(folder);
            folder = next;
            if (!(attributes & FILE_ATTRIBUTE_DIRECTORY))
                code = ERROR_PATH_NOT_FOUND;
            else if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
                code = ERROR_CANT_ACCESS_FILE;
        }
        name = slash + 1;
    }
    if (!code)
        code = rj_open_at(folder, name, FILE_APPEND_DATA, RJ_OPEN_AT_MAKE, access, ret_file);
    CloseHandle(folder);
    return code;
}

rj_status rj_file_append_open(const char *folder, const char *name, unsigned mode, int *ret_handle,
                              uint64_t *ret_size, rj_error *err)
{
    SECURITY_ATTRIBUTES access = {0};
    wchar_t *wide_folder = rj_wide_path(folder, err);
    wchar_t *wide_name = rj_wide(name);
    rj_status status = RJ_OK;
    HANDLE file = NULL;
    HANDLE top = NULL;
    if (!wide_folder || !wide_name) {
        status = rj_fail(err, RJ_E_INVALID,
                         "log file %s/%s cannot be opened: it has no usable name", folder, name);
        goto out;
    }
    status = rj_access_new(mode, false, &access, err);
    if (status)
        goto out;
    DWORD code = 0;
    top = CreateFileW(wide_folder, FILE_TRAVERSE | SYNCHRONIZE | FILE_READ_ATTRIBUTES, RJ_SHARE_ALL,
                      NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (top == INVALID_HANDLE_VALUE)
        code = GetLastError();
    else
        code = open_walking(top, wide_name, &access, &file);
    if (code) {
        status = rj_fail_win32(err, code, "log file %s/%s cannot be opened", folder, name);
        goto out;
    }
    BY_HANDLE_FILE_INFORMATION information;
    if (GetFileType(file) != FILE_TYPE_DISK || !GetFileInformationByHandle(file, &information) ||
        (information.dwFileAttributes &
         (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) ||
        information.nNumberOfLinks != 1) {
        CloseHandle(file);
        status = rj_fail(err, RJ_E_INVALID, "log file %s/%s is not a regular file of one name",
                         folder, name);
        goto out;
    }
    int handle = number_of(file);
    if (handle < 0) {
        status = rj_fail(err, RJ_E_LIMIT, "log file %s/%s: too many files are open", folder, name);
        goto out;
    }
    *ret_handle = handle;
    *ret_size = (uint64_t)information.nFileSizeHigh << 32 | information.nFileSizeLow;
out:
    rj_access_free(&access);
    rj_free(wide_folder);
    rj_free(wide_name);
    return status;
}

bool rj_file_append(int handle, const void *bytes, size_t length)
{
    HANDLE file = (HANDLE)_get_osfhandle(handle);
    const char *at = bytes;
    while (length) {
        DWORD written = 0;
        if (!WriteFile(file, at, length > 0x40000000 ? 0x40000000 : (DWORD)length, &written, NULL))
            return false;
        at += written;
        length -= written;
    }
    return true;
}

void rj_file_append_close(int handle)
{
    if (handle >= 0)
        _close(handle);
}

/* ---- The lock -------------------------------------------------------------------------------- */

static long holder_of(const wchar_t *path)
{
    char text[32] = "";
    DWORD got = 0;
    HANDLE file = CreateFileW(path, GENERIC_READ, RJ_SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        if (!ReadFile(file, text, sizeof text - 1, &got, NULL))
            got = 0;
        CloseHandle(file);
    }
    text[got] = '\0';
    return strtol(text, NULL, 10);
}

/* Held by the share mode: others may read who holds it, but neither write, rename nor remove it. */
static DWORD open_lock(const wchar_t *path, const SECURITY_ATTRIBUTES *access, HANDLE *ret_file)
{
    DWORD code = 0;
    SECURITY_ATTRIBUTES copy = *access;
    for (int i = 0; i < LOCK_TRIES; i++) {
        *ret_file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, &copy,
                                OPEN_ALWAYS, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
        code = *ret_file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
        if (code != ERROR_SHARING_VIOLATION)
            break;
        Sleep(LOCK_TRY_MS); /* a scanner lets go soon, a holder does not */
    }
    return code;
}

static DWORD write_holder(HANDLE file)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", rj_system_pid());
    DWORD written = 0;
    if (SetFilePointer(file, 0, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER ||
        !SetEndOfFile(file) || !WriteFile(file, text, (DWORD)length, &written, NULL))
        return GetLastError();
    return written == (DWORD)length ? 0 : ERROR_DISK_FULL;
}

rj_status rj_file_lock(const char *path, int *ret_handle, rj_error *err)
{
    SECURITY_ATTRIBUTES access = {0};
    HANDLE file = INVALID_HANDLE_VALUE;
    wchar_t *wide = rj_wide_path(path, err);
    rj_status status =
        wide ? rj_access_new(0600, false, &access, err) : rj_status_of_win32(GetLastError());
    if (status)
        goto out;
    DWORD code = open_lock(wide, &access, &file);
    if (code == ERROR_SHARING_VIOLATION) {
        status = rj_fail(err, RJ_E_BUSY, "%s is held by process %ld", path, holder_of(wide));
        goto out;
    }
    if (code) {
        status = rj_fail_win32(err, code, "lock file %s cannot be opened", path);
        goto out;
    }
    if (rj_handle_attributes(file) & (FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_DIRECTORY))
        status = rj_fail(err, RJ_E_INVALID, "lock file %s is not a regular file", path);
    else if ((code = write_holder(file)) != 0)
        status = rj_fail_win32(err, code, "lock file %s cannot be written", path);
    if (status) {
        CloseHandle(file);
        goto out;
    }
    int handle = number_of(file);
    if (handle < 0)
        status = rj_fail(err, RJ_E_LIMIT, "lock file %s: too many files are open", path);
    else
        *ret_handle = handle;
out:
    rj_access_free(&access);
    rj_free(wide);
    return status;
}

void rj_file_unlock(int handle)
{
    if (handle >= 0)
        _close(handle); /* the lock goes with the handle; the file stays for the next one */
}
