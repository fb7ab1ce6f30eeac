/* SPDX-License-Identifier: MIT */
#include "engine/sightings.h"

#include "base/alloc.h"

static void free_strings(rj_detection *gone)
{
    rj_free((char *)(uintptr_t)gone->id);
    rj_free((char *)(uintptr_t)gone->version);
    rj_free((char *)(uintptr_t)gone->detail);
}

void rj_sightings_clear(rj_sightings *sightings)
{
    for (size_t i = 0; i < sightings->count; i++)
        free_strings(&sightings->list[i]);
    rj_free(sightings->list);
    rj_id_index_close(&sightings->index);
    *sightings = (rj_sightings)RJ_SIGHTINGS_EMPTY;
}

static bool grow(rj_sightings *sightings)
{
    size_t capacity = sightings->capacity ? sightings->capacity * 2 : 64;
    rj_id_index index = RJ_ID_INDEX_EMPTY;
    if (rj_id_index_open(&index, capacity, NULL) != RJ_OK)
        return false;
    rj_detection *list = rj_realloc_array(sightings->list, capacity, sizeof *list);
    if (!list) {
        rj_id_index_close(&index);
        return false;
    }
    for (size_t i = 0; i < sightings->count; i++)
        rj_id_index_put(&index, list[i].id, list[i].uid, i);
    rj_id_index_close(&sightings->index);
    sightings->index = index;
    sightings->list = list;
    sightings->capacity = capacity;
    return true;
}

static size_t find(const rj_sightings *sightings, const char *id, rj_uid owner)
{
    return sightings->count ? rj_id_index_get(&sightings->index, id, owner) : RJ_ID_INDEX_NONE;
}

bool rj_sightings_put(rj_sightings *sightings, const char *id, rj_uid owner, const rj_found *found)
{
    size_t at = find(sightings, id, owner);
    rj_detection seen = {
        .uid = owner,
        .state = found->state,
        .version = rj_strdup(found->version),
        .detail = rj_strdup(found->detail),
    };
    bool complete = seen.version && seen.detail;
    if (at != RJ_ID_INDEX_NONE) {
        rj_detection *old = &sightings->list[at];
        seen.id = old->id; /* the index holds on to it */
        old->id = NULL;
        free_strings(old);
        if (!complete)
            seen.state = RJ_DETECTED_UNKNOWN;
        *old = seen;
        return complete;
    }
    seen.id = rj_strdup(id);
    if (!complete || !seen.id || (sightings->count == sightings->capacity && !grow(sightings))) {
        free_strings(&seen);
        return false;
    }
    sightings->list[sightings->count] = seen;
    rj_id_index_put(&sightings->index, seen.id, owner, sightings->count);
    sightings->count++;
    return true;
}

const rj_detection *rj_sightings_get(const rj_sightings *sightings, const char *id, rj_uid owner)
{
    size_t at = find(sightings, id, owner);
    return at == RJ_ID_INDEX_NONE ? NULL : &sightings->list[at];
}
