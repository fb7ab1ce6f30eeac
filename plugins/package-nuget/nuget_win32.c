/* SPDX-License-Identifier: MIT */
/*
 * The system seam of package-nuget on Windows: see nuget_system.h.  Who else may change a folder is
 * asked in nuget_private_win32.c.
 */
#include "nuget_system_calls.h"

#include "file_win32.h"
#include "nuget_private_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TICK_NS 100
#define UNIX_EPOCH_TICKS 116444736000000000LL

const char *const nuget_install_script = "tools/chocolateyInstall.ps1";
const char *const nuget_uninstall_script = "tools/chocolateyUninstall.ps1";
const int32_t nuget_scripts_have_arguments = 0;
const int32_t nuget_flushes_each_file = 1;

int nuget_is_install_script(const char *name)
{
    return strcasecmp(name, nuget_install_script) == 0;
}

void nuget_use_native_slashes(char *text)
{
    for (; *text; text++)
        *text = *text == '/' ? '\\' : *text;
}

int nuget_exit_wants_restart(int32_t code)
{
    return code == 3010 || code == 1641;
}

int nuget_is_absolute(const char *path)
{
    return rj_file_is_absolute(path);
}

static int64_t unix_ns(FILETIME time)
{
    int64_t ticks = (int64_t)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime);
    return (ticks - UNIX_EPOCH_TICKS) * TICK_NS;
}

int64_t nuget_file_time_now(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    /* stamps may lag behind by a clock tick */
    return unix_ns(now) - 20000000;
}

static rj_status fail_io(rj_failure *failure, const char *verb, const char *path)
{
    return rj_file_failure(failure, GetLastError(), verb, path);
}

/* ---- Looking ----------------------------------------------------------------------------------- */

static nuget_file look(const char *path, DWORD flags)
{
    BY_HANDLE_FILE_INFORMATION facts;
    nuget_file file = {0};
    HANDLE handle = rj_file_open(path, FILE_READ_ATTRIBUTES, FILE_FLAG_BACKUP_SEMANTICS | flags);
    if (handle == INVALID_HANDLE_VALUE)
        return file;
    if (GetFileInformationByHandle(handle, &facts)) {
        DWORD attributes = facts.dwFileAttributes;
        file.kind = attributes & FILE_ATTRIBUTE_REPARSE_POINT ? NUGET_OTHER
                    : attributes & FILE_ATTRIBUTE_DIRECTORY   ? NUGET_FOLDER
                                                              : NUGET_FILE;
        file.startable = file.kind == NUGET_FILE; /* what a script is, its name says */
        file.size = (uint64_t)facts.nFileSizeHigh << 32 | facts.nFileSizeLow;
        file.changed_ns = unix_ns(facts.ftLastWriteTime);
    }
    CloseHandle(handle);
    return file;
}

nuget_file nuget_look(const char *path)
{
    return look(path, FILE_FLAG_OPEN_REPARSE_POINT);
}

nuget_file nuget_look_through(const char *path)
{
    return look(path, 0);
}

typedef struct listing {
    nuget_names *names;
    rj_failure *failure;
} listing;

static rj_status add_name(void *data, const wchar_t *name, DWORD attributes)
{
    const listing *l = data;
    char *text = rj_file_utf8(name, wcslen(name));
    (void)attributes;
    if (!text)
        return rj_fail(l->failure, RJ_E_IO, "a folder holds a name that is no Unicode text");
    rj_status status = nuget_names_add(l->names, text, l->failure);
    free(text);
    return status;
}

rj_status nuget_list_into(const char *folder, nuget_names *names, rj_failure *failure)
{
    listing l = {names, failure};
    HANDLE handle = rj_file_open(folder, FILE_LIST_DIRECTORY, FILE_FLAG_BACKUP_SEMANTICS);
    if (handle == INVALID_HANDLE_VALUE)
        return fail_io(failure, "list", folder);
    rj_status status = rj_file_each(handle, folder, add_name, &l, failure);
    CloseHandle(handle);
    return status;
}

/* ---- Files ------------------------------------------------------------------------------------- */

rj_status nuget_reader_open(const char *path, nuget_reader *ret_reader, rj_failure *failure)
{
    LARGE_INTEGER size;
    HANDLE file =
        rj_file_open(path, GENERIC_READ, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
    if (file == INVALID_HANDLE_VALUE)
        return fail_io(failure, "open", path);
    rj_status status = RJ_OK;
    if (rj_file_attributes(file) & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT))
        status = rj_fail(failure, RJ_E_INVALID, "%s is not a regular file", path);
    else if (!GetFileSizeEx(file, &size))
        status = fail_io(failure, "examine", path);
    if (status != RJ_OK)
        CloseHandle(file);
    else
        *ret_reader = (nuget_reader){(intptr_t)file, (uint64_t)size.QuadPart};
    return status;
}

rj_status nuget_reader_next(nuget_reader *reader, const char *path, char *bytes, size_t size,
                            size_t *ret_length, rj_failure *failure)
{
    DWORD part = size > (1u << 30) ? 1u << 30 : (DWORD)size, n = 0;
    if (!ReadFile((HANDLE)reader->handle, bytes, part, &n, NULL))
        return fail_io(failure, "read", path);
    *ret_length = n;
    return RJ_OK;
}

void nuget_reader_close(nuget_reader *reader)
{
    CloseHandle((HANDLE)reader->handle);
}

/* Flushed in any case: nuget_flushes_each_file. */
rj_status nuget_write_new(const char *path, const char *text, size_t length, int durable,
                          rj_failure *failure)
{
    (void)durable;
    wchar_t *wide = rj_file_wide_path(path, failure);
    if (!wide)
        return failure ? failure->status : RJ_E_INVALID;
    HANDLE file =
        CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    rj_status status = file == INVALID_HANDLE_VALUE ? fail_io(failure, "create", path) : RJ_OK;
    if (status == RJ_OK && (!rj_file_write(file, text, length) || !FlushFileBuffers(file)))
        status = fail_io(failure, "write", path);
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
        if (status != RJ_OK)
            DeleteFileW(wide);
    }
    free(wide);
    return status;
}

rj_status nuget_rename_over(const char *from, const char *to, const char *verb, const char *shown,
                            rj_failure *failure)
{
    (void)verb;
    (void)shown;
    return rj_file_rename(from, to, failure);
}

rj_status nuget_link_or_copy(const char *from, const char *to, rj_failure *failure)
{
    wchar_t *old = rj_file_wide_path(from, failure);
    wchar_t *new = old ? rj_file_wide_path(to, failure) : NULL;
    rj_status status = new ? RJ_OK : failure ? failure->status : RJ_E_INVALID;
    if (status == RJ_OK && !CreateHardLinkW(new, old, NULL) &&
        (GetLastError() == ERROR_ALREADY_EXISTS || !CopyFileW(old, new, TRUE)))
        status = fail_io(failure, "create", to);
    free(old);
    free(new);
    return status;
}

/* ---- Folders ----------------------------------------------------------------------------------- */

char *nuget_after_root(char *path)
{
    char *at = path;
    for (int i = path[1] == ':' ? 1 : 4; i > 0 && *at; i--) {
        at += strcspn(at, "/\\");
        at += *at != '\0';
    }
    return at;
}

rj_status nuget_make_folder(const char *path, rj_failure *failure)
{
    char *copy = strdup(path);
    rj_status status = RJ_OK;
    if (!copy)
        return rj_fail_memory(failure);
    for (char *at = nuget_after_root(copy); status == RJ_OK && *at;) {
        char *end = at + strcspn(at, "/\\"), separator = *end;
        *end = '\0';
        wchar_t *wide = rj_file_wide_path(copy, failure);
        if (!wide)
            status = failure ? failure->status : RJ_E_INVALID;
        else if (!CreateDirectoryW(wide, NULL) && GetLastError() != ERROR_ALREADY_EXISTS)
            status = fail_io(failure, "make the folder", copy);
        free(wide);
        *end = separator;
        at = end + (separator != '\0');
    }
    free(copy);
    if (status == RJ_OK && nuget_look_through(path).kind != NUGET_FOLDER)
        status = rj_fail(failure, RJ_E_IO, "%s is not a folder", path);
    return status;
}

rj_status nuget_remove_file(const char *path, rj_failure *failure)
{
    wchar_t *wide = rj_file_wide_path(path, failure);
    if (!wide)
        return failure ? failure->status : RJ_E_INVALID;
    rj_status status = RJ_OK;
    if (!DeleteFileW(wide)) {
        DWORD error = GetLastError();
        /* a write protection is no lock */
        if (error == ERROR_ACCESS_DENIED && SetFileAttributesW(wide, FILE_ATTRIBUTE_NORMAL) &&
            DeleteFileW(wide))
            error = ERROR_SUCCESS;
        if (error != ERROR_SUCCESS && error != ERROR_FILE_NOT_FOUND &&
            error != ERROR_PATH_NOT_FOUND)
            status = rj_file_failure(failure, error, "remove", path);
    }
    free(wide);
    return status;
}

int nuget_remove_empty_folder(const char *path)
{
    wchar_t *wide = rj_file_wide_path(path, NULL);
    int gone = wide && (RemoveDirectoryW(wide) || GetLastError() == ERROR_FILE_NOT_FOUND ||
                        GetLastError() == ERROR_PATH_NOT_FOUND);
    free(wide);
    return gone;
}

rj_status nuget_sync_folder(const char *path, rj_failure *failure)
{
    (void)failure;
    rj_file_flush_folder(path);
    return RJ_OK;
}

rj_status nuget_sync_everything(const char *folder, rj_failure *failure)
{
    return nuget_sync_folder(folder, failure); /* each file has been flushed */
}
