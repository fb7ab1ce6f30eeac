/* SPDX-License-Identifier: MIT */
/*
 * How the service last wanted plugins to be loaded (session.plugins of docs/ipc.md), in the user's own folder: for
 * what a person should see although the service does not answer.  The user may change the file; what it decides on
 * runs as that user, until the service speaks.
 */
#ifndef RJ_SESSION_REMEMBERED_RULES_H
#define RJ_SESSION_REMEMBERED_RULES_H

#include "platform/paths.h"

#include <jansson.h>

/* New reference, never NULL but out of memory; nothing remembered, or nothing readable: no rules. */
json_t *rj_remembered_rules_read(const rj_paths *paths);
void rj_remembered_rules_write(const rj_paths *paths, const json_t *rules); /* as well as it can */

#endif
