/* SPDX-License-Identifier: MIT */
/*
 * An agent with a real loop, store and policy folder, a fake provider and fake checks, in a folder
 * of its own.
 */
#ifndef RJ_ENGINE_AGENT_BENCH_TEST_H
#define RJ_ENGINE_AGENT_BENCH_TEST_H

#include "engine/agent_internal.h"
#include "engine/fake_performer_test.h"

#define ALICE ((rj_uid)4001)

typedef struct agent_bench {
    char folder[256];
    rj_paths *paths;
    rj_loop *loop;
    rj_store *store;
    fake_performer fake;
    rj_agent *agent;
    rj_uid sessions[4];
    size_t session_count;
    /* Checks: what "firewall" answers; without `offered` no plugin offers it. */
    bool check_offered;
    const char *check_state;
    rj_status check_status;
    rj_question check_question;
    bool check_asked;
    unsigned checks_evaluated;
    /* Events. */
    json_t *ended;   /* last "run" "ended" */
    json_t *planned; /* last "run" "planned" */
    unsigned runs_ended, checks_ended;
    char policy_event[16];
    bool stopped;
    char lines[65536]; /* of the log */
} agent_bench;

extern agent_bench a;

int agent_set_up(void **state);
int agent_tear_down(void **state);
/* Single quotes stand for double ones. */
void agent_write_policy(const char *name, const char *text);
void agent_begin(void); /* rj_agent_start() */
void agent_settle(void);
/* Until a question with this verb is the oldest one out. */
void agent_run_until(rj_package_verb verb);
void agent_end(void); /* stop and free; agent_set_up()'s store stays */
void agent_make(void);
/* RJ_OK or the refusal; then everything settles. */
rj_status agent_ask(rj_trigger_kind kind, const char *id, rj_uid uid, char ret_correlation[17]);
const char *agent_outcome(void); /* of the last run */
const char *agent_message(void);
/* The package in rj_agent_list(); NULL: not listed.  A new reference. */
json_t *agent_listed(const char *id, rj_uid uid, bool admin);
void agent_assert_listed(const char *id, const char *key, const char *expected);

#define AGENT_TEST(NAME) cmocka_unit_test_setup_teardown(NAME, agent_set_up, agent_tear_down)

#endif
