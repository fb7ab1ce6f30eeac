/* SPDX-License-Identifier: MIT */
/*
 * Foreign files, see foreign_files_win32.h.
 *
 *     entry --> link, foreign owner             --> renamed in its folder
 *           --> one of ours, rights of others
 *                  in a folder that was not ours --> renamed: its content may be theirs
 *                  in one that is                --> an administrator gave them: taken back, then what is in it
 *           --> folder that is ours             --> each of its entries, if all is looked at
 *
 * From the top down: once a folder is known to be changed by nobody else, the names in it stay what we see.
 */
#include "service/foreign_files_win32.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/file.h"
#include "platform/paths.h"
#include "platform/system.h"
#include "platform/win32/wide_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ASIDE ".untrusted-"
#define FOLDER_MAX ((size_t)10000)
#define ENTRIES_MAX ((size_t)100000) /* of one entry of the folder: some ten seconds */
#define LEVELS_MAX 64
#define TRUSTED_INSTALLER L"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

#define LOGGER "service.folders"
#define TOLD_MAX 20
#define ALONE_TRIES 5
#define BUSY_MS 100
/* Beside what is inherited: without them a folder above that hands nothing on would leave us outside. */
#define SDDL_GIVEN_BACK L"D:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"

/* There is no log yet. */
static struct {
    int level;
    char text[RJ_ERROR_TEXT + 600];
} told[TOLD_MAX];
static unsigned told_count;

static void tell(int level, const char *format, ...)
{
    va_list arguments;
    if (told_count++ >= TOLD_MAX)
        return;
    told[told_count - 1].level = level;
    va_start(arguments, format);
    vsnprintf(told[told_count - 1].text, sizeof told[0].text, format, arguments);
    va_end(arguments);
}

bool rj_foreign_has_told(void)
{
    return told_count > 0;
}

void rj_foreign_tell(void)
{
    for (unsigned i = 0; i < told_count && i < TOLD_MAX; i++)
        rj_log(told[i].level, LOGGER, NULL, "%s", told[i].text);
    if (told_count > TOLD_MAX)
        rj_log(RJ_LOG_ERROR, LOGGER, NULL, "and %u more; look for names with " ASIDE,
               told_count - TOLD_MAX);
    told_count = 0;
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

static rj_status open_shared(const char *path, DWORD share, HANDLE *ret_file, rj_error *err)
{
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return RJ_E_INVALID;
    /* Windows takes no part of a handle in sharing that may neither read, write nor delete. */
    DWORD sharing = share & FILE_SHARE_DELETE ? 0 : FILE_LIST_DIRECTORY;
    HANDLE file =
        CreateFileW(wide, READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES | sharing, share, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD why = GetLastError();
    rj_free(wide);
    if (file == INVALID_HANDLE_VALUE)
        return rj_fail_win32(err, why, "%s", path);
    *ret_file = file;
    return RJ_OK;
}

rj_status rj_foreign_open(const char *path, DWORD share_delete, HANDLE *ret_file, rj_error *err)
{
    return open_shared(path, FILE_SHARE_READ | FILE_SHARE_WRITE | share_delete, ret_file, err);
}

/* While nobody has it open to change or rename it. */
static rj_status open_alone(const char *path, HANDLE *ret_file, rj_error *err)
{
    rj_status status = open_shared(path, FILE_SHARE_READ, ret_file, err);
    for (int tries = 1; status == RJ_E_BUSY && tries < ALONE_TRIES; tries++) {
        Sleep(BUSY_MS); /* a scanner lets go soon */
        status = open_shared(path, FILE_SHARE_READ, ret_file, err);
    }
    return status;
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

rj_status rj_foreign_set_aside(const char *path, const char *why, rj_error *err)
{
    rj_text aside = RJ_TEXT_EMPTY;
    rj_text_addf(&aside, "%s" ASIDE "%lld", path, (long long)rj_clock_wall_ms());
    if (rj_text_failed(&aside))
        return rj_fail_memory(err, "setting a foreign file aside");
    wchar_t *from = rj_wide_path(path, NULL), *to = rj_wide_path(aside.bytes, NULL);
    bool moved = from && to && MoveFileExW(from, to, 0);
    DWORD failed = GetLastError();
    rj_free(from);
    rj_free(to);
    if (moved)
        tell(RJ_LOG_ERROR, "%s: %s is now %s; look into it before you remove it", why, path,
             aside.bytes);
    rj_text_free(&aside);
    return moved ? RJ_OK : rj_fail_win32(err, failed, "setting %s aside", path);
}

/* ---- Folders --------------------------------------------------------------------------------- */

typedef struct walk {
    size_t left;
    bool whole;
} walk;

typedef struct verdict {
    bool folder;
    bool open; /* others may change it */
} verdict;

static rj_status look_at_rights(HANDLE file, const char *path, bool *ret_open, rj_error *err)
{
    DWORD rights = 0;
    rj_status status = rj_foreign_rights(file, path, &rights, err);
    if (status == RJ_OK)
        *ret_open = (rights & (RJ_RIGHTS_TAKING | RJ_RIGHTS_ADDING)) != 0;
    return status;
}

/* RJ_E_DENIED: not to be used; RJ_E_NOT_FOUND: gone. */
static rj_status judge(HANDLE file, const char *path, verdict *ret_verdict, rj_error *err)
{
    BY_HANDLE_FILE_INFORMATION facts = {0};
    rj_status status = rj_foreign_check_owner(file, path, err);
    if (status == RJ_OK)
        status = look_at_rights(file, path, &ret_verdict->open, err);
    if (status == RJ_OK && !GetFileInformationByHandle(file, &facts))
        status = rj_fail_win32(err, GetLastError(), "%s", path);
    ret_verdict->folder = (facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    return status;
}

/* The rights of the folder around it, and ours. */
static rj_status take_rights_back(HANDLE file, const char *path, rj_error *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    BOOL there = FALSE, defaulted = FALSE;
    PACL list = NULL;
    DWORD failed = 0;
    bool open = true;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(SDDL_GIVEN_BACK, SDDL_REVISION_1,
                                                              &descriptor, NULL) ||
        !GetSecurityDescriptorDacl(descriptor, &there, &list, &defaulted))
        failed = GetLastError();
    if (!failed)
        failed = SetSecurityInfo(file, SE_FILE_OBJECT,
                                 DACL_SECURITY_INFORMATION | UNPROTECTED_DACL_SECURITY_INFORMATION,
                                 NULL, NULL, list, NULL);
    LocalFree(descriptor);
    if (failed)
        return rj_fail_win32(err, failed, "rights of %s", path);
    rj_status status = look_at_rights(file, path, &open, err);
    if (status == RJ_OK && open)
        status = rj_fail(err, RJ_E_DENIED, "%s could still be changed by others", path);
    if (status == RJ_OK)
        tell(RJ_LOG_WARNING,
             "%s could be changed by others, as somebody gave them the right: it was taken back",
             path);
    return status;
}

/* With nobody there who had it open to change it before. */
static rj_status judge_alone(const char *path, verdict *ret_verdict, rj_error *err)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    rj_status status = open_alone(path, &file, err);
    if (status == RJ_E_BUSY)
        return rj_fail(err, RJ_E_DENIED, "%s is held open by another program", path);
    if (status != RJ_OK)
        return status;
    status = judge(file, path, ret_verdict, err);
    if (status == RJ_OK && ret_verdict->open)
        status = take_rights_back(file, path, err);
    CloseHandle(file);
    return status;
}

static rj_status judge_shared(const char *path, verdict *ret_verdict, rj_error *err)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    rj_status status = rj_foreign_open(path, FILE_SHARE_DELETE, &file, err);
    if (status != RJ_OK)
        return status;
    status = judge(file, path, ret_verdict, err);
    CloseHandle(file);
    return status;
}

static rj_status clear_folder(walk *at, const char *folder, unsigned level, rj_error *err);

/* RJ_E_LIMIT: there is more in it than is looked at. */
static rj_status clear_entry(walk *at, const char *path, unsigned level, rj_error *err)
{
    verdict is = {false, false};
    rj_error why = RJ_ERROR_NONE;
    bool below = at->whole || level > 1; /* in what others could change until now */
    rj_status status =
        level > 1 && !at->whole ? judge_alone(path, &is, &why) : judge_shared(path, &is, &why);
    if (status == RJ_OK && is.open && at->whole)
        status = rj_fail(&why, RJ_E_DENIED, "%s could be changed by others", path);
    if (status == RJ_OK && is.open && level == 1) {
        below = true;
        status = judge_alone(path, &is, &why);
    }
    if (status == RJ_OK && is.folder && below)
        status = clear_folder(at, path, level + 1, &why);
    if (status == RJ_E_DENIED || (status == RJ_E_LIMIT && level == 1))
        return rj_foreign_set_aside(path, why.text, err);
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
