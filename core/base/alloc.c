/* SPDX-License-Identifier: MIT */
/*
 * Allocation for the core: malloc with a counter in front, so that a test can make the n-th
 * allocation fail.  Memory is plain malloc memory, which libraries may hand over to rj_free().
 */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static atomic_uint_fast64_t made;      /* since the last rj_alloc_fail_from() */
static atomic_uint_fast64_t fail_from; /* 0: never */

static bool must_fail(void)
{
    uint64_t number = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) + 1;
    uint64_t from = atomic_load_explicit(&fail_from, memory_order_relaxed);
    return from != 0 && number >= from;
}

uint64_t rj_alloc_fail_from(uint64_t nth)
{
    atomic_store(&fail_from, nth);
    return atomic_exchange(&made, 0);
}

void *rj_malloc(size_t size)
{
    return must_fail() ? NULL : malloc(size ? size : 1);
}

void *rj_calloc(size_t count, size_t size)
{
    if ((size && count > SIZE_MAX / size) || must_fail())
        return NULL;
    return count && size ? calloc(count, size) : calloc(1, 1);
}

void *rj_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : realloc(memory, size ? size : 1);
}

void *rj_realloc_array(void *memory, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return rj_realloc(memory, count * size);
}

char *rj_strdup(const char *text)
{
    return text ? rj_strndup(text, strlen(text)) : NULL;
}

char *rj_strndup(const char *text, size_t length)
{
    if (!text || length == SIZE_MAX)
        return NULL;
    char *copy = rj_malloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void rj_free(void *memory)
{
    free(memory);
}
