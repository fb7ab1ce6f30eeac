/* SPDX-License-Identifier: MIT */
/*
 * May code or policy be taken from a path?  Components are looked at from the top down: once a folder
 * is known to be changed by nobody else, what it holds stays what we see.
 *
 * Windows lets Users add files and folders in the top folder of a drive and in ProgramData.  That is like
 * a sticky folder elsewhere, and accepted of a folder further up; not of the one that holds the thing
 * itself, as a library takes others from beside it.
 */
#include "platform/file.h"

#include "base/alloc.h"
#include "platform/paths.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/open_at_win32.h"
#include "platform/win32/wide_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>

/* To change the thing or who may do so. */
#define CHANGES_ADDING (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES)
#define CHANGES_TAKING                                                                             \
    (FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL |          \
     MAXIMUM_ALLOWED)

/* ---- Accounts -------------------------------------------------------------------------------- */

/* SYSTEM, Administrators, the installer of Windows, who the program runs as, and (in a list only) "whoever
 * owns it", as the owner is looked at by itself. */
static bool is_ours(const char *sid, const char *own)
{
    static const char installer[] =
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
    return strcmp(sid, "S-1-5-18") == 0 || strcmp(sid, "S-1-5-32-544") == 0 ||
           strcmp(sid, installer) == 0 || strcmp(sid, own) == 0;
}

static bool is_owner_word(const char *sid)
{
    return strcmp(sid, "S-1-3-0") == 0 || strcmp(sid, "S-1-3-4") == 0;
}

static bool sid_text(PSID sid, char text[192])
{
    wchar_t *wide = NULL;
    if (!sid || !IsValidSid(sid) || !ConvertSidToStringSidW(sid, &wide))
        return false;
    int length = WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, 192, NULL, NULL);
    LocalFree(wide);
    return length > 0;
}

/* "DOMAIN\name" of a SID, or its text. */
static void name_of(PSID sid, const char *text, char *name, size_t size)
{
    wchar_t account[128];
    wchar_t domain[128];
    DWORD account_size = 128;
    DWORD domain_size = 128;
    SID_NAME_USE use;
    char *utf8_domain = NULL;
    char *utf8_account = NULL;
    if (LookupAccountSidW(NULL, sid, account, &account_size, domain, &domain_size, &use)) {
        utf8_domain = rj_utf8(domain);
        utf8_account = rj_utf8(account);
    }
    if (utf8_domain && utf8_account)
        snprintf(name, size, "%s%s%s", utf8_domain, *utf8_domain ? "\\" : "", utf8_account);
    else
        snprintf(name, size, "%s", text);
    rj_free(utf8_domain);
    rj_free(utf8_account);
}

/* ---- One component --------------------------------------------------------------------------- */

static rj_status check_entry(const ACE_HEADER *entry, DWORD harmful, const char *path,
                             const char *own, rj_error *err)
{
    if ((entry->AceFlags & INHERIT_ONLY_ACE) || entry->AceType == ACCESS_DENIED_ACE_TYPE ||
        entry->AceType == ACCESS_DENIED_OBJECT_ACE_TYPE ||
        entry->AceType == ACCESS_DENIED_CALLBACK_ACE_TYPE)
        return RJ_OK;
    if (entry->AceType != ACCESS_ALLOWED_ACE_TYPE &&
        entry->AceType != ACCESS_ALLOWED_CALLBACK_ACE_TYPE)
        return rj_fail(err, RJ_E_DENIED, "%s has an access list with an entry of unknown kind %u",
                       path, entry->AceType);
    const ACCESS_ALLOWED_ACE *allowed = (const ACCESS_ALLOWED_ACE *)(const void *)entry;
    PSID sid = (PSID)(uintptr_t)&allowed->SidStart;
    char text[192];
    char name[300];
    if (!(allowed->Mask & harmful))
        return RJ_OK;
    if (!sid_text(sid, text))
        return rj_fail(err, RJ_E_DENIED, "%s has an access list that cannot be read", path);
    if (is_ours(text, own) || is_owner_word(text))
        return RJ_OK;
    name_of(sid, text, name, sizeof name);
    return rj_fail(err, RJ_E_DENIED,
                   "%s may be written by %s (rights 0x%08lx); take that away first", path, name,
                   (unsigned long)allowed->Mask);
}

static rj_status check_access(HANDLE handle, const char *path, DWORD harmful, const char *own,
                              rj_error *err)
{
    PSID owner = NULL;
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    DWORD code = GetSecurityInfo(handle, SE_FILE_OBJECT,
                                 OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                                 NULL, &list, NULL, &descriptor);
    if (code)
        return rj_fail_win32(err, code, "who may change %s cannot be examined", path);
    char text[192] = "";
    char name[300];
    rj_status status = RJ_OK;
    if (!sid_text(owner, text) || !is_ours(text, own)) {
        if (*text)
            name_of(owner, text, name, sizeof name);
        status = rj_fail(err, RJ_E_DENIED,
                         "%s belongs to %s; it must belong to SYSTEM, Administrators or the user "
                         "running this",
                         path, *text ? name : "nobody");
    } else if (!list) {
        status = rj_fail(err, RJ_E_DENIED, "%s may be written by everybody; it has no access list",
                         path);
    }
    for (DWORD i = 0; !status && i < list->AceCount; i++) {
        void *entry = NULL;
        if (GetAce(list, i, &entry))
            status = check_entry(entry, harmful, path, own, err);
        else
            status =
                rj_fail_win32(err, GetLastError(), "who may change %s cannot be examined", path);
    }
    LocalFree(descriptor);
    return status;
}

/* `adding_is_fine`: a folder further up. */
static rj_status check_component(const char *path, bool adding_is_fine, const char *own,
                                 rj_error *err)
{
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return rj_status_of_win32(GetLastError());
    HANDLE handle = NULL;
    DWORD code = rj_open_unfollowed(wide, READ_CONTROL, &handle);
    rj_free(wide);
    if (code)
        return rj_fail_win32(err, code, "%s cannot be examined", path);
    DWORD attributes = rj_handle_attributes(handle);
    DWORD harmful = CHANGES_TAKING;
    if (!adding_is_fine || !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        harmful |= CHANGES_ADDING;
    rj_status status = RJ_OK;
    if (!attributes)
        status = rj_fail_win32(err, GetLastError(), "%s cannot be examined", path);
    else if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        status = rj_fail(err, RJ_E_DENIED,
                         "%s is a link (reparse point); nothing is loaded through one", path);
    else
        status = check_access(handle, path, harmful, own, err);
    CloseHandle(handle);
    return status;
}

/* ---- The whole path -------------------------------------------------------------------------- */

/* Where the names begin: behind "X:/" or "//server/share/"; 0 if it has "." or "..", an empty component
 * or other slashes. */
static size_t plain_start(const char *path)
{
    if (!rj_path_is_absolute(path) || strchr(path, '\\'))
        return 0;
    size_t start = 3;
    if (path[0] == '/') {
        start = 2 + strcspn(path + 2, "/");
        start += path[start] ? 1 : 0;
        start += strcspn(path + start, "/");
        start += path[start] ? 1 : 0;
    }
    for (const char *at = path + start; *at;) {
        size_t length = strcspn(at, "/");
        if (length == 0 || (length == 1 && at[0] == '.') ||
            (length == 2 && at[0] == '.' && at[1] == '.') || (at[length] && !at[length + 1]))
            return 0;
        at += length + (at[length] ? 1 : 0);
    }
    return start;
}

rj_status rj_file_check_trusted(const char *path, const char *boundary, rj_error *err)
{
    size_t start = plain_start(path);
    if (!start)
        return rj_fail(err, RJ_E_INVALID, "\"%s\" is not an absolute path without \"..\"", path);
    size_t inner = boundary && *boundary ? strlen(boundary) : 0;
    while (inner && boundary[inner - 1] == '/')
        inner--;
    if (inner && (strncmp(path, boundary, inner) != 0 || (path[inner] && path[inner] != '/')))
        return rj_fail(err, RJ_E_INVALID, "%s is not below %s", path, boundary);
    char *own = NULL;
    char *prefix = rj_strdup(path);
    rj_status status =
        prefix ? rj_account_token_sid(NULL, &own, err) : rj_fail_memory(err, "checking a path");
    size_t length = strlen(path);
    size_t last_slash = (size_t)(strrchr(path, '/') - path);
    bool whole_drive = inner < start;
    if (!status && whole_drive) { /* the top folder, with its slash */
        prefix[start] = '\0';
        status = check_component(prefix, length > start && last_slash >= start, own, err);
        prefix[start] = path[start];
    }
    for (size_t end = whole_drive ? start + 1 : inner; !status && end <= length; end++) {
        if (path[end] && path[end] != '/')
            continue;
        prefix[end] = '\0';
        status = check_component(prefix, end < last_slash, own, err);
        prefix[end] = path[end];
    }
    rj_free(prefix);
    rj_free(own);
    return status;
}
