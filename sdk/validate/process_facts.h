/* SPDX-License-Identifier: MIT */
/* What a plugin must leave alone in its process, and what it must give back. */
#ifndef RJ_VALIDATE_PROCESS_FACTS_H
#define RJ_VALIDATE_PROCESS_FACTS_H

#include "base/status.h"

#include <stddef.h>

/* Says one difference. */
typedef void (*rj_difference)(void *data, const char *expected, const char *advice,
                              const char *found);

/* File mode mask, working directory, locale, signal handlers, environment, descriptors 0 to 2, limits. */
typedef struct rj_footprint rj_footprint;
rj_status rj_footprint_take(rj_footprint **ret_footprint, rj_error *err);
void rj_footprint_compare(const rj_footprint *before, const rj_footprint *after,
                          rj_difference differs, void *data);
void rj_footprint_free(rj_footprint *footprint);

typedef struct rj_usage {
    size_t memory; /* bytes in use; 0: the allocator does not say */
    unsigned descriptors;
    unsigned threads;
} rj_usage;
/* Descriptors of a file whose path ends with `ignored` are not counted. */
void rj_usage_read(const char *ignored, rj_usage *ret_usage);
void rj_usage_pause(void); /* 20 ms */
/* For how long this thread has been ready to run, and others ran; 0: the system does not say. */
unsigned long long rj_usage_starved_ms(void);

#endif
