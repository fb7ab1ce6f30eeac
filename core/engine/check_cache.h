/* SPDX-License-Identifier: MIT */
/*
 * The last result of every security check, and what follows for mandatory software.
 *
 * A check that no plugin offers, that failed, did not answer in time, or answered with something
 * that is no sound result is "unknown" with its reason; nothing but a plugin's own word makes it
 * "ok".
 *
 * Loop thread only.
 */
#ifndef RJ_ENGINE_CHECK_CACHE_H
#define RJ_ENGINE_CHECK_CACHE_H

#include "engine/plan.h"
#include "runtime/runtime.h"

/* Who evaluates; as the functions of runtime.h. */
typedef struct rj_evaluator {
    void *data;
    const char *const *(*check_ids)(void *data);
    rj_question_id (*evaluate)(void *data, const char *check_id, const rj_question *question);
    void (*cancel)(void *data, rj_question_id question);
} rj_evaluator;

typedef struct rj_check_cache rj_check_cache;

/* `policy` is where the policy in force is found at any time; *policy may be NULL. */
rj_status rj_check_cache_new(const rj_evaluator *evaluator, const rj_policy *const *policy,
                             rj_check_cache **ret_cache, rj_error *err);
void rj_check_cache_free(rj_check_cache *cache); /* not while a refresh is on */

/*
 * Evaluate `check_id`, or all (NULL) but those the policy skips.  While one refresh is on, a further
 * one joins it.  `ended`, if not NULL, is called once for each call that
 * returned RJ_OK, maybe inside.  RJ_E_NOT_FOUND: no such check is known.
 */
rj_status rj_check_cache_refresh(rj_check_cache *cache, const char *check_id,
                                 const char *correlation, void (*ended)(void *data), void *data,
                                 rj_error *err);
/* Who answers has changed: what a refresh that is on has found so far does not stand, all are asked
 * again when it ends. */
void rj_check_cache_outdate(rj_check_cache *cache);
void rj_check_cache_cancel(rj_check_cache *cache);
bool rj_check_cache_is_busy(const rj_check_cache *cache);
/* When all were last evaluated; 0: never. */
uint64_t rj_check_cache_time(const rj_check_cache *cache);

/* Facts for the planner; strings borrowed until the next refresh ends.  rj_free(). */
rj_status rj_check_cache_facts(const rj_check_cache *cache, rj_check_fact **ret_facts,
                               size_t *ret_count, rj_error *err);
/* [check] as docs/ipc.md; NULL: out of memory. */
json_t *rj_check_cache_view(const rj_check_cache *cache, bool with_evidence);
/* {"open", "reason"}; NULL: out of memory. */
json_t *rj_check_cache_gate(const rj_check_cache *cache);

#endif
