/* SPDX-License-Identifier: MIT */
/*
 * What the process of one test tells the one that started it: lines of JSON in a file, each written at
 * once, so that what was found and what was being done is known even if the process then dies.
 */
#ifndef RJ_VALIDATE_REPORT_H
#define RJ_VALIDATE_REPORT_H

#include "base/status.h"

#include <stdbool.h>

typedef struct rj_report {
    int handle;
    unsigned findings;
    bool skipped;
    char prefix[40]; /* of steps: "seed 7: " */
} rj_report;

rj_status rj_report_open(const char *path, rj_report *ret_report, rj_error *err);
void rj_report_close(rj_report *report);
/* What is done from now on. */
void rj_report_step(rj_report *report, const char *format, ...)
    __attribute__((format(__printf__, 2, 3)));
/* A fault of the plugin: what was expected, what its author should do, and what was found. */
void rj_report_finding(rj_report *report, const char *expected, const char *advice,
                       const char *format, ...) __attribute__((format(__printf__, 4, 5)));
/* Worth knowing, and no fault. */
void rj_report_note(rj_report *report, const char *format, ...)
    __attribute__((format(__printf__, 2, 3)));
/* The test has nothing to look at, and why. */
void rj_report_skip(rj_report *report, const char *reason);
/* The plugin was loaded, so other tests make sense. */
void rj_report_loaded(rj_report *report);
/* It was loaded, but cannot be asked. */
void rj_report_unusable(rj_report *report);
/* The test came to its end. */
void rj_report_done(rj_report *report);

#endif
