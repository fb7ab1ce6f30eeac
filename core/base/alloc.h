/* SPDX-License-Identifier: MIT */
/*
 * Allocation for the core.  The same as malloc, but a test can make the n-th allocation fail and
 * so walk every out-of-memory path.  Freed with rj_free() only.  Thread-safe.
 */
#ifndef RJ_BASE_ALLOC_H
#define RJ_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

void *rj_malloc(size_t size);
void *rj_calloc(size_t count, size_t size); /* NULL on overflow of count * size */
void *rj_realloc(void *memory, size_t size);
void *rj_realloc_array(void *memory, size_t count, size_t size);
char *rj_strdup(const char *text); /* NULL gives NULL */
char *rj_strndup(const char *text, size_t length);
void rj_free(void *memory);

/* Test hook: the n-th allocation from now fails (1 = the next), and all after it until reset with 0.
 * Returns how many allocations were made since the last call. */
uint64_t rj_alloc_fail_from(uint64_t nth);

#endif
