/* SPDX-License-Identifier: MIT */
/* Names of accounts, see account_names_win32.h. */
#include "platform/win32/account_names_win32.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"

#include <sddl.h>
#include <string.h>

#define KEPT "SOFTWARE\\RealmJoin\\AccountNames"

typedef struct kept {
    char *sid, *name; /* name NULL: none */
    char *former;     /* in the registry, of an account that Windows does not know; NULL: none */
    bool fresh;       /* of this reading */
    bool confirmed;   /* Windows said that name in this reading */
} kept;

static SRWLOCK lock = SRWLOCK_INIT;
static kept *list;
static size_t count, capacity;
static rj_name_of_sid asked; /* NULL: Windows */

/* The plain name of a SID; an error of the system. */
static DWORD ask_windows(const char *sid_text, char **ret_name)
{
    wchar_t name[260];
    wchar_t domain[260];
    DWORD name_size = 260;
    DWORD domain_size = 260;
    SID_NAME_USE use;
    PSID sid = NULL;
    wchar_t *wide = rj_wide(sid_text);
    DWORD code = ERROR_OUTOFMEMORY;
    if (wide)
        code = ConvertStringSidToSidW(wide, &sid) &&
                       LookupAccountSidW(NULL, sid, name, &name_size, domain, &domain_size, &use)
                   ? 0
                   : GetLastError();
    if (!code && !*name)
        code = ERROR_NONE_MAPPED;
    if (!code && !(*ret_name = rj_utf8(name)))
        code = ERROR_OUTOFMEMORY;
    LocalFree(sid);
    rj_free(wide);
    return code;
}

char *rj_account_name(const char *sid_text)
{
    char *name = NULL;
    return ask_windows(sid_text, &name) == 0 ? name : NULL;
}

static kept *find(const char *sid)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].sid, sid) == 0)
            return &list[i];
    if (count == capacity) {
        size_t more = capacity ? capacity * 2 : 16;
        kept *grown = rj_calloc(more, sizeof *grown);
        if (!grown)
            return NULL;
        if (count)
            memcpy(grown, list, count * sizeof *list);
        rj_free(list);
        list = grown;
        capacity = more;
    }
    list[count] = (kept){.sid = rj_strdup(sid)};
    return list[count].sid ? &list[count++] : NULL;
}

static void take(kept *one, char *name, const rj_registry_key *table)
{
    if (name && (!one->name || strcmp(one->name, name) != 0))
        rj_registry_set_text(table, one->sid, name, NULL); /* who may not write there: no matter */
    rj_free(one->name);
    one->name = name;
    one->confirmed = name != NULL;
    rj_free(one->former);
    one->former = NULL;
    if (!name)
        rj_registry_get_text(table, one->sid, &one->former, NULL);
}

/* "No such account" may also be a network that was too slow, so a name is kept until somebody else has it. */
static void hand_over(kept *one, const rj_registry_key *table)
{
    for (size_t i = 0; i < count; i++) {
        kept *gone = one->former ? one : &list[i];
        const kept *now = one->former ? &list[i] : one;
        if (!gone->former || !now->confirmed || rj_ascii_casecmp(gone->former, now->name) != 0)
            continue;
        rj_registry_remove_value(table, gone->sid, NULL);
        rj_free(gone->former);
        gone->former = NULL;
    }
}

static void ask(kept *one)
{
    char *root = rj_account_root(), *name = NULL;
    if (!root)
        return;
    rj_registry_key table = {root, RJ_HIVE_MACHINE, KEPT};
    DWORD code = (asked ? asked : ask_windows)(one->sid, &name);
    one->fresh = true;
    if (!code || code == ERROR_NONE_MAPPED) { /* a name of nobody may be somebody else's by now */
        take(one, name, &table);
        hand_over(one, &table);
    } else if (!one->name && rj_registry_get_text(&table, one->sid, &name, NULL) == RJ_OK) {
        one->name = name;
    }
    rj_free(root);
}

char *rj_account_kept_name(const char *sid)
{
    AcquireSRWLockExclusive(&lock);
    kept *one = find(sid);
    if (one && !one->fresh)
        ask(one);
    char *name = one && one->name ? rj_strdup(one->name) : NULL;
    ReleaseSRWLockExclusive(&lock);
    return name;
}

void rj_system_refresh_names(void)
{
    AcquireSRWLockExclusive(&lock);
    for (size_t i = 0; i < count; i++)
        list[i].fresh = list[i].confirmed = false;
    ReleaseSRWLockExclusive(&lock);
}

void rj_account_names_ask(rj_name_of_sid ask_instead)
{
    AcquireSRWLockExclusive(&lock);
    asked = ask_instead;
    for (size_t i = 0; i < count; i++) {
        rj_free(list[i].sid);
        rj_free(list[i].name);
        rj_free(list[i].former);
    }
    rj_free(list);
    list = NULL;
    count = capacity = 0;
    ReleaseSRWLockExclusive(&lock);
}
