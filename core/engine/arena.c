/* SPDX-License-Identifier: MIT */
/*
 * Blocks of 64 KiB, filled from the front; a larger piece gets a block of its own behind the
 * current one, so that the space left there is not lost.
 */
#include "engine/arena.h"

#include "base/alloc.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 * 1024)

struct rj_arena_block {
    struct rj_arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static struct rj_arena_block *block_new(size_t size)
{
    struct rj_arena_block *block = rj_calloc(1, sizeof(*block) + size);
    if (block)
        block->size = size;
    return block;
}

static struct rj_arena_block *block_for(rj_arena *arena, size_t size)
{
    struct rj_arena_block *current = arena->blocks;
    if (current && current->size - current->used >= size)
        return current;

    struct rj_arena_block *block = block_new(size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE);
    if (!block)
        return NULL;
    if (current && block->size != BLOCK_SIZE) {
        block->next = current->next;
        current->next = block;
    } else {
        block->next = current;
        arena->blocks = block;
    }
    return block;
}

void *rj_arena_alloc(rj_arena *arena, size_t count, size_t size)
{
    const size_t step = alignof(max_align_t);
    if (size && count > (SIZE_MAX / 2) / size)
        return NULL;
    size_t bytes = (count * size + step - 1) / step * step;
    if (bytes == 0)
        bytes = step;

    struct rj_arena_block *block = block_for(arena, bytes);
    if (!block)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += bytes;
    return memory;
}

char *rj_arena_strndup(rj_arena *arena, const char *text, size_t length)
{
    char *copy = rj_arena_alloc(arena, length + 1, 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *rj_arena_strdup(rj_arena *arena, const char *text)
{
    return rj_arena_strndup(arena, text, strlen(text));
}

void rj_arena_free(rj_arena *arena)
{
    while (arena->blocks) {
        struct rj_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        rj_free(block);
    }
}
