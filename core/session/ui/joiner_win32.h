/* SPDX-License-Identifier: MIT */
/*
 * Who joined this device to the organisation, and the name by which that is told: user@organisation.
 *
 * Read from where Windows keeps it; what is not there, or cannot be read, is not known and no failure.
 */
#ifndef RJ_SESSION_UI_JOINER_WIN32_H
#define RJ_SESSION_UI_JOINER_WIN32_H

#include <stdbool.h>

/* The principal name of the account, as this device remembers it; rj_free(), NULL: not known.  `root` as of
 * the paths. */
char *rj_ui_principal_name(const char *root, const char *sid);
/* That of the calling process, as the directory has it, which may have to be asked and take long.  [any] */
char *rj_ui_principal_of_directory(const char *root);
/* Did the person of this principal name join the device, to Entra or else to its management? */
bool rj_ui_has_joined(const char *root, const char *principal);

#endif
