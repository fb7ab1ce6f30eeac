/* SPDX-License-Identifier: MIT */
/*
 * A hash index from (package id, owner) to a number.  Ids compare without ASCII case.  The keys are
 * borrowed and must outlive the index.
 */
#ifndef RJ_ENGINE_ID_INDEX_H
#define RJ_ENGINE_ID_INDEX_H

#include "engine/policy.h"

#define RJ_ID_INDEX_NONE SIZE_MAX

typedef struct rj_id_index {
    struct rj_id_index_slot *slots;
    size_t mask;
} rj_id_index;

#define RJ_ID_INDEX_EMPTY                                                                          \
    {                                                                                              \
        0                                                                                          \
    }

/* Room for at most `capacity` keys. */
rj_status rj_id_index_open(rj_id_index *index, size_t capacity, rj_error *err);
void rj_id_index_close(rj_id_index *index);
/* Remembers `value` unless the key is there already.  Returns the key's value. */
size_t rj_id_index_put(rj_id_index *index, const char *id, rj_uid uid, size_t value);
/* RJ_ID_INDEX_NONE: not there. */
size_t rj_id_index_get(const rj_id_index *index, const char *id, rj_uid uid);

#endif
