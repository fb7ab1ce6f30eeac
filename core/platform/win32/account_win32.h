/* SPDX-License-Identifier: MIT */
/*
 * Accounts of Windows as the numbers the agent knows them by.
 *
 * 0 is who may do everything: LocalSystem, or a token with Administrators enabled.  Every other account
 * (SID) has a number from 1000 on, given once and kept in HKLM\SOFTWARE\RealmJoin\Accounts (value name =
 * SID, REG_DWORD).  Who may write there adds what is missing.  Who may not, and is not there yet, gets a
 * number made from the SID with the highest bit set: good for itself only, never found by others, and kept
 * as long as the process lives, also when the service enters the account meanwhile.
 */
#ifndef RJ_PLATFORM_ACCOUNT_WIN32_H
#define RJ_PLATFORM_ACCOUNT_WIN32_H

#include "platform/system.h"

#include <windows.h>

#define RJ_ACCOUNT_FIRST 1000u                  /* the first number the table gives */
#define RJ_ACCOUNT_PASSING UINT32_C(0x80000000) /* set in a number that is not in the table */

/* The table is that of this root from now on ("" or NULL: the real one).  rj_paths_new() calls it; every
 * `root` below may be NULL for it. */
void rj_account_use_root(const char *root);
char *rj_account_root(void); /* "": the real one (rj_free); NULL: out of memory */

/* The account of a token (process or impersonation; opened with TOKEN_QUERY and TOKEN_DUPLICATE). */
rj_status rj_account_of_token(HANDLE token, const char *root, rj_uid *ret_uid, bool *ret_admin,
                              rj_error *err);
/* The number of a SID as text ("S-1-5-..."). */
rj_status rj_account_of_sid(const char *sid_text, const char *root, rj_uid *ret_uid, rj_error *err);
/* The SID of a number (rj_free); 0 gives LocalSystem.  RJ_E_NOT_FOUND: no such account. */
rj_status rj_account_sid_text(rj_uid uid, const char *root, char **ret_sid, rj_error *err);
/* The SIDs in the table, sorted; NULL-terminated, one allocation (rj_free). */
rj_status rj_account_list(const char *root, char ***ret_sids, size_t *ret_count, rj_error *err);
/* The plain name of a SID (rj_free); NULL: it has none. */
char *rj_account_name(const char *sid_text);
/* The user SID of a token (rj_free), NULL for this process's own token. */
rj_status rj_account_token_sid(HANDLE token, char **ret_sid, rj_error *err);

#endif
