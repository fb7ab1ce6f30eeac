/* SPDX-License-Identifier: MIT */
/* For both roles: what Windows gives the account that runs this, see script_environment.h. */
#ifndef RJ_ENGINE_SCRIPT_ENVIRONMENT_WIN32_H
#define RJ_ENGINE_SCRIPT_ENVIRONMENT_WIN32_H

#include "platform/paths.h"
#include <jansson.h>

/*
 * All variables of the system and of this account, as Windows keeps them for new processes; folders that it
 * knows by an id are asked for by that id.  With a root %ProgramData%, the profile and what is below it are
 * below the root; `profile` is that profile.  `temporary`: TEMP and TMP.  False: out of memory.
 */
bool rj_script_environment_of_account(json_t *environment, const rj_paths *paths,
                                      const char *profile, const char *temporary);

#endif
