/* SPDX-License-Identifier: MIT */
/*
 * The agent's durable memory: one SQLite database <state>/agent.db (WAL, synchronous=FULL).
 *
 *   records   what is installed, as far as we know      (store_records.c)
 *   attempts  what failed how often, with what evidence  (store_attempts.c)
 *   journal   what is being done right now               (store_journal.c)
 *   kv        small values of plugins                    (store_kv.c)
 *
 * A database that is damaged is set aside as agent.db.corrupt-<time> and a new one begun; the agent
 * then detects again.  A locked or read-only one is an error that says so.  Loop thread only, but kv.
 */
#ifndef RJ_ENGINE_STORE_H
#define RJ_ENGINE_STORE_H

#include "base/status.h"
#include "engine/plan.h"
#include "runtime/runtime.h"

typedef struct rj_store rj_store;

/* ret_was_damaged: a damaged database was set aside. */
rj_status rj_store_open(const char *directory, rj_store **ret_store, bool *ret_was_damaged,
                        rj_error *err);
void rj_store_close(rj_store *store);
bool rj_store_was_damaged(const rj_store *store); /* as ret_was_damaged said */

/* ---- Records --------------------------------------------------------------------------------- */

typedef struct rj_store_record {
    rj_record core; /* strings owned by the array */
    const char *format;
    const char *display_name;
    const char *message; /* last error, "" if none */
    const char *correlation;
    int64_t started_wall_ms, ended_wall_ms;
} rj_store_record;

rj_status rj_store_put_record(rj_store *store, const rj_store_record *record, rj_error *err);
rj_status rj_store_remove_record(rj_store *store, const char *id, rj_uid uid, rj_error *err);
/* All, ordered by id; one allocation, rj_free(). */
rj_status rj_store_records(rj_store *store, rj_store_record **ret_records, size_t *ret_count,
                           rj_error *err);

/* ---- Attempts -------------------------------------------------------------------------------- */

rj_status rj_store_count_failure(rj_store *store, const rj_attempts *attempt, rj_error *err);
rj_status rj_store_clear_attempts(rj_store *store, const char *id, rj_uid uid, rj_error *err);
rj_status rj_store_attempts(rj_store *store, rj_attempts **ret_attempts, size_t *ret_count,
                            rj_error *err);

/* ---- Journal --------------------------------------------------------------------------------- */

/* Each state is durable before the step it names is begun. */
typedef enum rj_step {
    RJ_STEP_PLANNED,   /* decided; nothing touched */
    RJ_STEP_FETCHING,  /* only the cache may have changed */
    RJ_STEP_CHANGING,  /* the provider may be changing the system */
    RJ_STEP_VERIFYING, /* provider answered; proof and record are missing */
    RJ_STEP_DONE,      /* record written in the same transaction */
    RJ_STEP_FAILED,    /* failure recorded in the same transaction */
    RJ_STEP_DROPPED    /* ended before it changed anything, and not by its own fault */
} rj_step;
const char *rj_step_name(rj_step step);

typedef struct rj_journal_entry {
    int64_t number;
    const char *id;
    rj_uid uid;
    rj_verdict verdict;
    rj_step step;
    const char *request; /* the provider's request document */
    const char *correlation;
    const char *assignment_version; /* wanted */
    const char *args_hash;
    const char *display_name;
    const char *format;
    uint64_t evidence;
    int64_t started_wall_ms;
} rj_journal_entry;

rj_status rj_store_journal_begin(rj_store *store, const rj_journal_entry *entry,
                                 int64_t *ret_number, rj_error *err);
rj_status rj_store_journal_step(rj_store *store, int64_t number, rj_step step, rj_error *err);
/* DONE: put (or, for UNINSTALL, remove) the record and clear attempts; FAILED: put the record's
 * failure and count the attempt; either in one transaction with the step. */
rj_status rj_store_journal_end(rj_store *store, const rj_journal_entry *entry, rj_step step,
                               const rj_store_record *record, rj_error *err);
/* Entries neither DONE nor FAILED, oldest first; one allocation, rj_free(). */
rj_status rj_store_journal_open_entries(rj_store *store, rj_journal_entry **ret_entries,
                                        size_t *ret_count, rj_error *err);

/* DROPPED: no record, no attempt, only the history knows. */
rj_status rj_store_journal_drop(rj_store *store, int64_t number, const char *message,
                                rj_error *err);

/* What was done to a package of one owner, newest first, at most RJ_STORE_HISTORY of each. */
#define RJ_STORE_HISTORY 10
typedef struct rj_store_past {
    rj_verdict verdict;
    rj_step step; /* where it is, or how it ended */
    const char *version;
    const char *message;
    const char *correlation;
    int32_t exit_code;
    int64_t started_wall_ms, ended_wall_ms; /* ended 0: not yet */
} rj_store_past;
rj_status rj_store_history(rj_store *store, const char *id, rj_uid uid, rj_store_past **ret_past,
                           size_t *ret_count, rj_error *err);

/* For kill tests: kill this process (SIGKILL) at the n-th durable write, before it (when odd: 2n-1)
 * or right after it (even: 2n).  0: never. */
void rj_store_kill_at(rj_store *store, unsigned nth);

/* For rj_runtime_options.kv. */
rj_kv_backend rj_store_kv(rj_store *store);

#endif
