/* SPDX-License-Identifier: MIT */
/*
 * Brings journal entries that were left open to an end, before anything new is begun:
 *
 *     PLANNED, FETCHING     nothing was changed: closed as not done
 *     CHANGING, VERIFYING   provider recovers -> provider detects -> DONE if what was wanted is
 *                           there (the record is then written), else FAILED, one attempt counted
 *
 * Nothing is repeated, nothing is forgotten: what cannot be found out now (the user's session or
 * the plugin is not there, no answer in time) stays open for the next call.  Once all are closed, a
 * further call changes nothing.
 *
 * Loop thread only.
 */
#ifndef RJ_ENGINE_RECOVERY_H
#define RJ_ENGINE_RECOVERY_H

#include "engine/mirror.h"
#include "engine/performer.h"
#include "engine/proof.h"
#include "engine/store.h"

typedef struct rj_recovery rj_recovery;

typedef struct rj_recovery_options {
    rj_store *store;
    const rj_performer *performer; /* borrowed until `ended` */
    const rj_mirror *mirror;       /* the same; NULL: none */
    void *data;
    void (*found)(void *data, const char *id, rj_uid owner, const rj_found *found);
    /* Once; may be inside rj_recovery_run(); the recovery may be freed inside. */
    void (*ended)(void *data);
} rj_recovery_options;

rj_status rj_recovery_new(const rj_recovery_options *options, rj_recovery **ret_recovery,
                          rj_error *err);
void rj_recovery_run(rj_recovery *recovery);
/* Ends early; what is open then stays open. */
void rj_recovery_cancel(rj_recovery *recovery);
void rj_recovery_free(rj_recovery *recovery);

#endif
