/* SPDX-License-Identifier: MIT */
/*
 * Foreign files, see foreign_files_win32.h.
 *
 *     entry --> link, foreign owner, rights of others? --> renamed in its folder
 *           --> folder that is ours --> each of its entries
 *
 * From the top down: once a folder is known to be changed by nobody else, the names in it stay what we see.
 */
#include "service/foreign_files_win32.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/file.h"
#include "platform/paths.h"
#include "platform/system.h"
#include "platform/win32/wide_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>

#define ASIDE ".untrusted-"
#define FOLDER_MAX ((size_t)10000)
#define ENTRIES_MAX ((size_t)100000) /* of one entry of the folder: some ten seconds */
#define LEVELS_MAX 64
#define TRUSTED_INSTALLER L"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

/* There is no log yet. */
static char told[512];
static unsigned told_count;

const char *rj_foreign_told(void)
{
    return told;
}

static void tell(const char *path, const char *aside)
{
    static char first[400];
    if (told_count++ == 0)
        snprintf(first, sizeof first,
                 "%s was made, or could be exchanged, by another account and is now %s", path,
                 aside);
    if (told_count == 1)
        snprintf(told, sizeof told, "%s", first);
    else
        snprintf(told, sizeof told, "%s, and %u more like it (names with " ASIDE ")", first,
                 told_count - 1);
}

/* ---- One file -------------------------------------------------------------------------------- */

static bool is_own_user(PSID sid)
{
    HANDLE token = NULL;
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } space;
    DWORD size = 0;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    bool own = GetTokenInformation(token, TokenUser, &space, sizeof space, &size) &&
               EqualSid(space.user.User.Sid, sid);
    CloseHandle(token);
    return own;
}

static bool is_trusted_owner(PSID sid)
{
    PSID installer = NULL;
    if (IsWellKnownSid(sid, WinLocalSystemSid) || IsWellKnownSid(sid, WinBuiltinAdministratorsSid))
        return true;
    bool is_installer =
        ConvertStringSidToSidW(TRUSTED_INSTALLER, &installer) && EqualSid(installer, sid);
    LocalFree(installer);
    return is_installer || is_own_user(sid);
}

rj_status rj_foreign_open(const char *path, DWORD share_delete, HANDLE *ret_file, rj_error *err)
{
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return RJ_E_INVALID;
    /* Windows takes no part of a handle in sharing that may neither read, write nor delete. */
    DWORD sharing = share_delete ? 0 : FILE_LIST_DIRECTORY;
    HANDLE file =
        CreateFileW(wide, READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES | sharing,
                    FILE_SHARE_READ | FILE_SHARE_WRITE | share_delete, NULL, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD why = GetLastError();
    rj_free(wide);
    if (file == INVALID_HANDLE_VALUE)
        return rj_fail_win32(err, why, "%s", path);
    *ret_file = file;
    return RJ_OK;
}

static rj_status look_at_owner(HANDLE file, const char *path, bool *ret_trusted, rj_error *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;
    DWORD failed = GetSecurityInfo(file, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL,
                                   NULL, NULL, &descriptor);
    if (failed)
        return rj_fail_win32(err, failed, "owner of %s", path);
    *ret_trusted = owner && is_trusted_owner(owner);
    LocalFree(descriptor);
    return RJ_OK;
}

bool rj_foreign_is_administrators(HANDLE file)
{
    bool trusted = false;
    return look_at_owner(file, "it", &trusted, NULL) == RJ_OK && trusted;
}

rj_status rj_foreign_check_owner(HANDLE file, const char *path, rj_error *err)
{
    BY_HANDLE_FILE_INFORMATION facts;
    bool trusted = false;
    if (!GetFileInformationByHandle(file, &facts))
        return rj_fail_win32(err, GetLastError(), "%s", path);
    if (facts.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return rj_fail(err, RJ_E_DENIED, "%s is a link", path);
    rj_status status = look_at_owner(file, path, &trusted, err);
    return status || trusted ? status
                             : rj_fail(err, RJ_E_DENIED, "%s was made by another account", path);
}

rj_status rj_foreign_rights(HANDLE file, const char *path, DWORD *ret_rights, rj_error *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PACL list = NULL;
    DWORD failed = GetSecurityInfo(file, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
                                   &list, NULL, &descriptor);
    if (failed)
        return rj_fail_win32(err, failed, "rights of %s", path);
    DWORD rights = list ? 0 : GENERIC_ALL; /* without a list everybody may do everything */
    for (DWORD i = 0; list && i < list->AceCount; i++) {
        void *entry = NULL;
        if (!GetAce(list, i, &entry)) {
            rights = GENERIC_ALL;
            break;
        }
        const ACCESS_ALLOWED_ACE *allowed = entry;
        BYTE type = allowed->Header.AceType;
        PSID sid = (PSID)(uintptr_t)&allowed->SidStart;
        if ((allowed->Header.AceFlags & INHERIT_ONLY_ACE) || type == ACCESS_DENIED_ACE_TYPE)
            continue;
        if (type != ACCESS_ALLOWED_ACE_TYPE)
            rights |= GENERIC_ALL; /* nobody makes such by accident */
        else if (!is_trusted_owner(sid) && !IsWellKnownSid(sid, WinCreatorOwnerSid) &&
                 !IsWellKnownSid(sid, WinCreatorOwnerRightsSid))
            rights |= allowed->Mask;
    }
    LocalFree(descriptor);
    *ret_rights = rights;
    return RJ_OK;
}

rj_status rj_foreign_set_aside(const char *path, rj_error *err)
{
    rj_text aside = RJ_TEXT_EMPTY;
    rj_text_addf(&aside, "%s" ASIDE "%lld", path, (long long)rj_clock_wall_ms());
    if (rj_text_failed(&aside))
        return rj_fail_memory(err, "setting a foreign file aside");
    wchar_t *from = rj_wide_path(path, NULL), *to = rj_wide_path(aside.bytes, NULL);
    bool moved = from && to && MoveFileExW(from, to, 0);
    DWORD why = GetLastError();
    rj_free(from);
    rj_free(to);
    if (moved)
        tell(path, aside.bytes);
    rj_text_free(&aside);
    return moved ? RJ_OK : rj_fail_win32(err, why, "setting %s aside", path);
}

/* ---- Folders --------------------------------------------------------------------------------- */

typedef struct walk {
    size_t left;
    bool whole;
} walk;

/* RJ_E_DENIED: not to be used; RJ_E_NOT_FOUND: gone. */
static rj_status judge(const char *path, bool *ret_folder, rj_error *err)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD rights = 0;
    BY_HANDLE_FILE_INFORMATION facts = {0};
    rj_status status = rj_foreign_open(path, FILE_SHARE_DELETE, &file, err);
    if (status != RJ_OK)
        return status;
    status = rj_foreign_check_owner(file, path, err);
    if (status == RJ_OK)
        status = rj_foreign_rights(file, path, &rights, err);
    if (status == RJ_OK && (rights & (RJ_RIGHTS_TAKING | RJ_RIGHTS_ADDING)))
        status = rj_fail(err, RJ_E_DENIED, "%s could be changed by others", path);
    if (status == RJ_OK && !GetFileInformationByHandle(file, &facts))
        status = rj_fail_win32(err, GetLastError(), "%s", path);
    *ret_folder = (facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    CloseHandle(file);
    return status;
}

static rj_status clear_folder(walk *at, const char *folder, unsigned level, rj_error *err);

/* RJ_E_LIMIT: there is more in it than is looked at. */
static rj_status clear_entry(walk *at, const char *path, unsigned level, rj_error *err)
{
    bool folder = false;
    rj_error why = RJ_ERROR_NONE;
    rj_status status = judge(path, &folder, &why);
    if (status == RJ_OK && folder && at->whole)
        status = clear_folder(at, path, level + 1, &why);
    if (status == RJ_E_DENIED || (status == RJ_E_LIMIT && level == 1))
        return rj_foreign_set_aside(path, err);
    if (status == RJ_OK || status == RJ_E_NOT_FOUND)
        return RJ_OK;
    return rj_fail(err, status, "%s", why.text);
}

static rj_status clear_folder(walk *at, const char *folder, unsigned level, rj_error *err)
{
    char **names = NULL;
    size_t count = 0;
    if (level > LEVELS_MAX)
        return rj_fail(err, RJ_E_LIMIT, "%s lies too deep", folder);
    rj_status status = rj_dir_list(
        folder, level > 1 && at->left < FOLDER_MAX ? at->left : FOLDER_MAX, &names, &count, err);
    if (status == RJ_OK && level > 1)
        at->left -= count;
    for (size_t i = 0; status == RJ_OK && i < count; i++) {
        char *entry = NULL;
        if (strstr(names[i], ASIDE))
            continue;
        if (level == 1)
            at->left = ENTRIES_MAX;
        status = rj_path_join(folder, names[i], &entry, err);
        if (status == RJ_OK)
            status = clear_entry(at, entry, level, err);
        rj_free(entry);
    }
    rj_free(names);
    return status;
}

rj_status rj_foreign_clear(const char *folder, bool whole, rj_error *err)
{
    walk at = {.whole = whole};
    return clear_folder(&at, folder, 1, err);
}
