/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: what the manifest asks for, narrowed to what the administrator grants.  Pure.
 *
 * A capability is a name, or a name and what it is limited to: "spawn", "spawn:/usr/bin/true".
 * docs/security.md says what each of them opens.
 */
#ifndef RJ_RUNTIME_GRANT_H
#define RJ_RUNTIME_GRANT_H

#include "base/status.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct rj_grants {
    char **granted; /* NULL-terminated */
    char **refused; /* NULL-terminated: asked for, and not or not wholly given */
} rj_grants;

/* `policy` is the Grant list, NULL if the policy has none: then `trusted` (built-in) plugins get what
 * they ask for, others nothing.  Entries the agent does not know are refused. */
rj_status rj_grants_make(const char *const *asked, const json_t *policy, bool trusted,
                         rj_grants *ret_grants, rj_error *err);
void rj_grants_free(rj_grants *grants);
/* The capability without a limit. */
bool rj_grants_whole(const rj_grants *grants, const char *name);
/* May `name` be used at all? */
bool rj_grants_any(const rj_grants *grants, const char *name);
/* May it be used on `argument`? */
bool rj_grants_allow(const rj_grants *grants, const char *name, const char *argument);

#endif
