/* SPDX-License-Identifier: MIT */
/*
 * What a package's script finds around it, beside the RJ_ variables: where programs are, where its files
 * may go.  Differs between the systems only.
 */
#ifndef RJ_ENGINE_SURROUNDINGS_H
#define RJ_ENGINE_SURROUNDINGS_H

#include "platform/system.h"
#include <jansson.h>

/* Where programs are looked for: the system's own folders, whatever our environment says (rj_free). */
char *rj_surroundings_search_path(void);
/* The SID of an account, or of its number where accounts have none (rj_free). */
char *rj_surroundings_sid(rj_uid uid);
/* Adds the machine's facts; `home` NULL: the account's own.  False: out of memory. */
bool rj_surroundings_describe(json_t *environment, const char *home, const char *temporary);

#endif
