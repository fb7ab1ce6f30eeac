/* SPDX-License-Identifier: MIT */
/* What rj-validate was asked to do; the process of one test gets the same options and "--run". */
#ifndef RJ_VALIDATE_OPTIONS_H
#define RJ_VALIDATE_OPTIONS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RJ_ONLY_MAX 32

typedef enum rj_place {
    RJ_PLACED_NOWHERE, /* the test looks at files only */
    RJ_PLACED_IN_PROCESS,
    RJ_PLACED_IN_WORKER
} rj_place;

typedef enum rj_wanted { RJ_WANT_TESTS, RJ_WANT_LIST, RJ_WANT_HELP, RJ_WANT_VERSION } rj_wanted;

typedef struct rj_options {
    rj_wanted wanted;
    const char *folder; /* of the plugin */
    bool in_process;
    bool in_worker;
    bool placement_given;
    const char *worker_program; /* NULL: to be looked for */
    const char *only[RJ_ONLY_MAX];
    size_t only_count;
    int64_t seed; /* -1: all */
    int64_t seeds;
    int64_t rounds;
    int64_t deadline_ms; /* of one question */
    int64_t grace_ms;    /* after a deadline or a cancellation */
    int64_t load_ms;
    int64_t timeout_s; /* of one test */
    int64_t jobs;      /* tests at a time */
    const char *settings_file;
    const char *request_file;
    const char *feed; /* a folder with packages */
    bool json;

    /* One test in this process. */
    const char *run;  /* its name; NULL: this process starts the others */
    const char *base; /* the folder it may use */
    rj_place placement;
} rj_options;

/* RJ_E_INVALID: wrong usage.  Texts stay those of `arguments`. */
rj_status rj_options_read(int count, const char *const *arguments, rj_options *ret_options,
                          rj_error *err);
/* The command line that gives these options to the process of one test. */
typedef struct rj_argument_list {
    const char *arguments[64]; /* NULL-terminated */
    size_t count;
    char numbers[16][24];
    size_t number_count;
} rj_argument_list;
void rj_options_write(const rj_options *options, rj_argument_list *ret_list);
const char *rj_options_help(void);
const char *rj_place_name(rj_place placement); /* "in-process", "worker", "-" */

#endif
