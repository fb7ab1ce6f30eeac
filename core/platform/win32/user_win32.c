/* SPDX-License-Identifier: MIT */
/* Who runs this, the names of accounts, the name of the machine. */
#include "platform/system.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/win32/account_names_win32.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/wide_win32.h"

#include <sddl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* ---- This process ---------------------------------------------------------------------------- */

static rj_status own_account(rj_uid *ret_uid, bool *ret_admin)
{
    HANDLE token = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token))
        return RJ_E_DENIED;
    rj_status status = rj_account_of_token(token, NULL, ret_uid, ret_admin, NULL);
    CloseHandle(token);
    return status;
}

bool rj_system_environment_is_trusted(void)
{
    return !rj_system_is_root();
}

bool rj_system_is_root(void)
{
    static atomic_int known; /* a token does not change: 0 not asked yet, 1 no, 2 yes */
    int answer = atomic_load(&known);
    if (!answer) {
        rj_uid uid = 0;
        bool admin = false;
        answer = own_account(&uid, &admin) == RJ_OK && admin ? 2 : 1;
        atomic_store(&known, answer);
    }
    return answer == 2;
}

rj_uid rj_system_uid(void)
{
    rj_uid uid = 0;
    bool admin = false;
    if (rj_system_is_root())
        return 0;
    if (own_account(&uid, &admin))
        return UINT32_MAX; /* nobody */
    return uid;
}

/* ---- Names ----------------------------------------------------------------------------------- */

const char *rj_system_user_name(rj_uid uid, char *ret_name, size_t size)
{
    char *sid = NULL;
    char *name = NULL;
    if (rj_account_sid_text(uid, NULL, &sid, NULL) == RJ_OK)
        name = rj_account_name(sid);
    if (name)
        snprintf(ret_name, size, "%s", name);
    else
        snprintf(ret_name, size, "uid %lu", (unsigned long)uid);
    rj_free(name);
    rj_free(sid);
    return ret_name;
}

const char *rj_system_own_name(char *ret_name, size_t size)
{
    char *sid = NULL;
    char *name = NULL;
    if (rj_account_token_sid(NULL, &sid, NULL) == RJ_OK)
        name = rj_account_name(sid);
    if (name)
        snprintf(ret_name, size, "%s", name);
    else
        rj_system_user_name(rj_system_uid(), ret_name, size);
    rj_free(name);
    rj_free(sid);
    return ret_name;
}

/* The SID that Windows finds for a name (rj_free). */
static rj_status sid_of_name(const char *name, char **ret_sid, rj_error *err)
{
    union {
        SID sid;
        unsigned char room[SECURITY_MAX_SID_SIZE];
    } found;
    wchar_t domain[260];
    DWORD size = sizeof found;
    DWORD domain_size = 260;
    SID_NAME_USE use = SidTypeUnknown;
    wchar_t *wide = rj_wide(name);
    bool good =
        wide && LookupAccountNameW(NULL, wide, &found.sid, &size, domain, &domain_size, &use);
    DWORD code = good ? 0 : GetLastError();
    rj_free(wide);
    bool system = good && IsWellKnownSid(&found.sid, WinLocalSystemSid);
    if (code == ERROR_NONE_MAPPED || (good && use != SidTypeUser && !system))
        return rj_fail(err, RJ_E_NOT_FOUND, "there is no user \"%s\" on this machine", name);
    if (!good)
        return rj_fail_win32(err, code, "user \"%s\" cannot be looked up", name);
    wchar_t *text = NULL;
    if (!ConvertSidToStringSidW(&found.sid, &text))
        return rj_fail_win32(err, GetLastError(), "user \"%s\" cannot be looked up", name);
    *ret_sid = rj_utf8(text);
    LocalFree(text);
    return *ret_sid ? RJ_OK : rj_fail_memory(err, "looking up a user");
}

static rj_status ambiguous(const char *name, const char *a, const char *b, rj_error *err)
{
    return rj_fail(err, RJ_E_INVALID,
                   "several accounts are called \"%s\" (%s and %s); name the one meant by its SID",
                   name, a, b);
}

/* The account of the table with this plain name (rj_free); NULL: none. */
static rj_status sid_in_table(const char *name, char **ret_sid, rj_error *err)
{
    char **sids = NULL;
    size_t count = 0;
    rj_status status = rj_account_list(NULL, &sids, &count, err);
    if (status)
        return status;
    const char *found = NULL;
    for (size_t i = 0; i < count && !status; i++) {
        char *own = rj_account_kept_name(sids[i]);
        if (own && rj_ascii_casecmp(own, name) == 0) {
            if (found)
                status = ambiguous(name, found, sids[i], err);
            found = sids[i];
        }
        rj_free(own);
    }
    if (!status && found && !(*ret_sid = rj_strdup(found)))
        status = rj_fail_memory(err, "looking up a user");
    rj_free(sids);
    return status;
}

static rj_status uid_of(const char *sid, const char *name, rj_uid *ret_uid, rj_error *err)
{
    rj_uid uid = 0;
    char *own = NULL;
    rj_status status = rj_account_of_sid(sid, NULL, &uid, err);
    if (!status && (uid & RJ_ACCOUNT_PASSING) && rj_account_token_sid(NULL, &own, NULL) == RJ_OK &&
        strcmp(own, sid) != 0)
        status = rj_fail(err, RJ_E_NOT_FOUND, "user \"%s\" is not known to the service yet", name);
    rj_free(own);
    if (!status)
        *ret_uid = uid;
    return status == RJ_E_INVALID ? RJ_E_CORRUPT : status; /* the former is "ambiguous" */
}

rj_status rj_system_user_id(const char *name, rj_uid *ret_uid, rj_error *err)
{
    if (strncmp(name, "S-1-", 4) == 0)
        return uid_of(name, name, ret_uid, err);
    char *known = NULL;
    char *found = NULL;
    rj_error unseen = RJ_ERROR_NONE;
    rj_status status = strchr(name, '\\') ? RJ_OK : sid_in_table(name, &known, err);
    if (status)
        return status;
    rj_status lookup = sid_of_name(name, &found, &unseen);
    if (known && found && strcmp(known, found) != 0)
        status = ambiguous(name, known, found, err);
    else if (!known && lookup)
        status = rj_fail(err, lookup, "%s", unseen.text);
    else
        status = uid_of(known ? known : found, name, ret_uid, err);
    rj_free(known);
    rj_free(found);
    return status;
}

const char *rj_system_host_name(char *ret_name, size_t size)
{
    wchar_t wide[256];
    DWORD length = 256;
    char *name = GetComputerNameExW(ComputerNameDnsHostname, wide, &length) ? rj_utf8(wide) : NULL;
    snprintf(ret_name, size, "%s", name && *name ? name : "localhost");
    rj_free(name);
    return ret_name;
}
