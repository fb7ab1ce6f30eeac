/* SPDX-License-Identifier: MIT */
/*
 * The file of a log on Windows, see log_file.h.
 *
 * libuv knows no access list and ignores the mode: what it makes has the rights of the folder, and Users
 * read C:\Windows\Logs.  A renamed file keeps its list, so rotated ones are as closed; those of an earlier version
 * are closed when the log is opened.
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
#define SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define LIST_BYTES 4096

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
    SECURITY_ATTRIBUTES rights = {.nLength = sizeof rights, .lpSecurityDescriptor = list};
    HANDLE file =
        CreateFileW(path, FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE, SHARED, &rights,
                    OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return uv_translate_sys_error((int)GetLastError());
    int failed = refuse(file);
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

/* It has this very list already, and inherits nothing. */
static bool has_list(HANDLE file, PSECURITY_DESCRIPTOR wanted)
{
    union {
        SECURITY_DESCRIPTOR descriptor;
        BYTE bytes[LIST_BYTES];
    } now;
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    BOOL there = FALSE, defaulted = FALSE;
    DWORD size = 0, revision = 0;
    PACL has = NULL, list = NULL;
    if (!GetKernelObjectSecurity(file, DACL_SECURITY_INFORMATION, &now, sizeof now, &size) ||
        !GetSecurityDescriptorControl(&now, &control, &revision) ||
        !(control & SE_DACL_PROTECTED) ||
        !GetSecurityDescriptorDacl(&now, &there, &has, &defaulted) ||
        !GetSecurityDescriptorDacl(wanted, &there, &list, &defaulted) || !has || !list)
        return false;
    return has->AclSize == list->AclSize && has->AceCount == list->AceCount &&
           memcmp(has + 1, list + 1, list->AclSize - sizeof *list) == 0;
}

static bool give_list(const wchar_t *path, PSECURITY_DESCRIPTOR list)
{
    HANDLE file =
        CreateFileW(path, READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES, SHARED, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    bool given = refuse(file) == 0 &&
                 (has_list(file, list) ||
                  SetKernelObjectSecurity(
                      file, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, list));
    CloseHandle(file);
    return given;
}

bool rj_log_file_close_to_others(const char *path)
{
    wchar_t *wide = wide_path(path);
    PSECURITY_DESCRIPTOR list = wide ? closed_list() : NULL;
    bool given = list && give_list(wide, list);
    LocalFree(list);
    rj_free(wide);
    return given;
}
