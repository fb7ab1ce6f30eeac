/* SPDX-License-Identifier: MIT */
/*
 * Files on Windows: see file_win32.h.
 *
 * Failure modes: scanners and indexers hold files that were just written open for moments; renames
 * are tried again for about a second before that is an error.
 */
#include "file_win32.h"

#include <winternl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 20
#define PAUSE_MS 50
#define LIST_BYTES ((DWORD)64 * 1024)

static int is_separator(char c)
{
    return c == '/' || c == '\\';
}

static int is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "//server/share/...", but no device ("//./", "//?/"). */
static int is_network(const char *path)
{
    return is_separator(path[0]) && is_separator(path[1]) && path[2] != '\0' &&
           !is_separator(path[2]) && !((path[2] == '.' || path[2] == '?') && is_separator(path[3]));
}

int rj_file_is_absolute(const char *path)
{
    return (is_letter(path[0]) && path[1] == ':' && is_separator(path[2])) || is_network(path);
}

wchar_t *rj_file_wide(const char *text)
{
    int units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *wide = units > 0 ? malloc((size_t)units * sizeof *wide) : NULL;

    if (wide)
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, units);
    return wide;
}

char *rj_file_utf8(const wchar_t *text, size_t units)
{
    int bytes = units > 0 ? WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, (int)units,
                                                NULL, 0, NULL, NULL)
                          : 0;
    char *utf8 = bytes > 0 || units == 0 ? malloc((size_t)bytes + 1) : NULL;

    if (!utf8)
        return NULL;
    if (bytes > 0)
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, (int)units, utf8, bytes, NULL,
                            NULL);
    utf8[bytes] = '\0';
    return utf8;
}

/* \\?\ paths are taken literally: no "/", no empty and no "." segments. */
static void normalize(wchar_t *path)
{
    wchar_t *out = path;

    for (const wchar_t *in = path; *in;) {
        size_t length = wcscspn(in, L"/\\");
        int dot = length == 1 && in[0] == L'.';

        if (length > 0 && !dot) {
            if (out != path)
                *out++ = L'\\';
            memmove(out, in, length * sizeof *in);
            out += length;
        }
        in += length;
        in += *in != L'\0';
    }
    if (out == path + 2 && path[1] == L':') /* a drive's root keeps its separator */
        *out++ = L'\\';
    *out = L'\0';
}

wchar_t *rj_file_wide_path(const char *path, rj_failure *failure)
{
    const wchar_t *prefix = is_network(path) ? L"\\\\?\\UNC\\" : L"\\\\?\\";
    wchar_t *text, *wide = NULL;
    size_t length;

    if (!rj_file_is_absolute(path)) {
        rj_fail(failure, RJ_E_INVALID, "%s is not an absolute path", path);
        return NULL;
    }
    text = rj_file_wide(path);
    if (!text) {
        rj_fail(failure, RJ_E_INVALID, "%s is not a name that Windows can have", path);
        return NULL;
    }
    length = wcslen(prefix);
    wide = malloc((length + wcslen(text) + 2) * sizeof *wide);
    if (wide) {
        memcpy(wide, prefix, length * sizeof *wide);
        wcscpy(wide + length, text);
        normalize(wide + length);
    } else {
        rj_fail_memory(failure);
    }
    free(text);
    return wide;
}

static rj_status status_of(DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_INVALID_DRIVE:
        return RJ_E_NOT_FOUND;
    case ERROR_ACCESS_DENIED:
    case ERROR_WRITE_PROTECT:
    case ERROR_PRIVILEGE_NOT_HELD:
        return RJ_E_DENIED;
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
        return RJ_E_INVALID;
    default:
        return RJ_E_IO;
    }
}

rj_status rj_file_failure(rj_failure *failure, DWORD error, const char *verb, const char *path)
{
    wchar_t text[300];
    DWORD units = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                                 error, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), text,
                                 sizeof text / sizeof *text, NULL);
    const char *advice = error == ERROR_DISK_FULL || error == ERROR_HANDLE_DISK_FULL
                             ? "; free some space and try again"
                             : "";
    char *says;
    rj_status status;

    while (units > 0 && (text[units - 1] <= L' ' || text[units - 1] == L'.'))
        units--;
    says = rj_file_utf8(text, units);
    status = says && *says ? rj_fail(failure, status_of(error), "cannot %s %.500s: %s%s", verb,
                                     path, says, advice)
                           : rj_fail(failure, status_of(error), "cannot %s %.500s: error %lu%s",
                                     verb, path, error, advice);
    free(says);
    return status;
}

HANDLE rj_file_open(const char *path, DWORD access, DWORD flags)
{
    wchar_t *wide = rj_file_wide_path(path, NULL);
    HANDLE file = INVALID_HANDLE_VALUE;

    DWORD error = ERROR_INVALID_NAME;

    if (wide) {
        file = CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                           NULL, OPEN_EXISTING, flags, NULL);
        error = GetLastError();
    }
    free(wide);
    SetLastError(error);
    return file;
}

HANDLE rj_file_open_at(HANDLE folder, const wchar_t *name, DWORD access, int disposition, int kind)
{
    static const ULONG dispositions[] = {0, FILE_OPEN, FILE_CREATE, FILE_OPEN_IF};
    static const ULONG kinds[] = {0, FILE_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE};
    UNICODE_STRING text = {(USHORT)(wcslen(name) * sizeof *name),
                           (USHORT)(wcslen(name) * sizeof *name), (wchar_t *)(uintptr_t)name};
    OBJECT_ATTRIBUTES object;
    IO_STATUS_BLOCK block;
    HANDLE file = INVALID_HANDLE_VALUE;
    NTSTATUS status;

    InitializeObjectAttributes(&object, &text, OBJ_CASE_INSENSITIVE, folder, NULL);
    status = NtCreateFile(
        &file, access | SYNCHRONIZE, &object, &block, NULL, FILE_ATTRIBUTE_NORMAL,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, dispositions[disposition],
        kinds[kind] | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_REPARSE_POINT, NULL, 0);
    if (status < 0) {
        SetLastError(RtlNtStatusToDosError(status));
        return INVALID_HANDLE_VALUE;
    }
    return file;
}

DWORD rj_file_attributes(HANDLE file)
{
    BY_HANDLE_FILE_INFORMATION facts;

    return GetFileInformationByHandle(file, &facts) ? facts.dwFileAttributes : 0;
}

int rj_file_write(HANDLE file, const void *bytes, size_t length)
{
    const char *from = bytes;

    while (length > 0) {
        DWORD piece = length > (1u << 30) ? 1u << 30 : (DWORD)length, written = 0;

        if (!WriteFile(file, from, piece, &written, NULL))
            return 0;
        from += written;
        length -= written;
    }
    return 1;
}

rj_status rj_file_rename(const char *from, const char *to, rj_failure *failure)
{
    wchar_t *old = rj_file_wide_path(from, failure);
    wchar_t *new = old ? rj_file_wide_path(to, failure) : NULL;
    DWORD error = ERROR_SUCCESS;

    for (int i = 0; new &&i < TRIES; i++) {
        if (MoveFileExW(old, new, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
            error = ERROR_SUCCESS;
            break;
        }
        error = GetLastError();
        if (error != ERROR_SHARING_VIOLATION && error != ERROR_ACCESS_DENIED)
            break;
        Sleep(PAUSE_MS);
    }
    free(old);
    if (!new)
        return failure ? failure->status : RJ_E_INVALID;
    free(new);
    return error == ERROR_SUCCESS ? RJ_OK : rj_file_failure(failure, error, "rename", from);
}

void rj_file_flush_folder(const char *path)
{
    HANDLE folder = rj_file_open(path, GENERIC_WRITE, FILE_FLAG_BACKUP_SEMANTICS);

    if (folder == INVALID_HANDLE_VALUE)
        return;
    FlushFileBuffers(folder);
    CloseHandle(folder);
}

static rj_status each_of(const char *bytes,
                         rj_status (*each)(void *data, const wchar_t *name, DWORD attributes),
                         void *data, rj_failure *failure)
{
    rj_status status = RJ_OK;

    for (;;) {
        const FILE_ID_BOTH_DIR_INFO *entry = (const void *)bytes;
        size_t units = entry->FileNameLength / sizeof(wchar_t);
        wchar_t *name = malloc((units + 1) * sizeof *name);

        if (!name)
            return rj_fail_memory(failure);
        memcpy(name, entry->FileName, units * sizeof *name);
        name[units] = L'\0';
        if (wcscmp(name, L".") != 0 && wcscmp(name, L"..") != 0)
            status = each(data, name, entry->FileAttributes);
        free(name);
        if (status != RJ_OK || entry->NextEntryOffset == 0)
            return status;
        bytes += entry->NextEntryOffset;
    }
}

rj_status rj_file_each(HANDLE folder, const char *shown,
                       rj_status (*each)(void *data, const wchar_t *name, DWORD attributes),
                       void *data, rj_failure *failure)
{
    FILE_INFO_BY_HANDLE_CLASS class = FileIdBothDirectoryRestartInfo;
    char *bytes = malloc(LIST_BYTES);
    rj_status status = bytes ? RJ_OK : rj_fail_memory(failure);

    while (status == RJ_OK) {
        if (!GetFileInformationByHandleEx(folder, class, bytes, LIST_BYTES)) {
            DWORD error = GetLastError();

            if (error != ERROR_NO_MORE_FILES && error != ERROR_FILE_NOT_FOUND)
                status = rj_file_failure(failure, error, "list", shown);
            break;
        }
        class = FileIdBothDirectoryInfo;
        status = each_of(bytes, each, data, failure);
    }
    free(bytes);
    return status;
}
