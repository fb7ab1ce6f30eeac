/* SPDX-License-Identifier: MIT */
/*
 * Can somebody else change what package-nuget runs?  Asked of the system before anything below the lib
 * folder counts or runs: owner SYSTEM, Administrators, TrustedInstaller or the running account, no right
 * to write for anybody else, and no link, whose maker sends us elsewhere between the look and the run.
 *
 * From the top down: once a folder can be exchanged by nobody else, the names in it stay what we see.
 */
#include "nuget_private_win32.h"

#include "file_win32.h"
#include "nuget_system.h"

#include <aclapi.h>
#include <sddl.h>

#include <stdlib.h>
#include <string.h>

/* To exchange the thing or who may do so; and to make something in it. */
#define TAKING (FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL)
#define ADDING (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_ATTRIBUTES)

/* ---- Who ------------------------------------------------------------------------------------- */

#define SID_BYTES SECURITY_MAX_SID_SIZE
/* Members of TrustedInstaller: the system's own service for its files. */
static const SID_IDENTIFIER_AUTHORITY nt_authority = {SECURITY_NT_AUTHORITY};

static int is_running_account(PSID sid)
{
    union {
        TOKEN_USER user;
        unsigned char bytes[sizeof(TOKEN_USER) + SID_BYTES];
    } own;
    HANDLE token = NULL;
    DWORD length = 0;
    int same = 0;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return 0;
    if (GetTokenInformation(token, TokenUser, &own, sizeof(own), &length))
        same = EqualSid(own.user.User.Sid, sid);
    CloseHandle(token);
    return same;
}

static int is_trusted_installer(PSID sid)
{
    static const DWORD parts[] = {80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464};
    if (!IsValidSid(sid) || *GetSidSubAuthorityCount(sid) != 6 ||
        memcmp(GetSidIdentifierAuthority(sid), &nt_authority, sizeof(nt_authority)) != 0)
        return 0;
    for (DWORD i = 0; i < 6; i++)
        if (*GetSidSubAuthority(sid, i) != parts[i])
            return 0;
    return 1;
}

static int is_trusted(PSID sid)
{
    return IsWellKnownSid(sid, WinLocalSystemSid) ||
           IsWellKnownSid(sid, WinBuiltinAdministratorsSid) || is_trusted_installer(sid) ||
           is_running_account(sid);
}

/* Somebody else to whom the list gives one of these rights, or NULL. */
static PSID foreign_writer(PACL list, DWORD changing)
{
    for (DWORD i = 0; i < list->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry = NULL;
        if (!GetAce(list, i, (void **)&entry) || entry->Header.AceType == ACCESS_DENIED_ACE_TYPE ||
            (entry->Header.AceFlags & INHERIT_ONLY_ACE) || !(entry->Mask & changing))
            continue;
        /* CREATOR OWNER is a pattern for what is made there, not somebody; an entry of another kind,
         * with a condition for one, begins with something else and is refused as nobody's. */
        if (entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
            (!is_trusted(&entry->SidStart) &&
             !IsWellKnownSid(&entry->SidStart, WinCreatorOwnerSid)))
            return &entry->SidStart;
    }
    return NULL;
}

static rj_status refuse_writer(const char *folder, PSID writer, rj_failure *failure)
{
    char *sid = NULL;
    if (!IsValidSid(writer) || !ConvertSidToStringSidA(writer, &sid))
        sid = NULL;
    rj_fail(failure, RJ_E_DENIED,
            "others (%s) may write to %s, so what is installed there could be changed before it "
            "runs; let only SYSTEM and Administrators write there",
            sid ? sid : "unknown", folder);
    LocalFree(sid);
    return RJ_E_DENIED;
}

/* ---- One thing ------------------------------------------------------------------------------- */

rj_status nuget_judge(const char *path, const nuget_facts *facts, nuget_place place,
                      rj_failure *failure)
{
    int is_link = (facts->attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    PSID writer = NULL;
    if (place == NUGET_PLACE_ABOVE && !is_link)
        return RJ_OK;
    if (place != NUGET_PLACE_ABOVE && is_link)
        return rj_fail(
            failure, RJ_E_DENIED,
            "%s is a link (reparse point), so what is run from there could be exchanged; "
            "put a folder in its place",
            path);
    if (!facts->owner || !is_trusted(facts->owner))
        return rj_fail(failure, RJ_E_DENIED,
                       "%s belongs to an ordinary account, so what is installed there could be "
                       "changed before it runs; make Administrators its owner, or remove it",
                       path);
    if (!facts->list)
        return rj_fail(failure, RJ_E_DENIED,
                       "%s has no access list, so everybody may write there; let only SYSTEM and "
                       "Administrators do that",
                       path);
    writer = foreign_writer(facts->list, place == NUGET_PLACE_AROUND ? TAKING : TAKING | ADDING);
    return writer ? refuse_writer(path, writer, failure) : RJ_OK;
}

static rj_status fail_io(rj_failure *failure, DWORD error, const char *path)
{
    return rj_file_failure(failure, error, "examine", path);
}

static rj_status check(const char *path, nuget_place place, rj_failure *failure)
{
    nuget_facts facts = {0};
    PSECURITY_DESCRIPTOR descriptor = NULL;
    HANDLE handle = rj_file_open(path, FILE_READ_ATTRIBUTES | READ_CONTROL,
                                 FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
    if (handle == INVALID_HANDLE_VALUE)
        return fail_io(failure, GetLastError(), path);
    facts.attributes = rj_file_attributes(handle);
    DWORD error = facts.attributes ? ERROR_SUCCESS : GetLastError();
    if (!error)
        error = GetSecurityInfo(handle, SE_FILE_OBJECT,
                                OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                &facts.owner, NULL, &facts.list, NULL, &descriptor);
    CloseHandle(handle);
    rj_status status =
        error ? fail_io(failure, error, path) : nuget_judge(path, &facts, place, failure);
    LocalFree(descriptor);
    return status;
}

/* ---- The whole way --------------------------------------------------------------------------- */

rj_status nuget_check_own(const char *path, rj_failure *failure)
{
    return check(path, NUGET_PLACE_ITSELF, failure);
}

/* Whoever owns the folder around it can put another one in its place. */
rj_status nuget_check_private(const char *folder, rj_failure *failure)
{
    char *path = strdup(folder);
    rj_status status = path ? RJ_OK : rj_fail_memory(failure);
    size_t length = path ? strlen(path) : 0, names = 0;
    while (length > 0 && (path[length - 1] == '/' || path[length - 1] == '\\'))
        path[--length] = '\0';
    for (const char *at = path ? nuget_after_root(path) : ""; *at; names++) {
        at += strcspn(at, "/\\");
        at += *at != '\0';
    }
    for (char *at = path ? nuget_after_root(path) : NULL; status == RJ_OK && names > 0; names--) {
        char *end = at + strcspn(at, "/\\"), separator = *end;
        *end = '\0';
        status = check(path,
                       names == 1   ? NUGET_PLACE_ITSELF
                       : names == 2 ? NUGET_PLACE_AROUND
                                    : NUGET_PLACE_ABOVE,
                       failure);
        *end = separator;
        at = end + (separator != '\0');
    }
    free(path);
    return status;
}
