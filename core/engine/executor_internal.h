/* SPDX-License-Identifier: MIT */
/*
 * What the executor's files share.
 *
 *     executor.c         the run: which action next, what is held
 *     executor_action.c  one action through its steps
 *     executor_report.c  events, log lines, the status document
 */
#ifndef RJ_ENGINE_EXECUTOR_INTERNAL_H
#define RJ_ENGINE_EXECUTOR_INTERNAL_H

#include "engine/executor.h"
#include "runtime/output_feed.h"

/* The action that is on. */
typedef struct rj_action {
    const rj_plan_item *item;
    rj_journal_entry entry;
    json_t *request;
    char *request_text;
    const char *label; /* "started", "fetching", "installing", "removing", "verifying" */
    rj_question_id question;
    bool asking;
    bool outcome_unknown; /* the provider was abandoned: what is there decides */
    char *version;        /* what the provider says it installed */
    int32_t exit_code;
    bool has_exit_code, restart;
    rj_status ended_as; /* the answer that was no success */
    char note[256];     /* what a person should know although it is done */
    int permille;
    char text[160];
    uint64_t progress_shown_ms;
    rj_output_feed *output; /* NULL: nothing was written yet */
} rj_action;

typedef enum rj_action_end {
    RJ_ACTION_DONE,
    RJ_ACTION_FAILED,
    RJ_ACTION_HELD,
    RJ_ACTION_CANCELLED
} rj_action_end;

struct rj_executor {
    rj_execution execution;
    size_t next; /* index into the plan's actions */
    bool busy;   /* an action is on */
    bool broken; /* the journal cannot be written: begin nothing more */
    bool cancelled, hard;
    bool *missed; /* by action: not done in this run, so what needs it is held */
    size_t done, failed, held;
    char message[RJ_ERROR_TEXT];
    rj_action action;
};

/* executor_action.c: begins the action of `item`; rj_executor_action_over() follows. */
void rj_action_begin(rj_executor *executor, const rj_plan_item *item);
void rj_action_cancel(rj_executor *executor);

/* executor.c */
void rj_executor_action_over(rj_executor *executor, rj_action_end end, const char *message);

/* executor_report.c */
void rj_report_state(rj_executor *executor, const char *state, const char *message);
void rj_report_held(rj_executor *executor, const rj_plan_item *item, const char *why);
void rj_report_progress(rj_executor *executor, int permille, const char *text);
void rj_report_output(rj_executor *executor, uint64_t line, const char *bytes, size_t length);

#endif
