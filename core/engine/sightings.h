/* SPDX-License-Identifier: MIT */
/* What providers saw last, by package and owner. */
#ifndef RJ_ENGINE_SIGHTINGS_H
#define RJ_ENGINE_SIGHTINGS_H

#include "engine/id_index.h"
#include "engine/proof.h"

typedef struct rj_sightings {
    rj_detection *list; /* strings owned */
    size_t count, capacity;
    rj_id_index index;
} rj_sightings;

#define RJ_SIGHTINGS_EMPTY                                                                         \
    {                                                                                              \
        0                                                                                          \
    }

/* Without memory the package counts as not seen: false. */
bool rj_sightings_put(rj_sightings *sightings, const char *id, rj_uid owner, const rj_found *found);
const rj_detection *rj_sightings_get(const rj_sightings *sightings, const char *id, rj_uid owner);
void rj_sightings_clear(rj_sightings *sightings);

#endif
