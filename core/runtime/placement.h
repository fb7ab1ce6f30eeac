/* SPDX-License-Identifier: MIT */
/*
 * Where a plugin runs: in this process, or in a worker of its own, and how that one is confined.
 *
 * The manifest says what the plugin is made for, third-party ones always get a worker, and the policy
 * ("Isolation") has the last word.
 */
#ifndef RJ_RUNTIME_PLACEMENT_H
#define RJ_RUNTIME_PLACEMENT_H

#include "runtime/instance.h"

/* RJ_E_INVALID: the policy's word is none. */
rj_status rj_placement_choose(const rj_instance *instance, bool *ret_worker, rj_error *err);
/* In place of loading its code: the checked file, the sandbox made of its grants, and a proxy that is
 * the instance's plugin from then on.  Starts nothing. */
rj_status rj_placement_prepare(rj_instance *instance, const char *boundary, rj_error *err);
/* After the proxy has been destroyed. */
void rj_placement_release(rj_instance *instance);
/* {"state": ...}, see docs/ipc.md; new reference, NULL: in-process. */
json_t *rj_placement_describe(const rj_instance *instance);

#endif
