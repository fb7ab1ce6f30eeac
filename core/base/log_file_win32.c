/* SPDX-License-Identifier: MIT */
/*
 * The file of a log on Windows, see log_file.h.
 *
 * libuv knows no access list and ignores the mode: what it makes has the rights of the folder, and Users
 * read C:\Windows\Logs.  A renamed file keeps its list, so rotated ones are as closed.
 */
#include "base/log_file.h"

#include "base/alloc.h"

#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>
#include <wchar.h>

#include <windows.h>

#include <sddl.h>

#define PREFIX L"\\\\?\\"

/* Of any length; NULL with GetLastError(). */
static wchar_t *wide_path(const char *path)
{
    bool has_drive = path[0] && path[1] == ':';
    size_t start = has_drive ? wcslen(PREFIX) : 0;
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *wide = length > 0 ? rj_calloc(start + (size_t)length, sizeof *wide) : NULL;
    if (!wide)
        return NULL;
    wmemcpy(wide, PREFIX, start);
    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide + start, length);
    for (wchar_t *at = wide; *at; at++)
        *at = *at == L'/' ? L'\\' : *at;
    return wide;
}

/* LocalFree() it. */
static wchar_t *own_sid(void)
{
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } own;
    HANDLE token = NULL;
    DWORD size = 0;
    wchar_t *text = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    if (!GetTokenInformation(token, TokenUser, &own, sizeof own, &size) ||
        !ConvertSidToStringSidW(own.user.User.Sid, &text))
        text = NULL;
    CloseHandle(token);
    return text;
}

/* LocalFree() it; NULL with GetLastError().  Who makes it may go on with it, also when no longer elevated. */
static PSECURITY_DESCRIPTOR closed_list(void)
{
    wchar_t text[256];
    PSECURITY_DESCRIPTOR list = NULL;
    wchar_t *own = own_sid();
    _snwprintf(text, 256, L"D:P(A;;FA;;;SY)(A;;FA;;;BA)%ls%ls%ls", own ? L"(A;;FA;;;" : L"",
               own ? own : L"", own ? L")" : L"");
    LocalFree(own);
    return ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &list, NULL)
               ? list
               : NULL;
}

static HANDLE open_for_appending(const wchar_t *path, PSECURITY_DESCRIPTOR list, DWORD more)
{
    SECURITY_ATTRIBUTES rights = {.nLength = sizeof rights, .lpSecurityDescriptor = list};
    return CreateFileW(path, FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE | more,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &rights, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

/* An error of libuv for what is there but is no file of ours; 0: fine. */
static int refuse(HANDLE file)
{
    BY_HANDLE_FILE_INFORMATION facts;
    if (!GetFileInformationByHandle(file, &facts))
        return uv_translate_sys_error((int)GetLastError());
    return facts.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT ? UV_ELOOP
           : facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY   ? UV_EISDIR
                                                                 : 0;
}

static int open_with(const wchar_t *path, PSECURITY_DESCRIPTOR list)
{
    HANDLE file = open_for_appending(path, list, WRITE_DAC);
    DWORD code = GetLastError();
    bool may_close = file != INVALID_HANDLE_VALUE;
    bool was_there = may_close && code == ERROR_ALREADY_EXISTS;
    if (!may_close && code == ERROR_ACCESS_DENIED) {
        file = open_for_appending(path, list, 0);
        code = GetLastError();
    }
    if (file == INVALID_HANDLE_VALUE)
        return uv_translate_sys_error((int)code);
    int failed = refuse(file);
    if (!failed && was_there) /* made by an earlier version, or by hand */
        SetKernelObjectSecurity(file, DACL_SECURITY_INFORMATION, list);
    int descriptor = failed ? failed : _open_osfhandle((intptr_t)file, _O_APPEND | _O_BINARY);
    if (descriptor == -1 && !failed)
        descriptor = UV_EMFILE;
    if (descriptor < 0)
        CloseHandle(file);
    return descriptor;
}

int rj_log_file_open(const char *path)
{
    wchar_t *wide = wide_path(path);
    PSECURITY_DESCRIPTOR list = wide ? closed_list() : NULL;
    int descriptor = list ? open_with(wide, list) : wide ? UV_EACCES : UV_EINVAL;
    LocalFree(list);
    rj_free(wide);
    return descriptor;
}
