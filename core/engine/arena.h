/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once: a policy and a plan consist of many small pieces that live
 * exactly as long as the whole.
 */
#ifndef RJ_ENGINE_ARENA_H
#define RJ_ENGINE_ARENA_H

#include <stddef.h>

typedef struct rj_arena {
    struct rj_arena_block *blocks; /* newest first */
} rj_arena;

#define RJ_ARENA_EMPTY                                                                             \
    {                                                                                              \
        0                                                                                          \
    }

/* Zeroed and aligned for every type; NULL when out of memory or when count * size overflows. */
void *rj_arena_alloc(rj_arena *arena, size_t count, size_t size);
char *rj_arena_strndup(rj_arena *arena, const char *text, size_t length);
char *rj_arena_strdup(rj_arena *arena, const char *text);
void rj_arena_free(rj_arena *arena);

#endif
