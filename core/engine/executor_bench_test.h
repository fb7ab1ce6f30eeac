/* SPDX-License-Identifier: MIT */
/* A store, a fake provider and a plan in a folder of their own, for tests of the executor and of
 * recovery. */
#ifndef RJ_ENGINE_EXECUTOR_BENCH_TEST_H
#define RJ_ENGINE_EXECUTOR_BENCH_TEST_H

#include "engine/executor.h"
#include "engine/fake_performer_test.h"

#define CORRELATION "0123456789abcdef"

typedef struct bench {
    char folder[256];
    rj_paths *paths;
    rj_store *store;
    fake_performer fake;
    rj_policy policy;
    rj_assignment assignments[6];
    rj_plan plan;
    rj_plan_item items[6];
    rj_executor *executor;
    bool ended;
    char events[8192]; /* "state id; " of every action event */
    rj_uid last_audience;
    char last_log[256], last_error[32];
    rj_loop *loop;     /* NULL: no output is told */
    rj_uid caller;     /* RJ_UID_MACHINE unless set */
    char output[1024]; /* text of the events "output" */
    rj_uid output_audience;
    unsigned progress_events;
    char lines[16384]; /* of the log */
    char installed[16];
    rj_mirror mirror;
    char mirrored[4096]; /* "put id Version=... Success=-; ", "remove id; " */
    rj_status mirror_status;
} bench;

extern bench b;

int bench_set_up(void **state);
/* The bench in this folder, without its store: also for a child that goes on with another's. */
bool bench_use_folder(const char *folder);
int bench_tear_down(void **state);
void bench_open_store(void);
rj_assignment *bench_add(const char *id, rj_uid owner, rj_verdict verdict, const char *version);
/* What the executor is run with. */
rj_execution bench_execution(void);
void bench_begin(void);
rj_execution_counts bench_run(void);
void bench_recover(void);
/* The only record, NULL if there is none; rj_free(). */
rj_store_record *bench_record(void);
unsigned bench_attempts(void);
size_t bench_open_entries(void);

#define BENCH_TEST(NAME) cmocka_unit_test_setup_teardown(NAME, bench_set_up, bench_tear_down)

#endif
