/* SPDX-License-Identifier: MIT */
/*
 * Open addressing over twice as many slots as keys.  The hash mixes every byte (FNV-1a and a final
 * avalanche); a policy crafted for collisions only slows its own planning, within the package limit.
 */
#include "engine/id_index.h"

#include "base/alloc.h"
#include "base/text.h"

struct rj_id_index_slot {
    const char *id; /* NULL: empty */
    rj_uid uid;
    uint32_t hash;
    size_t value;
};

static uint32_t hash_of(const char *id, rj_uid uid)
{
    uint64_t hash = 0xcbf29ce484222325u ^ uid;
    for (const unsigned char *byte = (const unsigned char *)id; *byte; byte++) {
        unsigned char folded = *byte >= 'A' && *byte <= 'Z' ? (unsigned char)(*byte | 0x20) : *byte;
        hash = (hash ^ folded) * 0x100000001b3u;
    }
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

rj_status rj_id_index_open(rj_id_index *index, size_t capacity, rj_error *err)
{
    size_t slots = 16;
    while (slots / 2 < capacity)
        slots *= 2;
    index->slots = rj_calloc(slots, sizeof(*index->slots));
    if (!index->slots)
        return rj_fail_memory(err, "indexing packages");
    index->mask = slots - 1;
    return RJ_OK;
}

void rj_id_index_close(rj_id_index *index)
{
    rj_free(index->slots);
    index->slots = NULL;
}

/* The slot of the key, or the empty one where it belongs. */
static struct rj_id_index_slot *find_slot(const rj_id_index *index, const char *id, rj_uid uid,
                                          uint32_t hash)
{
    for (size_t at = hash & index->mask;; at = (at + 1) & index->mask) {
        struct rj_id_index_slot *slot = &index->slots[at];
        if (!slot->id ||
            (slot->hash == hash && slot->uid == uid && rj_ascii_casecmp(slot->id, id) == 0))
            return slot;
    }
}

size_t rj_id_index_put(rj_id_index *index, const char *id, rj_uid uid, size_t value)
{
    uint32_t hash = hash_of(id, uid);
    struct rj_id_index_slot *slot = find_slot(index, id, uid, hash);
    if (!slot->id)
        *slot = (struct rj_id_index_slot){.id = id, .uid = uid, .hash = hash, .value = value};
    return slot->value;
}

size_t rj_id_index_get(const rj_id_index *index, const char *id, rj_uid uid)
{
    if (!index->slots)
        return RJ_ID_INDEX_NONE;
    const struct rj_id_index_slot *slot = find_slot(index, id, uid, hash_of(id, uid));
    return slot->id ? slot->value : RJ_ID_INDEX_NONE;
}
