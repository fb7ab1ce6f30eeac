/* SPDX-License-Identifier: MIT */
/* Parts on Windows: see cache_part.h.  <folder>/.part-PROCESS-NUMBER -> flushed -> renamed. */
#include "cache_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_win32.h"

#define TRIES 100

struct rj_part {
    char *folder, *path;
    HANDLE file;
    int kept;
};

static HANDLE create(const char *path)
{
    wchar_t *wide = rj_file_wide_path(path, NULL);
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD error = ERROR_INVALID_NAME;

    if (wide) {
        file = CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW,
                           FILE_ATTRIBUTE_NORMAL, NULL);
        error = GetLastError();
    }
    free(wide);
    SetLastError(error);
    return file;
}

/* The first free number. */
static rj_status create_part(rj_part *part, rj_failure *failure)
{
    static volatile LONG last;

    for (int i = 0; i < TRIES; i++) {
        free(part->path);
        if (asprintf(&part->path, "%s/" RJ_PART_PREFIX "%lx-%lx", part->folder,
                     GetCurrentProcessId(), (unsigned long)InterlockedIncrement(&last)) < 0) {
            part->path = NULL;
            return rj_fail_memory(failure);
        }
        part->file = create(part->path);
        if (part->file != INVALID_HANDLE_VALUE)
            return RJ_OK;
        if (GetLastError() != ERROR_FILE_EXISTS)
            break;
    }
    return rj_file_failure(failure, GetLastError(), "create a file in", part->folder);
}

rj_status rj_part_new(const char *folder, rj_part **ret_part, rj_failure *failure)
{
    rj_part *part = calloc(1, sizeof *part);
    rj_status status = RJ_OK;

    if (!part)
        return rj_fail_memory(failure);
    part->file = INVALID_HANDLE_VALUE;
    part->folder = strdup(folder);
    status = part->folder ? create_part(part, failure) : rj_fail_memory(failure);
    if (status != RJ_OK) {
        rj_part_free(part);
        return status;
    }
    *ret_part = part;
    return RJ_OK;
}

rj_status rj_part_write(rj_part *part, const void *bytes, size_t length, rj_failure *failure)
{
    return rj_file_write(part->file, bytes, length)
               ? RJ_OK
               : rj_file_failure(failure, GetLastError(), "write", part->path);
}

rj_status rj_part_keep(rj_part *part, const char *path, rj_failure *failure)
{
    rj_status status;

    if (!FlushFileBuffers(part->file))
        return rj_file_failure(failure, GetLastError(), "write", part->path);
    CloseHandle(part->file); /* an open file has no new name */
    part->file = INVALID_HANDLE_VALUE;
    status = rj_file_rename(part->path, path, failure);
    if (status != RJ_OK)
        return status;
    part->kept = 1;
    rj_file_flush_folder(part->folder);
    return RJ_OK;
}

void rj_part_free(rj_part *part)
{
    if (!part)
        return;
    if (part->file != INVALID_HANDLE_VALUE)
        CloseHandle(part->file);
    if (part->path && !part->kept)
        rj_part_remove(part->path);
    free(part->folder);
    free(part->path);
    free(part);
}

static rj_status remove_if_part(void *data, const wchar_t *name, DWORD attributes)
{
    static const wchar_t prefix[] = L"" RJ_PART_PREFIX;
    FILE_DISPOSITION_INFO gone = {TRUE};
    HANDLE file;

    (void)attributes;
    if (wcsncmp(name, prefix, wcslen(prefix)) != 0)
        return RJ_OK;
    file = rj_file_open_at(*(HANDLE *)data, name, DELETE, RJ_FILE_OPEN, 0);
    if (file != INVALID_HANDLE_VALUE) {
        SetFileInformationByHandle(file, FileDispositionInfo, &gone, sizeof gone);
        CloseHandle(file);
    }
    return RJ_OK;
}

void rj_part_remove_old(const char *path)
{
    HANDLE folder = rj_file_open(path, GENERIC_READ, FILE_FLAG_BACKUP_SEMANTICS);

    if (folder == INVALID_HANDLE_VALUE)
        return;
    rj_file_each(folder, path, remove_if_part, &folder, NULL);
    CloseHandle(folder);
}

void rj_part_remove(const char *path)
{
    wchar_t *wide = rj_file_wide_path(path, NULL);

    if (wide)
        DeleteFileW(wide);
    free(wide);
}
