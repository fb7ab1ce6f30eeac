/* SPDX-License-Identifier: MIT */
/* Text, paths and error codes between the agent and the system. */
#include "platform/win32/wide_win32.h"

#include "base/alloc.h"
#include "base/text.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* ---- Text ------------------------------------------------------------------------------------ */

wchar_t *rj_wide(const char *utf8)
{
    if (!utf8)
        return NULL;
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, NULL, 0);
    if (length <= 0)
        return NULL;
    wchar_t *wide = rj_malloc((size_t)length * sizeof *wide);
    if (!wide) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, wide, length);
    return wide;
}

char *rj_utf8(const wchar_t *wide)
{
    if (!wide)
        return NULL;
    int length = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    if (length <= 0)
        return NULL;
    char *text = rj_malloc((size_t)length);
    if (!text)
        return NULL;
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, length, NULL, NULL);
    rj_utf8_repair(text, (size_t)length - 1);
    return text;
}

/* ---- Paths ----------------------------------------------------------------------------------- */

static bool is_slash(wchar_t c)
{
    return c == L'/' || c == L'\\';
}

static bool is_letter(wchar_t c)
{
    return (c >= L'a' && c <= L'z') || (c >= L'A' && c <= L'Z');
}

/* "X:" at the start, with a slash or nothing behind it. */
static bool has_drive(const wchar_t *path)
{
    return is_letter(path[0]) && path[1] == L':' && (!path[2] || is_slash(path[2]));
}

static bool has_prefix(const wchar_t *path, const wchar_t *prefix)
{
    for (; *prefix; path++, prefix++)
        if (*prefix == L'\\' ? !is_slash(*path) : towlower(*path) != *prefix)
            return false;
    return true;
}

static wchar_t *full_path(const wchar_t *relative)
{
    DWORD size = GetFullPathNameW(relative, 0, NULL, NULL);
    wchar_t *full = size ? rj_malloc((size_t)size * sizeof *full) : NULL;
    if (full && GetFullPathNameW(relative, size, full, NULL) >= size) {
        rj_free(full);
        full = NULL;
    }
    return full;
}

/* The components of `from` behind `to`, which is where the root of the path ends; false: a bad one. */
static bool add_components(wchar_t *root_end, const wchar_t *from)
{
    wchar_t *to = root_end;
    while (*from) {
        size_t length = 0;
        while (from[length] && !is_slash(from[length])) {
            if (from[length] == L':' || from[length] < 0x20)
                return false;
            length++;
        }
        if (length == 2 && from[0] == L'.' && from[1] == L'.') {
            while (to > root_end && *--to != L'\\') {
            }
        } else if (length && !(length == 1 && from[0] == L'.')) {
            *to++ = L'\\';
            wmemcpy(to, from, length);
            to += length;
        }
        from += length;
        while (is_slash(*from))
            from++;
    }
    if (to == root_end) /* "X:" alone would be a volume, not its top folder */
        *to++ = L'\\';
    *to = L'\0';
    return true;
}

/* "\\?\..." of an absolute path; false: not a path of a file. */
static bool make_native(const wchar_t *path, wchar_t *native)
{
    if (has_prefix(path, L"\\\\.\\pipe\\")) {
        if (!path[9] || wcspbrk(path + 9, L"\\/:")) /* ".." would lead out of the pipes */
            return false;
        wcscpy(native, path);
        for (wchar_t *c = native; *c; c++)
            *c = *c == L'/' ? L'\\' : *c;
        return true;
    }
    const wchar_t *server = NULL;
    if (has_prefix(path, L"\\\\?\\unc\\"))
        server = path + 8;
    else if (has_prefix(path, L"\\\\?\\"))
        path += 4;
    else if (is_slash(path[0]) && is_slash(path[1]))
        server = path + 2;
    if (!server && has_drive(path)) {
        wcscpy(native, L"\\\\?\\");
        native[4] = path[0];
        native[5] = L':';
        return add_components(native + 6, path + 2);
    }
    if (!server)
        return false;
    size_t server_length = wcscspn(server, L"/\\:");
    if (!server_length || !is_slash(server[server_length]) ||
        wcsspn(server, L".?") == server_length)
        return false;
    const wchar_t *share = server + server_length + 1;
    size_t share_length = wcscspn(share, L"/\\:");
    if (!share_length || share[share_length] == L':')
        return false;
    wcscpy(native, L"\\\\?\\UNC\\");
    wmemcpy(native + 8, server, server_length);
    native[8 + server_length] = L'\\';
    wmemcpy(native + 9 + server_length, share, share_length);
    return add_components(native + 9 + server_length + share_length, share + share_length);
}

wchar_t *rj_wide_path(const char *utf8, rj_error *err)
{
    wchar_t *native = NULL;
    wchar_t *path = rj_wide(utf8);
    DWORD code = path ? ERROR_INVALID_NAME : GetLastError();
    if (path && *path && !has_drive(path) && !(is_slash(path[0]) && is_slash(path[1]))) {
        wchar_t *full = full_path(path);
        rj_free(path);
        path = full;
    }
    if (path && *path) {
        native = rj_malloc((wcslen(path) + 12) * sizeof *native);
        code = native ? code : ERROR_NOT_ENOUGH_MEMORY;
    }
    if (native && !make_native(path, native)) {
        rj_free(native);
        native = NULL;
    }
    rj_free(path);
    if (!native && code == ERROR_NOT_ENOUGH_MEMORY)
        rj_fail_memory(err, "converting a path");
    else if (!native)
        rj_fail(err, RJ_E_INVALID, "\"%s\" is not the path of a file", utf8);
    SetLastError(native ? ERROR_SUCCESS : code);
    return native;
}

/* ---- Error codes ----------------------------------------------------------------------------- */

/* The system's words, English if it has them, without the full stop and line end. */
static void words_of(DWORD code, char *text, size_t size)
{
    wchar_t wide[256];
    const DWORD flags =
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
    DWORD length = FormatMessageW(flags, NULL, code, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US),
                                  wide, sizeof wide / sizeof wide[0], NULL);
    if (!length)
        length = FormatMessageW(flags, NULL, code, 0, wide, sizeof wide / sizeof wide[0], NULL);
    while (length && (wide[length - 1] <= L' ' || wide[length - 1] == L'.'))
        length--;
    int used =
        length ? WideCharToMultiByte(CP_UTF8, 0, wide, (int)length, text, (int)size - 1, NULL, NULL)
               : 0;
    if (used > 0)
        text[used] = '\0';
    else
        snprintf(text, size, "error %lu", (unsigned long)code);
}

rj_status rj_fail_win32(rj_error *err, DWORD code, const char *format, ...)
{
    rj_status status = rj_status_of_win32(code);
    if (!err)
        return status;
    char words[RJ_ERROR_TEXT];
    char reason[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    words_of(code, reason, sizeof reason);
    return rj_fail(err, status, "%s: %s", words, reason);
}

rj_status rj_status_of_win32(DWORD code)
{
    switch (code) {
    case ERROR_SUCCESS:
        return RJ_OK;
    case ERROR_ACCESS_DENIED:
    case ERROR_WRITE_PROTECT:
    case ERROR_PRIVILEGE_NOT_HELD:
    case ERROR_LOGON_FAILURE:
        return RJ_E_DENIED;
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_BUSY:
    case ERROR_PIPE_BUSY:
    case ERROR_DELETE_PENDING:
    case ERROR_DRIVE_LOCKED:
    case ERROR_USER_MAPPED_FILE:
        return RJ_E_BUSY;
    case ERROR_CANCELLED:
    case ERROR_OPERATION_ABORTED:
        return RJ_E_CANCELLED;
    case ERROR_INVALID_PARAMETER:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_FILENAME_EXCED_RANGE:
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_INVALID_SID:
    case ERROR_NO_UNICODE_TRANSLATION:
    case ERROR_INVALID_DATA:
        return RJ_E_INVALID;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_NOT_FOUND:
    case ERROR_NONE_MAPPED:
    case ERROR_MOD_NOT_FOUND:
    case ERROR_PROC_NOT_FOUND:
    case ERROR_SERVICE_DOES_NOT_EXIST:
    case ERROR_NO_MORE_FILES:
        return RJ_E_NOT_FOUND;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_COMMITMENT_LIMIT:
        return RJ_E_NO_MEMORY;
    case ERROR_TOO_MANY_OPEN_FILES:
    case ERROR_FILE_TOO_LARGE:
    case ERROR_NO_SYSTEM_RESOURCES:
        return RJ_E_LIMIT;
    case ERROR_TIMEOUT:
    case ERROR_SEM_TIMEOUT:
    case WAIT_TIMEOUT:
        return RJ_E_TIMEOUT;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
    case ERROR_DIR_NOT_EMPTY:
        return RJ_E_EXISTS;
    case ERROR_FILE_CORRUPT:
    case ERROR_DISK_CORRUPT:
    case ERROR_CRC:
        return RJ_E_CORRUPT;
    default:
        return RJ_E_IO;
    }
}
