/* SPDX-License-Identifier: MIT */
/*
 * What other accounts made, or may change, in a folder that becomes ours.
 *
 * It is not made right in its place: whoever had it open before still has.  It is set aside under another
 * name, where nothing looks, and told of.  Only where nobody but an administrator can have given others a
 * right to what is ours, in a folder that was ours already, the right is taken back: a policy must not go
 * out of force because somebody looked at it with Explorer's "Continue".
 */
#ifndef RJ_SERVICE_FOREIGN_FILES_WIN32_H
#define RJ_SERVICE_FOREIGN_FILES_WIN32_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

#include <windows.h>

/* What others may have: to make something new beside ours, or to exchange what is ours. */
#define RJ_RIGHTS_ADDING                                                                           \
    (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES)
#define RJ_RIGHTS_TAKING                                                                           \
    (FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL |          \
     MAXIMUM_ALLOWED)

/* `share_delete`: FILE_SHARE_DELETE, or 0 so that nobody can rename it meanwhile.  Links are not followed. */
rj_status rj_foreign_open(const char *path, DWORD share_delete, HANDLE *ret_file, rj_error *err);
/* RJ_E_DENIED: another account can have made it, or it is a link. */
rj_status rj_foreign_check_owner(HANDLE file, const char *path, rj_error *err);
/* What the access list gives to others. */
rj_status rj_foreign_rights(HANDLE file, const char *path, DWORD *ret_rights, rj_error *err);

/* `why`: the beginning of a sentence for the log. */
rj_status rj_foreign_set_aside(const char *path, const char *why, rj_error *err);
/* What stands directly in the folder, which nobody else can change any more.  `whole`, of a folder that was
 * not ours: everything below as well.  Else what others got rights to loses them, and everything below is
 * judged.  A part that is too large to be looked at is set aside. */
rj_status rj_foreign_clear(const char *folder, bool whole, rj_error *err);
/* There is something to tell. */
bool rj_foreign_has_told(void);
/* Logs what became of what, one line each, and forgets it. */
void rj_foreign_tell(void);

#endif
