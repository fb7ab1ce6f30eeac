/* SPDX-License-Identifier: MIT */
/*
 * What the accounts of the table (account_win32.h) are called.
 *
 * Windows may have to ask the network for that.  Each name is asked for once until
 * rj_system_refresh_names(), and what was the answer last is kept in HKLM\SOFTWARE\RealmJoin\AccountNames
 * (value name = SID, REG_SZ): without the network a known person has the name of last time.  Who has a name now takes
 * it from an account that is gone, which would make it ambiguous.
 */
#ifndef RJ_PLATFORM_ACCOUNT_NAMES_WIN32_H
#define RJ_PLATFORM_ACCOUNT_NAMES_WIN32_H

#include <windows.h>

/* The plain name (rj_free); NULL: it has none, or it is not known. */
char *rj_account_kept_name(const char *sid);

/* For tests: who is asked instead of Windows (NULL: Windows again); all that was kept in memory is
 * forgotten.  An error of the system; ERROR_NONE_MAPPED: there is no such account. */
typedef DWORD (*rj_name_of_sid)(const char *sid, char **ret_name);
void rj_account_names_ask(rj_name_of_sid ask);

#endif
