/* SPDX-License-Identifier: MIT */
/*
 * A plan together with everything it borrows: records, attempts, sightings, check facts and
 * sessions as they were when it was made.  Only the policy must outlive it.
 */
#ifndef RJ_ENGINE_PICTURE_H
#define RJ_ENGINE_PICTURE_H

#include "engine/check_cache.h"
#include "engine/plan.h"
#include "engine/sightings.h"
#include "engine/store.h"

typedef struct rj_picture {
    rj_store_record *stored; /* records with what the planner does not need */
    rj_record *records;
    size_t record_count;
    rj_attempts *attempts;
    size_t attempt_count;
    rj_plan *plan;
    struct rj_picture_copies *copies;
} rj_picture;

typedef struct rj_picture_sources {
    rj_store *store;
    const rj_policy *policy;
    const rj_sightings *sightings; /* NULL: as if nobody had looked */
    const rj_check_cache *checks;
    const rj_uid *sessions;
    size_t session_count;
} rj_picture_sources;

rj_status rj_picture_make(const rj_picture_sources *sources, const rj_trigger *trigger,
                          rj_picture **ret_picture, rj_error *err);
void rj_picture_free(rj_picture *picture); /* NULL is fine */

/* NULL: nothing is on record. */
const rj_store_record *rj_picture_record(const rj_picture *picture, const char *id, rj_uid owner);

#endif
