/* SPDX-License-Identifier: MIT */
/*
 * What a package's script gets of its system besides the RJ_* variables.
 *
 * It comes from the system, never from this process's own environment, which whoever started it may have made
 * up.  On POSIX systems that are a few fixed words; a script of Windows expects all that the system and its
 * account define.
 */
#ifndef RJ_ENGINE_SCRIPT_ENVIRONMENT_H
#define RJ_ENGINE_SCRIPT_ENVIRONMENT_H

#include "platform/paths.h"
#include "platform/system.h"
#include <jansson.h>

/* What is the same for every account.  False: out of memory. */
bool rj_script_environment_begin(json_t *environment);

/* RJ_Root, and the home and the folder for temporary files of the account that runs this; below a root they are
 * below it.  Makes them if missing.  For the machine's packages. */
rj_status rj_script_environment_place(json_t *environment, const rj_paths *paths, rj_error *err);

/* The text of RJ_UserSID; `uid` RJ_UID_MACHINE: the account of the machine.  rj_free; NULL: out of memory. */
char *rj_script_environment_sid(rj_uid uid);

#endif
