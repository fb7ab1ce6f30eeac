/* SPDX-License-Identifier: MIT */
/* Files: opening to read, durable replacing, stamps. */
#include "platform/file_system.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/system.h"
#include "platform/win32/access_win32.h"
#include "platform/win32/open_at_win32.h"
#include "platform/win32/wide_win32.h"

#include <string.h>
#include <wchar.h>

/* Virus scanners and indexers hold new files open for a moment. */
#define PATIENCE_STEPS 40
#define PATIENCE_STEP_MS 25

/* ---- Reading --------------------------------------------------------------------------------- */

static bool in_use(DWORD code)
{
    return code == ERROR_SHARING_VIOLATION || code == ERROR_LOCK_VIOLATION ||
           code == ERROR_USER_MAPPED_FILE || code == ERROR_DELETE_PENDING;
}

rj_status rj_open_file_regular(const char *path, rj_open_file *ret_file, rj_error *err)
{
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return rj_status_of_win32(GetLastError());
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD code = 0;
    for (int step = 0; step < PATIENCE_STEPS; step++) {
        file = CreateFileW(wide, GENERIC_READ, RJ_SHARE_ALL, NULL, OPEN_EXISTING,
                           FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_SEQUENTIAL_SCAN, NULL);
        code = file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
        if (!in_use(code))
            break;
        Sleep(PATIENCE_STEP_MS);
    }
    rj_free(wide);
    if (code)
        return rj_fail_win32(err, code, "%s cannot be opened", path);
    BY_HANDLE_FILE_INFORMATION information;
    if (GetFileType(file) != FILE_TYPE_DISK || !GetFileInformationByHandle(file, &information) ||
        (information.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
        CloseHandle(file);
        return rj_fail(err, RJ_E_INVALID, "%s is not a regular file", path);
    }
    *ret_file = (rj_open_file){(intptr_t)file, (uint64_t)information.nFileSizeHigh << 32 |
                                                   information.nFileSizeLow};
    return RJ_OK;
}

rj_status rj_open_file_read(const rj_open_file *file, const char *path, void *bytes, size_t size,
                            size_t *ret_used, rj_error *err)
{
    size_t used = 0;
    while (used < size) {
        size_t left = size - used;
        DWORD part = left > 0x40000000 ? 0x40000000 : (DWORD)left;
        DWORD got = 0;
        if (!ReadFile((HANDLE)file->handle, (char *)bytes + used, part, &got, NULL))
            return rj_fail_win32(err, GetLastError(), "%s cannot be read", path);
        if (!got)
            break;
        used += got;
    }
    *ret_used = used;
    return RJ_OK;
}

void rj_open_file_close(rj_open_file *file)
{
    CloseHandle((HANDLE)file->handle);
}

bool rj_file_exists(const char *path)
{
    wchar_t *wide = rj_wide_path(path, NULL);
    if (!wide) /* without memory it may be there: whoever opens it then sees why that fails */
        return GetLastError() == ERROR_NOT_ENOUGH_MEMORY;
    bool there = GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
    rj_free(wide);
    return there;
}

uint64_t rj_file_stamp(const char *path)
{
    wchar_t *wide = rj_wide_path(path, NULL);
    if (!wide)
        return 0;
    HANDLE file = CreateFileW(wide, FILE_READ_ATTRIBUTES, RJ_SHARE_ALL, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);
    rj_free(wide);
    if (file == INVALID_HANDLE_VALUE)
        return 0;
    BY_HANDLE_FILE_INFORMATION information;
    FILE_BASIC_INFO times = {0};
    bool good = GetFileInformationByHandle(file, &information);
    GetFileInformationByHandleEx(file, FileBasicInfo, &times, sizeof times);
    CloseHandle(file);
    if (!good)
        return 0;
    uint64_t hash = rj_file_stamp_mix(1, information.dwVolumeSerialNumber);
    hash = rj_file_stamp_mix(hash, (uint64_t)information.nFileIndexHigh << 32 |
                                       information.nFileIndexLow);
    hash = rj_file_stamp_mix(hash,
                             (uint64_t)information.nFileSizeHigh << 32 | information.nFileSizeLow);
    hash = rj_file_stamp_mix(hash, (uint64_t)information.ftLastWriteTime.dwHighDateTime << 32 |
                                       information.ftLastWriteTime.dwLowDateTime);
    hash = rj_file_stamp_mix(hash, (uint64_t)times.ChangeTime.QuadPart);
    return hash ? hash : 1;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* A file that is only to be read can be neither replaced nor removed; elsewhere it can. */
static void make_writable(const wchar_t *path, DWORD attributes)
{
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_READONLY))
        SetFileAttributesW(path, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
}

/* Rename over what is there, durably.  Denied is waited for too: so a file answers that is about to
 * vanish while somebody still has it open. */
static DWORD replace(const wchar_t *from, const wchar_t *to)
{
    DWORD code = 0;
    for (int step = 0; step < PATIENCE_STEPS; step++) {
        if (MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
            return 0;
        code = GetLastError();
        DWORD attributes = GetFileAttributesW(to);
        bool folder =
            attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
        if ((!in_use(code) && code != ERROR_ACCESS_DENIED) || folder)
            break;
        make_writable(to, attributes);
        Sleep(PATIENCE_STEP_MS);
    }
    return code;
}

/* "<folder>\.<name>.<random>.tmp" */
static wchar_t *temporary_name(const wchar_t *path, rj_error *err)
{
    uint64_t random = 0;
    if (rj_random(&random, sizeof random, err))
        return NULL;
    const wchar_t *slash = wcsrchr(path, L'\\');
    const wchar_t *name = slash ? slash + 1 : path;
    size_t size = wcslen(path) + 32;
    wchar_t *temporary = rj_malloc(size * sizeof *temporary);
    if (!temporary) {
        rj_fail_memory(err, "writing a file");
        return NULL;
    }
    /* A long name leaves no room for more letters; the number alone tells it from others. */
    int kept = wcslen(name) > 200 ? 200 : (int)wcslen(name);
    swprintf(temporary, size, L"%.*ls.%.*ls.%016llx.tmp", (int)(name - path), path, kept, name,
             (unsigned long long)random);
    return temporary;
}

static DWORD write_fully(HANDLE file, const char *bytes, size_t length)
{
    while (length) {
        DWORD written = 0;
        DWORD part = length > 0x40000000 ? 0x40000000 : (DWORD)length;
        if (!WriteFile(file, bytes, part, &written, NULL))
            return GetLastError();
        bytes += written;
        length -= written;
    }
    return 0;
}

static rj_status write_new(const wchar_t *path, const char *shown, const void *bytes, size_t length,
                           unsigned mode, rj_error *err)
{
    SECURITY_ATTRIBUTES access = {0};
    rj_status status = rj_access_new(mode, false, &access, err);
    if (status)
        return status;
    HANDLE file =
        CreateFileW(path, GENERIC_WRITE, 0, &access, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD code = file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    rj_access_free(&access);
    if (code)
        return rj_fail_win32(err, code, "%s cannot be written", shown);
    code = write_fully(file, bytes, length);
    if (code)
        status = rj_fail_win32(err, code, "%s cannot be written", shown);
    else if (!FlushFileBuffers(file))
        status = rj_fail_win32(err, GetLastError(), "%s cannot be made durable", shown);
    CloseHandle(file);
    return status;
}

rj_status rj_file_write(const char *path, const void *bytes, size_t length, unsigned mode,
                        rj_error *err)
{
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return rj_status_of_win32(GetLastError());
    rj_error unseen = RJ_ERROR_NONE;
    wchar_t *temporary = temporary_name(wide, &unseen);
    rj_status status = RJ_OK;
    if (!temporary) {
        status = rj_fail(err, RJ_E_NO_MEMORY, "%s", unseen.text);
        goto out;
    }
    status = write_new(temporary, path, bytes, length, mode, err);
    DWORD code = status ? 0 : replace(temporary, wide);
    if (code)
        status = rj_fail_win32(err, code, "%s cannot be replaced", path);
    if (status)
        DeleteFileW(temporary);
out:
    rj_free(wide);
    rj_free(temporary);
    return status;
}

rj_status rj_file_remove(const char *path, rj_error *err)
{
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return rj_status_of_win32(GetLastError());
    DWORD code = 0;
    for (int step = 0; step < PATIENCE_STEPS; step++) {
        DWORD attributes = GetFileAttributesW(wide);
        bool folder =
            attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
        bool link = folder && (attributes & FILE_ATTRIBUTE_REPARSE_POINT); /* is a name only */
        if (folder && !link) {
            rj_free(wide);
            return rj_fail(err, RJ_E_IO, "%s cannot be removed: it is a folder", path);
        }
        make_writable(wide, attributes);
        code = (link ? RemoveDirectoryW(wide) : DeleteFileW(wide)) ? 0 : GetLastError();
        if (!in_use(code))
            break;
        Sleep(PATIENCE_STEP_MS);
    }
    rj_free(wide);
    if (code && code != ERROR_FILE_NOT_FOUND && code != ERROR_PATH_NOT_FOUND)
        return rj_fail_win32(err, code, "%s cannot be removed", path);
    return RJ_OK;
}

rj_status rj_file_rename(const char *from, const char *to, rj_error *err)
{
    wchar_t *wide_from = rj_wide_path(from, err);
    wchar_t *wide_to = wide_from ? rj_wide_path(to, err) : NULL;
    rj_status status = wide_to ? RJ_OK : rj_status_of_win32(GetLastError());
    DWORD code = status ? 0 : replace(wide_from, wide_to);
    if (code)
        status = rj_fail_win32(err, code, "%s cannot be renamed to %s", from, to);
    rj_free(wide_from);
    rj_free(wide_to);
    return status;
}
