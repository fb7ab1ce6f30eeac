/* SPDX-License-Identifier: MIT */
/* The tests, one function each; cases.c lists them. */
#ifndef RJ_VALIDATE_CASE_H
#define RJ_VALIDATE_CASE_H

#include "stage.h"

typedef enum rj_reach {
    RJ_REACH_FILES,      /* looks at the plugin's files */
    RJ_REACH_IN_PROCESS, /* calls what the plugin exports, so it must be in this process */
    RJ_REACH_BOTH        /* asks through the runtime, wherever the plugin is */
} rj_reach;

typedef struct rj_case {
    const char *name;
    const char *summary;
    rj_reach reach;
    void (*run)(rj_trial *trial);
} rj_case;

extern const rj_case rj_cases[]; /* NULL name ends the list; "load" stands before what needs it */

const rj_case *rj_case_find(const char *name); /* NULL: none */

/* case_files.c */
void rj_case_manifest(rj_trial *trial);
void rj_case_exports(rj_trial *trial);
void rj_case_entry(rj_trial *trial);
/* case_offer.c */
void rj_case_load(rj_trial *trial);
void rj_case_tables(rj_trial *trial);
void rj_case_unknown_interface(rj_trial *trial);
void rj_case_ids(rj_trial *trial);
/* case_answer.c */
void rj_case_answers(rj_trial *trial);
void rj_case_package_cycle(rj_trial *trial);
void rj_case_refused_capabilities(rj_trial *trial);
void rj_case_process_contract(rj_trial *trial);
/* case_instances.c */
void rj_case_two_instances(rj_trial *trial);
void rj_case_second_life(rj_trial *trial);
/* case_time.c */
void rj_case_cancel(rj_trial *trial);
void rj_case_deadline(rj_trial *trial);
void rj_case_stop_busy(rj_trial *trial);
/* case_life.c */
void rj_case_stop_waits(rj_trial *trial);
void rj_case_op_use(rj_trial *trial);
void rj_case_create_destroy(rj_trial *trial);
void rj_case_growth(rj_trial *trial);
/* case_junk.c */
void rj_case_unknown_check(rj_trial *trial);
void rj_case_junk_request(rj_trial *trial);
void rj_case_junk_config(rj_trial *trial);
void rj_case_junk_settings(rj_trial *trial);
/* case_random.c */
void rj_case_random_order(rj_trial *trial);

#endif
