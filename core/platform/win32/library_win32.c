/* SPDX-License-Identifier: MIT */
/*
 * Libraries by handle: opened once, such that nobody can write, rename or delete the file meanwhile;
 * then its trust is checked, what the handle holds is hashed, and the file is mapped by its full name.
 * The handle stays open as long as the library is mapped.
 */
#include "platform/library_system.h"

#include "base/alloc.h"
#include "command_line_win32.h"
#include "descriptor_win32.h"
#include "platform/file_system.h"
#include "wide_win32.h"

#include <stdio.h>
#include <string.h>

#define PATH_CHARS 32768u

struct rj_library {
    HMODULE module;
    int file;
};

static rj_status open_locked(const char *path, HANDLE *ret_file, rj_error *err)
{
    BY_HANDLE_FILE_INFORMATION facts;
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return RJ_E_INVALID;
    HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                              FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD problem = GetLastError();
    rj_free(wide);
    if (file == INVALID_HANDLE_VALUE)
        return rj_fail_win32(err, problem, "%s cannot be opened", path);
    rj_status status = RJ_OK;
    if (!GetFileInformationByHandle(file, &facts))
        status = rj_fail_win32(err, GetLastError(), "%s cannot be examined", path);
    else if (facts.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT))
        status = rj_fail(err, RJ_E_INVALID, "%s is not a regular file", path);
    if (status)
        CloseHandle(file);
    else
        *ret_file = file;
    return status;
}

static rj_status check_hash(const char *path, HANDLE file, const char *sha256, rj_error *err)
{
    const rj_open_file open_file = {.handle = (intptr_t)file};
    char found[65];
    rj_status status = rj_open_file_sha256(&open_file, path, found, err);
    if (status)
        return status;
    return rj_library_expect_hash(path, found, sha256, err);
}

rj_status rj_library_check(const char *path, const char *boundary, const char *sha256,
                           int *ret_file, rj_error *err)
{
    HANDLE file = NULL;
    rj_status status = open_locked(path, &file, err);
    if (status)
        return status;
    status = rj_file_check_trusted(path, boundary, err);
    if (!status && sha256)
        status = check_hash(path, file, sha256, err);
    if (!status)
        return rj_descriptor_of_handle(file, ret_file, err);
    CloseHandle(file);
    return status;
}

/* The name that the handle has now; nobody can change it while it is open. */
static rj_status name_of(int file, const char *name, wchar_t **ret_path, rj_error *err)
{
    rj_status status = RJ_OK;
    HANDLE handle = rj_descriptor_handle(file);
    wchar_t *wide = rj_calloc(PATH_CHARS, sizeof *wide);
    if (!wide)
        return rj_fail_memory(err, "loading a library");
    DWORD length =
        handle ? GetFinalPathNameByHandleW(handle, wide, PATH_CHARS, FILE_NAME_NORMALIZED) : 0;
    if (length == 0 || length >= PATH_CHARS) {
        status =
            rj_fail_win32(err, GetLastError(), "%s cannot be loaded: its path is not known", name);
    } else {
        char *path = rj_utf8(wide);
        *ret_path = path ? rj_program_path(path, err) : NULL;
        if (!*ret_path)
            status = rj_fail_memory(err, "loading a library");
        rj_free(path);
    }
    rj_free(wide);
    return status;
}

rj_status rj_library_map(int file, const char *name, rj_library **ret_library, rj_error *err)
{
    wchar_t *path = NULL;
    DWORD mode = 0;
    rj_library *library = rj_calloc(1, sizeof *library);
    if (!library)
        return rj_fail_memory(err, "loading a library");
    rj_status status = name_of(file, name, &path, err);
    if (!status) {
        SetThreadErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX, &mode);
        /* Not its own folder: what lies there has neither been hashed nor asked for its signature. */
        library->module = LoadLibraryExW(path, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
        DWORD problem = GetLastError();
        SetThreadErrorMode(mode, NULL);
        if (!library->module && problem == ERROR_BAD_EXE_FORMAT)
            status =
                rj_fail(err, RJ_E_FAILED, "%s cannot be loaded: it is no library for x64", name);
        else if (!library->module && problem == ERROR_MOD_NOT_FOUND)
            status =
                rj_fail(err, RJ_E_FAILED,
                        "%s cannot be loaded: it needs a library that is not in System32; link "
                        "what it needs into it",
                        name);
        else if (!library->module)
            status = rj_fail_win32(err, problem, "%s cannot be loaded", name);
    }
    rj_free(path);
    library->file = file;
    if (status)
        rj_free(library);
    else
        *ret_library = library;
    return status;
}

void rj_library_close_file(int file)
{
    if (file >= 0)
        rj_descriptor_close(file);
}

void *rj_library_symbol(rj_library *library, const char *name)
{
    union {
        FARPROC address;
        void *symbol;
    } found = {.address = GetProcAddress(library->module, name)};
    return found.symbol;
}

void rj_library_close(rj_library *library)
{
    if (!library)
        return;
    FreeLibrary(library->module);
    rj_library_close_file(library->file);
    rj_free(library);
}
