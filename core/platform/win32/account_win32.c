/* SPDX-License-Identifier: MIT */
/*
 * The table of accounts.
 *
 * A number is given once: who adds takes the next free one while holding a mutex of the machine.  Should
 * the mutex be kept from us by somebody else, adding goes on without it; a number that then stands at two
 * SIDs belongs to none of them (RJ_E_CORRUPT), so that nobody gets what is another's.
 */
#include "platform/win32/account_win32.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "SOFTWARE\\RealmJoin\\Accounts"
#define ACCOUNTS_MAX 100000u
#define MUTEX_WAIT_MS 5000u
#define SYSTEM_SID "S-1-5-18"

/* ---- The root -------------------------------------------------------------------------------- */

static SRWLOCK root_lock = SRWLOCK_INIT;
static char *root_in_use; /* NULL: the real hives */

void rj_account_use_root(const char *root)
{
    char *copy = root && *root ? rj_strdup(root) : NULL;
    AcquireSRWLockExclusive(&root_lock);
    char *old = root_in_use;
    root_in_use = copy;
    ReleaseSRWLockExclusive(&root_lock);
    rj_free(old);
}

/* The root to look below (rj_free), as somebody may change it meanwhile; NULL: out of memory. */
static char *chosen_root(const char *root)
{
    if (root)
        return rj_strdup(root);
    AcquireSRWLockShared(&root_lock);
    char *copy = rj_strdup(root_in_use ? root_in_use : "");
    ReleaseSRWLockShared(&root_lock);
    return copy;
}

char *rj_account_root(void)
{
    return chosen_root(NULL);
}

/* ---- Our own passing number ------------------------------------------------------------------ */

/* The account in use by a process that may not write the table: somebody else may enter it there at any
 * time, but who was told one number is not told another one later. */
static struct {
    char *root;
    char *sid;
    rj_uid uid;
} own_passing;

static bool recall(const char *root, const char *sid, rj_uid *ret_uid)
{
    AcquireSRWLockShared(&root_lock);
    bool known =
        own_passing.sid && strcmp(own_passing.sid, sid) == 0 && strcmp(own_passing.root, root) == 0;
    if (known)
        *ret_uid = own_passing.uid;
    ReleaseSRWLockShared(&root_lock);
    return known;
}

static rj_status remember(const char *root, const char *sid, rj_uid uid, rj_error *err)
{
    char *own = NULL;
    rj_status status = rj_account_token_sid(NULL, &own, err);
    bool ours = !status && strcmp(own, sid) == 0;
    rj_free(own);
    if (!ours)
        return status;
    char *root_copy = rj_strdup(root);
    char *sid_copy = rj_strdup(sid);
    if (!root_copy || !sid_copy) {
        rj_free(root_copy);
        rj_free(sid_copy);
        return rj_fail_memory(err, "looking up an account");
    }
    AcquireSRWLockExclusive(&root_lock);
    char *old_root = own_passing.root;
    char *old_sid = own_passing.sid;
    own_passing.root = root_copy;
    own_passing.sid = sid_copy;
    own_passing.uid = uid;
    ReleaseSRWLockExclusive(&root_lock);
    rj_free(old_root);
    rj_free(old_sid);
    return RJ_OK;
}

/* ---- The table ------------------------------------------------------------------------------- */

static bool is_sid(const char *text)
{
    if (strncmp(text, "S-1-", 4) != 0 || strlen(text) > 184)
        return false;
    return text[4] && text[4 + strspn(text + 4, "0123456789-")] == '\0';
}

/* A number that is only for the one who has this SID. */
static rj_uid passing_number(const char *sid)
{
    uint32_t hash = UINT32_C(2166136261);
    for (const unsigned char *c = (const unsigned char *)sid; *c; c++)
        hash = (hash ^ *c) * UINT32_C(16777619);
    /* All bits set would be "nobody" elsewhere. */
    return RJ_ACCOUNT_PASSING | ((hash ^ (hash >> 31)) & UINT32_C(0x7ffffffe));
}

static rj_status table_number(const rj_registry_key *table, const char *sid, rj_uid *ret_uid,
                              rj_error *err)
{
    uint32_t number = 0;
    rj_status status = rj_registry_get_u32(table, sid, &number, err);
    if (status)
        return status;
    if (number < RJ_ACCOUNT_FIRST || (number & RJ_ACCOUNT_PASSING))
        return rj_fail(err, RJ_E_CORRUPT,
                       "registry value HKLM\\" TABLE
                       "\\%s is %lu, which is no number of an account",
                       sid, (unsigned long)number);
    *ret_uid = number;
    return RJ_OK;
}

/* Walks the table: the next free number, and (with `sid`) who has `wanted`. */
static rj_status walk(const rj_registry_key *table, rj_uid wanted, rj_uid *ret_next, char **ret_sid,
                      rj_error *err)
{
    char **names = NULL;
    size_t count = 0;
    rj_status status = rj_registry_list_values(table, ACCOUNTS_MAX, &names, &count, err);
    if (status)
        return status;
    rj_uid next = RJ_ACCOUNT_FIRST;
    const char *found = NULL;
    for (size_t i = 0; i < count && !status; i++) {
        rj_uid number = 0;
        if (!is_sid(names[i]) || table_number(table, names[i], &number, NULL))
            continue;
        if (number >= next)
            next = number + 1;
        if (number == wanted && found)
            status = rj_fail(err, RJ_E_CORRUPT,
                             "account number %lu stands at both %s and %s in HKLM\\" TABLE,
                             (unsigned long)wanted, found, names[i]);
        if (number == wanted)
            found = names[i];
    }
    if (!status && ret_sid && !found)
        status = rj_fail(err, RJ_E_NOT_FOUND, "there is no account with number %lu",
                         (unsigned long)wanted);
    if (!status && ret_sid && !(*ret_sid = rj_strdup(found)))
        status = rj_fail_memory(err, "looking up an account");
    if (!status && ret_next)
        *ret_next = next;
    rj_free(names);
    return status;
}

rj_status rj_account_list(const char *root, char ***ret_sids, size_t *ret_count, rj_error *err)
{
    char *chosen = chosen_root(root);
    if (!chosen)
        return rj_fail_memory(err, "looking up an account");
    rj_registry_key table = {chosen, RJ_HIVE_MACHINE, TABLE};
    rj_status status = rj_registry_list_values(&table, ACCOUNTS_MAX, ret_sids, ret_count, err);
    rj_free(chosen);
    return status;
}

static HANDLE take_mutex(void)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};
    if (ConvertStringSecurityDescriptorToSecurityDescriptorW(L"D:P(A;;GA;;;SY)(A;;GA;;;BA)",
                                                             SDDL_REVISION_1, &descriptor, NULL))
        attributes.lpSecurityDescriptor = descriptor;
    HANDLE mutex = CreateMutexW(&attributes, FALSE, L"Global\\RealmJoin-Accounts");
    if (descriptor)
        LocalFree(descriptor);
    if (mutex && WaitForSingleObject(mutex, MUTEX_WAIT_MS) == WAIT_TIMEOUT) {
        CloseHandle(mutex);
        mutex = NULL;
    }
    return mutex;
}

/* The number of a SID that had none a moment ago. */
static rj_status add(const rj_registry_key *table, const char *sid, rj_uid *ret_uid, rj_error *err)
{
    HANDLE mutex = take_mutex();
    rj_uid next = 0;
    rj_status status = table_number(table, sid, ret_uid, err); /* somebody may have been faster */
    if (status == RJ_E_NOT_FOUND) {
        status = walk(table, 0, &next, NULL, err);
        if (!status)
            status = rj_registry_set_u32(table, sid, next, err);
        if (!status)
            *ret_uid = next;
    }
    if (mutex) {
        ReleaseMutex(mutex);
        CloseHandle(mutex);
    }
    return status;
}

/* `may_add`: the process may write the table, or at least try to. */
static rj_status number_of(const char *sid, const char *root, bool may_add, rj_uid *ret_uid,
                           rj_error *err)
{
    if (!is_sid(sid))
        return rj_fail(err, RJ_E_INVALID, "\"%.200s\" is not a SID", sid);
    if (strcmp(sid, SYSTEM_SID) == 0) {
        *ret_uid = 0;
        return RJ_OK;
    }
    char *chosen = chosen_root(root);
    if (!chosen)
        return rj_fail_memory(err, "looking up an account");
    if (!may_add && recall(chosen, sid, ret_uid)) {
        rj_free(chosen);
        return RJ_OK;
    }
    rj_registry_key table = {chosen, RJ_HIVE_MACHINE, TABLE};
    rj_error unseen = RJ_ERROR_NONE;
    rj_uid uid = 0;
    rj_status status = table_number(&table, sid, &uid, &unseen);
    if (!status) { /* a number that is also another's is nobody's */
        char *owner = NULL;
        status = walk(&table, uid, NULL, &owner, &unseen);
        rj_free(owner);
    }
    if (status == RJ_E_NOT_FOUND && may_add)
        status = add(&table, sid, &uid, &unseen);
    if (status == RJ_E_NOT_FOUND || status == RJ_E_DENIED) {
        uid = passing_number(sid);
        status = may_add ? RJ_OK : remember(chosen, sid, uid, &unseen);
    }
    rj_free(chosen);
    if (status)
        return rj_fail(err, status, "%s", unseen.text);
    *ret_uid = uid;
    return RJ_OK;
}

/* ---- Tokens ---------------------------------------------------------------------------------- */

/* True if the SID of Administrators counts in the token; a deny-only one does not. */
static rj_status token_is_admin(HANDLE token, bool *ret_admin, rj_error *err)
{
    unsigned char administrators[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof administrators;
    HANDLE copy = NULL;
    BOOL member = FALSE;
    bool good = CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, administrators, &size);
    if (good && token) /* CheckTokenMembership() takes impersonation tokens only */
        good = DuplicateTokenEx(token, TOKEN_QUERY, NULL, SecurityIdentification,
                                TokenImpersonation, &copy);
    good = good && CheckTokenMembership(copy, administrators, &member);
    DWORD code = GetLastError();
    if (copy)
        CloseHandle(copy);
    if (!good)
        return rj_fail_win32(err, code, "the groups of an account cannot be examined");
    *ret_admin = member == TRUE;
    return RJ_OK;
}

static rj_status sid_of_token(HANDLE token, char **ret_sid, rj_error *err)
{
    union {
        TOKEN_USER user;
        unsigned char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } information;
    DWORD size = 0;
    wchar_t *wide = NULL;
    if (!GetTokenInformation(token, TokenUser, &information, sizeof information, &size) ||
        !ConvertSidToStringSidW(information.user.User.Sid, &wide))
        return rj_fail_win32(err, GetLastError(), "the account of a process cannot be examined");
    char *sid = rj_utf8(wide);
    LocalFree(wide);
    if (!sid)
        return rj_fail_memory(err, "looking up an account");
    *ret_sid = sid;
    return RJ_OK;
}

rj_status rj_account_token_sid(HANDLE token, char **ret_sid, rj_error *err)
{
    if (token)
        return sid_of_token(token, ret_sid, err);
    HANDLE own = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own))
        return rj_fail_win32(err, GetLastError(), "this process's account cannot be examined");
    rj_status status = sid_of_token(own, ret_sid, err);
    CloseHandle(own);
    return status;
}

/* Whether this process may write the table: only then is it worth trying. */
static bool we_may_add(void)
{
    bool admin = false;
    return token_is_admin(NULL, &admin, NULL) == RJ_OK && admin;
}

rj_status rj_account_of_token(HANDLE token, const char *root, rj_uid *ret_uid, bool *ret_admin,
                              rj_error *err)
{
    char *sid = NULL;
    bool admin = false;
    rj_uid uid = 0;
    rj_status status = sid_of_token(token, &sid, err);
    if (!status)
        status = token_is_admin(token, &admin, err);
    /* Our workers: SYSTEM by name, and Administrators for denials only. */
    if (!status && !admin && strcmp(sid, SYSTEM_SID) == 0)
        status = rj_fail(err, RJ_E_DENIED, "a process of SYSTEM without SYSTEM's rights is nobody");
    if (!status && !admin)
        status = number_of(sid, root, we_may_add(), &uid, err);
    rj_free(sid);
    if (status)
        return status;
    *ret_uid = uid;
    *ret_admin = admin;
    return RJ_OK;
}

rj_status rj_account_of_sid(const char *sid_text, const char *root, rj_uid *ret_uid, rj_error *err)
{
    return number_of(sid_text, root, we_may_add(), ret_uid, err);
}

rj_status rj_account_sid_text(rj_uid uid, const char *root, char **ret_sid, rj_error *err)
{
    if (uid == 0) {
        char *sid = rj_strdup(SYSTEM_SID);
        if (!sid)
            return rj_fail_memory(err, "looking up an account");
        *ret_sid = sid;
        return RJ_OK;
    }
    if (uid & RJ_ACCOUNT_PASSING) { /* only our own can be known */
        char *own = NULL;
        rj_status status = rj_account_token_sid(NULL, &own, err);
        if (status)
            return status;
        if (passing_number(own) == uid) {
            *ret_sid = own;
            return RJ_OK;
        }
        rj_free(own);
        return rj_fail(err, RJ_E_NOT_FOUND, "there is no account with number %lu",
                       (unsigned long)uid);
    }
    char *chosen = chosen_root(root);
    if (!chosen)
        return rj_fail_memory(err, "looking up an account");
    rj_registry_key table = {chosen, RJ_HIVE_MACHINE, TABLE};
    rj_status status = walk(&table, uid, NULL, ret_sid, err);
    rj_free(chosen);
    return status;
}
