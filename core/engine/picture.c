/* SPDX-License-Identifier: MIT */
#include "engine/picture.h"

#include "base/alloc.h"
#include "engine/arena.h"
#include "engine/evidence.h"
#include "platform/system.h"

#include <string.h>

struct rj_picture_copies {
    rj_arena arena;
    rj_id_index records; /* (id, owner) -> place in records */
    rj_detection *detections;
    rj_check_fact *checks;
    size_t check_count;
    rj_uid *sessions;
    char *trigger_id, *asker;
};

static rj_status no_memory(rj_error *err)
{
    return rj_fail_memory(err, "planning");
}

static rj_status copy_records(rj_picture *picture, rj_store *store, rj_error *err)
{
    rj_status status = rj_store_records(store, &picture->stored, &picture->record_count, err);
    if (status == RJ_OK)
        status = rj_id_index_open(&picture->copies->records, picture->record_count, err);
    if (status != RJ_OK)
        return status;
    picture->records = rj_calloc(picture->record_count, sizeof *picture->records);
    if (!picture->records)
        return no_memory(err);
    for (size_t i = 0; i < picture->record_count; i++) {
        picture->records[i] = picture->stored[i].core;
        rj_id_index_put(&picture->copies->records, picture->records[i].id, picture->records[i].uid,
                        i);
    }
    return rj_store_attempts(store, &picture->attempts, &picture->attempt_count, err);
}

static rj_status copy_sightings(struct rj_picture_copies *copies, const rj_sightings *sightings,
                                rj_error *err)
{
    size_t count = sightings ? sightings->count : 0;
    copies->detections = rj_arena_alloc(&copies->arena, count, sizeof *copies->detections);
    bool complete = copies->detections != NULL;
    for (size_t i = 0; complete && i < count; i++) {
        const rj_detection *seen = &sightings->list[i];
        rj_detection *copy = &copies->detections[i];
        *copy = *seen;
        copy->id = rj_arena_strdup(&copies->arena, seen->id);
        copy->version = rj_arena_strdup(&copies->arena, seen->version ? seen->version : "");
        copy->detail = rj_arena_strdup(&copies->arena, seen->detail ? seen->detail : "");
        complete = copy->id && copy->version && copy->detail;
    }
    return complete ? RJ_OK : no_memory(err);
}

static rj_status copy_checks(struct rj_picture_copies *copies, const rj_check_cache *cache,
                             rj_error *err)
{
    rj_status status = rj_check_cache_facts(cache, &copies->checks, &copies->check_count, err);
    for (size_t i = 0; status == RJ_OK && i < copies->check_count; i++) {
        rj_check_fact *fact = &copies->checks[i];
        fact->check_id = rj_arena_strdup(&copies->arena, fact->check_id);
        fact->summary = rj_arena_strdup(&copies->arena, fact->summary);
        if (!fact->check_id || !fact->summary)
            status = no_memory(err);
    }
    return status;
}

static uint64_t evidence(void *data, const rj_assignment *assignment)
{
    return rj_evidence(data, assignment);
}

static rj_status make_plan(rj_picture *picture, const rj_picture_sources *sources,
                           const rj_trigger *trigger, rj_error *err)
{
    struct rj_picture_copies *copies = picture->copies;
    size_t sessions = sources->session_count;
    copies->sessions = rj_arena_alloc(&copies->arena, sessions, sizeof(rj_uid));
    copies->trigger_id = trigger->id ? rj_arena_strdup(&copies->arena, trigger->id) : NULL;
    copies->asker = trigger->asker ? rj_arena_strdup(&copies->arena, trigger->asker) : NULL;
    if (!copies->sessions || (trigger->id && !copies->trigger_id) ||
        (trigger->asker && !copies->asker))
        return no_memory(err);
    if (sessions)
        memcpy(copies->sessions, sources->sessions, sessions * sizeof(rj_uid));
    rj_plan_input input = {
        .policy = sources->policy,
        .records = picture->records,
        .record_count = picture->record_count,
        .detections = copies->detections,
        .detection_count = sources->sightings ? sources->sightings->count : 0,
        .attempts = picture->attempts,
        .attempt_count = picture->attempt_count,
        .checks = copies->checks,
        .check_count = copies->check_count,
        .sessions = copies->sessions,
        .session_count = sessions,
        .evidence = evidence,
        .evidence_data = (rj_policy *)(uintptr_t)sources->policy,
        .trigger = *trigger,
        .now_wall_ms = rj_clock_wall_ms(),
    };
    input.trigger.id = copies->trigger_id;
    input.trigger.asker = copies->asker;
    return rj_plan_make(&input, &picture->plan, err);
}

rj_status rj_picture_make(const rj_picture_sources *sources, const rj_trigger *trigger,
                          rj_picture **ret_picture, rj_error *err)
{
    rj_picture *picture = rj_calloc(1, sizeof *picture);
    if (picture)
        picture->copies = rj_calloc(1, sizeof *picture->copies);
    if (!picture || !picture->copies) {
        rj_free(picture);
        return no_memory(err);
    }
    rj_status status = copy_records(picture, sources->store, err);
    if (status == RJ_OK)
        status = copy_sightings(picture->copies, sources->sightings, err);
    if (status == RJ_OK)
        status = copy_checks(picture->copies, sources->checks, err);
    if (status == RJ_OK)
        status = make_plan(picture, sources, trigger, err);
    if (status != RJ_OK) {
        rj_picture_free(picture);
        return status;
    }
    *ret_picture = picture;
    return RJ_OK;
}

void rj_picture_free(rj_picture *picture)
{
    if (!picture)
        return;
    rj_plan_free(picture->plan);
    rj_id_index_close(&picture->copies->records);
    rj_free(picture->copies->checks);
    rj_arena_free(&picture->copies->arena);
    rj_free(picture->copies);
    rj_free(picture->stored);
    rj_free(picture->records);
    rj_free(picture->attempts);
    rj_free(picture);
}

const rj_store_record *rj_picture_record(const rj_picture *picture, const char *id, rj_uid owner)
{
    size_t at = rj_id_index_get(&picture->copies->records, id, owner);
    return at == RJ_ID_INDEX_NONE ? NULL : &picture->stored[at];
}
