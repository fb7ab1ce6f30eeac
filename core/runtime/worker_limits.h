/* SPDX-License-Identifier: MIT */
/* Limits of a plugin's worker that the policy sets ("Limits"), see docs/policy.md. */
#ifndef RJ_RUNTIME_WORKER_LIMITS_H
#define RJ_RUNTIME_WORKER_LIMITS_H

#include "base/status.h"
#include "platform/sandbox.h"

#include <jansson.h>

/* `section`: the plugin's of the policy, NULL for none.  What it does not name stays as it is.
 * RJ_E_INVALID: no such limit, or a value out of bounds; then nothing is changed. */
rj_status rj_limits_apply(const json_t *section, const char *plugin_id, rj_sandbox *sandbox,
                          rj_error *err);

#endif
