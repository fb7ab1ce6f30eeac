/* SPDX-License-Identifier: MIT */
/*
 * Runs the tests, each in a fresh process with a folder of its own and a time limit, some at a time,
 * and tells what came of each, in order.
 */
#ifndef RJ_VALIDATE_RUNS_H
#define RJ_VALIDATE_RUNS_H

#include "case.h"

#include <jansson.h>

typedef enum rj_verdict { RJ_VERDICT_OK, RJ_VERDICT_FAILED, RJ_VERDICT_SKIPPED } rj_verdict;

typedef struct rj_outcome {
    const rj_case *test;
    rj_place placement;
    rj_verdict verdict;
    bool loaded; /* the plugin was, at least once */
    uint64_t ms;
    json_t *findings; /* [{"expected", "found", "advice"}] */
    json_t *notes;    /* ["..."] */
    char reason[200]; /* skipped: why; "" otherwise */
    char *output;     /* what it wrote, the last of it; "" if nothing */
} rj_outcome;

typedef struct rj_counts {
    unsigned passed, failed, skipped;
} rj_counts;

/* Paths in the options are absolute.  `told` is called once a test. */
rj_status rj_runs_all(const rj_options *options,
                      void (*told)(void *data, const rj_outcome *outcome), void *data,
                      rj_counts *ret_counts, rj_error *err);

#endif
