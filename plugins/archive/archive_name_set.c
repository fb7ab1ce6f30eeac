/* SPDX-License-Identifier: MIT */
/*
 * Finds names that collide: an open-addressed hash set of folded paths in which every folder of a
 * path is a member too.  Work is linear in the length of the names, however hostile: the hash is
 * keyed by chance and runs along the path, so each prefix costs one look-up.
 */
#include "archive_internal.h"

#include <stdlib.h>
#include <string.h>

#define IS_FOLDER 1u
#define WAS_NAMED 2u /* an entry of its own, not only a prefix of others */

typedef struct slot {
    const char *text; /* NULL: free */
    uint32_t length;
    uint32_t flags;
    uint64_t hash;
} slot;

struct rj_name_set {
    slot *slots;
    size_t capacity; /* a power of two */
    size_t used;
    uint64_t seed;
};

rj_name_set *rj_name_set_new(size_t expected)
{
    rj_name_set *set = calloc(1, sizeof(*set));
    if (!set)
        return NULL;
    set->capacity = 64;
    while (set->capacity < expected * 2)
        set->capacity *= 2;
    set->slots = calloc(set->capacity, sizeof(*set->slots));
    if (!set->slots) {
        free(set);
        return NULL;
    }
    /* addresses differ from run to run: enough that a package cannot aim at one bucket */
    set->seed = ((uint64_t)(uintptr_t)set->slots ^ (uint64_t)(uintptr_t)&expected << 17) *
                UINT64_C(0x9E3779B97F4A7C15);
    return set;
}

void rj_name_set_free(rj_name_set *set)
{
    if (!set)
        return;
    free(set->slots);
    free(set);
}

static slot *find_slot(slot *slots, size_t capacity, const char *text, size_t length, uint64_t hash)
{
    size_t i = (size_t)(hash ^ hash >> 32) & (capacity - 1);
    while (slots[i].text && !(slots[i].hash == hash && slots[i].length == length &&
                              memcmp(slots[i].text, text, length) == 0))
        i = (i + 1) & (capacity - 1);
    return &slots[i];
}

static int grow(rj_name_set *set)
{
    size_t capacity = set->capacity * 2;
    slot *slots = calloc(capacity, sizeof(*slots));
    if (!slots)
        return 0;
    for (size_t i = 0; i < set->capacity; i++) {
        slot *old = &set->slots[i];
        if (old->text)
            *find_slot(slots, capacity, old->text, old->length, old->hash) = *old;
    }
    free(set->slots);
    set->slots = slots;
    set->capacity = capacity;
    return 1;
}

static int add_one(rj_name_set *set, const char *text, size_t length, uint64_t hash, uint32_t flags)
{
    if (set->used * 2 >= set->capacity && !grow(set))
        return RJ_NAME_NO_MEMORY;
    hash = (hash ^ hash >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    slot *s = find_slot(set->slots, set->capacity, text, length, hash);
    if (!s->text) {
        *s = (slot){text, (uint32_t)length, flags, hash};
        set->used++;
        return RJ_NAME_ADDED;
    }
    if ((s->flags & IS_FOLDER) != (flags & IS_FOLDER))
        return RJ_NAME_FILE_AND_FOLDER;
    if (s->flags & flags & WAS_NAMED)
        return RJ_NAME_DUPLICATE;
    s->flags |= flags;
    return RJ_NAME_ADDED;
}

int rj_name_set_add(rj_name_set *set, const char *folded, size_t length, int is_folder)
{
    uint64_t hash = set->seed;
    if (is_folder && length > 0 && folded[length - 1] == '/')
        length--;
    for (size_t i = 0; i < length; i++) {
        if (folded[i] == '/') {
            int outcome = add_one(set, folded, i, hash, IS_FOLDER);
            if (outcome != RJ_NAME_ADDED)
                return outcome;
        }
        hash = (hash ^ (unsigned char)folded[i]) * UINT64_C(0x100000001B3);
        hash ^= hash >> 31;
    }
    return add_one(set, folded, length, hash, WAS_NAMED | (is_folder ? IS_FOLDER : 0));
}
