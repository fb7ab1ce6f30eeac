/* SPDX-License-Identifier: MIT */
/* See joiner_win32.h. */
#include "session/ui/joiner_win32.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"

#define SECURITY_WIN32
#include <security.h>
#include <stdio.h>

#define KEYS_MAX 64u

/* `text` is taken, if it is empty. */
static char *not_empty(char *text)
{
    if (text && *text)
        return text;
    rj_free(text);
    return NULL;
}

/* Of accounts of Entra; for others the domain has to be asked. */
char *rj_ui_principal_name(const char *root, const char *sid)
{
    char key[320], *name = NULL;
    snprintf(key, sizeof key,
             "SOFTWARE\\Microsoft\\IdentityStore\\LogonCache\\"
             "B16898C6-A148-4967-9171-64D755DA8520\\Sid2Name\\%.100s",
             sid);
    const rj_registry_key where = {.root = root, .hive = RJ_HIVE_MACHINE, .key = key};
    rj_registry_get_text(&where, "IdentityName", &name, NULL);
    return not_empty(name);
}

char *rj_ui_principal_of_directory(const char *root)
{
    wchar_t name[512];
    ULONG size = sizeof name / sizeof *name;
    bool found = (!root || !*root) && GetUserNameExW(NameUserPrincipal, name, &size);
    return found ? not_empty(rj_utf8(name)) : NULL;
}

/* Does the value of any key below hold this name?  *ret_known: any holds a name at all. */
static bool any_holds(const char *root, const char *folder, const char *value,
                      const char *principal, bool *ret_known)
{
    const rj_registry_key where = {.root = root, .hive = RJ_HIVE_MACHINE, .key = folder};
    char **names = NULL;
    size_t count = 0;
    bool holds = false;
    *ret_known = false;
    if (rj_registry_list_keys(&where, KEYS_MAX, &names, &count, NULL) != RJ_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        char key[320], *text = NULL;
        snprintf(key, sizeof key, "%s\\%.200s", folder, names[i]);
        const rj_registry_key below = {.root = root, .hive = RJ_HIVE_MACHINE, .key = key};
        if (rj_registry_get_text(&below, value, &text, NULL) == RJ_OK && *text) {
            *ret_known = true;
            holds |= rj_ascii_casecmp(text, principal) == 0;
        }
        rj_free(text);
    }
    rj_free(names);
    return holds;
}

bool rj_ui_has_joined(const char *root, const char *principal)
{
    bool known;
    bool joined = any_holds(root, "SYSTEM\\CurrentControlSet\\Control\\CloudDomainJoin\\JoinInfo",
                            "UserEmail", principal, &known);
    return known ? joined
                 : any_holds(root, "SOFTWARE\\Microsoft\\Enrollments", "UPN", principal, &known);
}
