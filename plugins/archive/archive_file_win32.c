/* SPDX-License-Identifier: MIT */
/* Positioned reads of a regular file on Windows. */
#include "archive_file.h"

#include "file_win32.h"

rj_status rj_archive_file_open(const char *path, intptr_t *ret_file, uint64_t *ret_size,
                               rj_failure *failure)
{
    LARGE_INTEGER size;
    rj_status status = RJ_OK;
    /* backup semantics: a folder is opened, too, and refused below with a sentence of its own */
    HANDLE file = rj_file_open(path, GENERIC_READ, FILE_FLAG_BACKUP_SEMANTICS);
    if (file == INVALID_HANDLE_VALUE)
        return rj_file_failure(failure, GetLastError(), "open", path);
    if (GetFileType(file) != FILE_TYPE_DISK ||
        (rj_file_attributes(file) & FILE_ATTRIBUTE_DIRECTORY))
        status = rj_fail(failure, RJ_E_INVALID, "%s is not a regular file", path);
    else if (!GetFileSizeEx(file, &size))
        status = rj_file_failure(failure, GetLastError(), "examine", path);
    if (status != RJ_OK) {
        CloseHandle(file);
        return status;
    }
    *ret_file = (intptr_t)file;
    *ret_size = (uint64_t)size.QuadPart;
    return RJ_OK;
}

void rj_archive_file_close(intptr_t file)
{
    CloseHandle((HANDLE)file);
}

void rj_archive_file_sequential(intptr_t file)
{
    (void)file; /* the system sees that by itself */
}

rj_status rj_archive_file_read(intptr_t file, const char *path, uint64_t offset, void *bytes,
                               size_t length, size_t *ret_read, rj_failure *failure)
{
    OVERLAPPED at = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
    DWORD want = length > (1u << 30) ? 1u << 30 : (DWORD)length, n = 0;
    if (!ReadFile((HANDLE)file, bytes, want, &n, &at) && GetLastError() != ERROR_HANDLE_EOF)
        return rj_file_failure(failure, GetLastError(), "read", path);
    *ret_read = n;
    return RJ_OK;
}
