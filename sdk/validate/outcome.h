/* SPDX-License-Identifier: MIT */
/* What came of the process of one test: its report, its last words, and how it ended. */
#ifndef RJ_VALIDATE_OUTCOME_H
#define RJ_VALIDATE_OUTCOME_H

#include "platform/process.h"
#include "runs.h"

typedef struct rj_death {
    bool timed_out;
    int64_t timeout_s;
    rj_process_end end;
    const char *output; /* what it wrote before its output was captured */
} rj_death;

/* Verdict, findings, notes and output from the test's folder. */
void rj_outcome_read(rj_outcome *outcome, const char *base, const rj_death *death);
void rj_outcome_clear(rj_outcome *outcome);
/* Variables of our own environment that a test process gets as well; NULL-terminated. */
void rj_outcome_environment(const char **ret_list, size_t size);

#endif
