/* SPDX-License-Identifier: MIT */
/*
 * Carries out one plan, one action at a time:
 *
 *     PLANNED -> FETCHING (fetch) -> CHANGING (install | uninstall) -> VERIFYING (detect) -> DONE
 *
 * Each state is in the journal, durably, before the step it names begins; the record is written in
 * the transaction that ends the entry.  So a kill at any point leaves an entry that recovery.c can
 * bring to an end.
 *
 * What fails is recorded and counted; what depends on it is held for this run, and the run goes on
 * with the rest.  An action that could not begin (no session, busy, cancelled) goes back to waiting
 * and is not counted.  Where the outcome is not known and cannot be found out now, the entry stays
 * open for recovery.  A restart that is wanted is noted in the record; nothing restarts anything.
 *
 * Loop thread only.
 */
#ifndef RJ_ENGINE_EXECUTOR_H
#define RJ_ENGINE_EXECUTOR_H

#include "engine/mirror.h"
#include "engine/performer.h"
#include "engine/proof.h"
#include "engine/store.h"

typedef struct rj_executor rj_executor;

/* All borrowed until `ended`. */
typedef struct rj_execution {
    rj_loop *loop; /* for the pace of output; NULL: none is told */
    rj_store *store;
    const rj_paths *paths;
    const rj_performer *performer;
    const rj_mirror *mirror; /* NULL: none */
    const char *phase;       /* name of the deployment phase, for scripts */
    const rj_policy *policy;
    const rj_plan *plan;
    const char *correlation;
    rj_uid caller;
    void *data; /* of the functions below */
    uint64_t (*evidence)(void *data, const rj_assignment *assignment);
    /* The version that is there: NULL not installed, "" cannot be told. */
    const char *(*installed)(void *data, const char *id, rj_uid owner);
    /* A provider looked again. */
    void (*found)(void *data, const char *id, rj_uid owner, const rj_found *found);
    /* As rj_agent_options.event. */
    void (*event)(void *data, const char *topic, rj_uid audience, const json_t *document);
    /* Nothing is running any more; the executor may be freed inside.  Called exactly once, maybe
     * inside rj_executor_run(). */
    void (*ended)(void *data);
} rj_execution;

typedef struct rj_execution_counts {
    size_t done, failed, held;
    bool cancelled;
    const char *message; /* the first failure, or why the run was broken off; "" */
} rj_execution_counts;

rj_status rj_executor_new(const rj_execution *execution, rj_executor **ret_executor, rj_error *err);
void rj_executor_run(rj_executor *executor);
/* Begin no further action and end the running one early; one that is changing the system only when
 * `hard`. */
void rj_executor_cancel(rj_executor *executor, bool hard);
rj_execution_counts rj_executor_counts(const rj_executor *executor);
/* "step", "package", "permille", "text", "done", "total" of the status document; what is another
 * user's is not named. */
bool rj_executor_describe(const rj_executor *executor, rj_uid uid, bool admin, json_t *run);
void rj_executor_free(rj_executor *executor);

/* Whom an item may be shown to: RJ_UID_MACHINE, or the user it is for. */
rj_uid rj_item_audience(const rj_plan_item *item);
bool rj_item_is_visible(const rj_plan_item *item, rj_uid uid, bool admin);

#endif
