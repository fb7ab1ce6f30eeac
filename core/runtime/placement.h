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
/* What it was asked and has not been given yet is answered with the reason. */
void rj_placement_refuse(rj_instance *instance);
/* It is out of service: its worker, if there is one, ends once it has no question left. */
void rj_placement_leave(rj_instance *instance);
/* It is back in service: what it did before does not count. */
void rj_placement_forgive(rj_instance *instance);
/* Its proxy may be destroyed now; if not, its worker is asked to end. */
bool rj_placement_may_end(rj_instance *instance);
/* {"state": ...}, see docs/ipc.md; new reference, NULL: in-process. */
json_t *rj_placement_describe(const rj_instance *instance);

#endif
