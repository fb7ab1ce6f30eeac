/* SPDX-License-Identifier: MIT */
/*
 * The agent's inside.
 *
 *     agent.c         life, who performs, the queue of triggers
 *     agent_request.c what is asked from outside: requests, cancelling, sessions, checks
 *     agent_policy.c  reads the policy, keeps the last good one
 *     agent_watch.c   the policy folder and the one timer
 *     agent_phase.c   NoGraph, DeploymentPhase
 *     agent_detect.c  asks providers what is there
 *     agent_run.c     one run from trigger to end
 *     agent_views.c   documents for IPC: status, checks, policy
 *     agent_packages.c  documents for IPC: list, why
 */
#ifndef RJ_ENGINE_AGENT_INTERNAL_H
#define RJ_ENGINE_AGENT_INTERNAL_H

#include "engine/agent.h"
#include "engine/check_cache.h"
#include "engine/executor.h"
#include "engine/mirror.h"
#include "engine/performer.h"
#include "engine/picture.h"
#include "engine/recovery.h"
#include "engine/sightings.h"

#define RJ_AGENT_QUEUE_MAX 64 /* of users together; what is the machine's has as many beside */
#define RJ_AGENT_QUEUE_USER_MAX 16
#define RJ_AGENT_SESSIONS_MAX 64
#define RJ_AGENT_QUESTIONS 4

/* As other products know them. */
typedef enum rj_phase {
    RJ_PHASE_BLANK = 0,
    RJ_PHASE_RUNNING = 200,
    RJ_PHASE_COMPLETED = 210,
    RJ_PHASE_MANUAL = 500
} rj_phase;
const char *rj_phase_name(rj_phase phase); /* "RunningDeployment" */

typedef struct rj_run {
    struct rj_run *next;
    char correlation[17];
    char id[132];   /* what trigger.id points to */
    char asker[96]; /* and trigger.asker */
    rj_trigger trigger;
    const char *step; /* "recovering", "checking", "detecting", "planning", "performing" */
    bool cancelled, hard;
    const char *decided; /* code of the reason for which nothing is done; NULL: another end */
    rj_picture *picture;
    rj_recovery *recovery;
    rj_executor *executor;
    struct rj_detecting *detecting;
    rj_phase phase_before; /* DeploymentPhase when this run began to carry out the policy */
    bool in_phase;
} rj_run;

typedef enum rj_policy_state { RJ_POLICY_NONE, RJ_POLICY_OK, RJ_POLICY_ERROR } rj_policy_state;

struct rj_agent {
    rj_agent_options options;
    rj_performer performer;
    rj_evaluator evaluator;

    const rj_policy *policy; /* in force; NULL: none */
    rj_policy_state policy_state;
    bool policy_asked_for; /* it was read at least once */
    char policy_message[RJ_ERROR_TEXT];
    int64_t policy_read_wall_ms;

    bool graph_allowed;
    char graph[RJ_ERROR_TEXT + 16]; /* for people: "allowed", "off (NoGraph)" */
    rj_phase phase;
    bool phase_warned; /* that it could not be written */
    rj_mirror mirror;

    rj_sightings sightings;
    rj_check_cache *checks;
    bool check_ended_is_due; /* somebody asked for checks and gets the event at their end */

    rj_run *running;
    rj_run *queue; /* oldest first */
    size_t queued;
    rj_post next_post; /* starts the next run on a turn of its own */
    bool next_posted;
    bool started, stopping;
    rj_post stopped_post;
    void (*stopped)(void *data);
    void *stopped_data;

    rj_picture *view; /* what a sync would do now; NULL: to be made */
    size_t plugins_ready, plugins_refused, plugins_quarantined; /* when the view was made */
    struct {
        rj_uid uid;
        char name[64];
    } known_name; /* the last one asked for: looking names up takes longer than a status */

    rj_timer *sync_timer, *settle_timer, *session_timer;
    rj_watch *policy_watch, *users_watch;
    int64_t last_sync_wall_ms, next_sync_wall_ms;
};

/* Tests bring their own. */
rj_status rj_agent_new_with(const rj_agent_options *options, const rj_performer *performer,
                            const rj_evaluator *evaluator, rj_agent **ret_agent, rj_error *err);

/* agent.c */
void rj_agent_emit(rj_agent *agent, const char *topic, rj_uid audience, json_t *document);
/* Queue a trigger, or find the queued one that is equal. */
rj_status rj_agent_enqueue(rj_agent *agent, const rj_trigger *trigger, char ret_correlation[17],
                           rj_error *err);
void rj_agent_new_correlation(char ret_correlation[17]);
void rj_agent_start_next(rj_agent *agent);
void rj_agent_sync_by_itself(rj_agent *agent, const char *why);
void rj_agent_run_over(rj_agent *agent); /* the running one has ended and is freed */
void rj_run_free(rj_run *run);
const char *rj_trigger_name(const rj_trigger *trigger);
/* Who asks, for the log. */
const char *rj_trigger_asker(const rj_trigger *trigger, char *ret_name, size_t size);
size_t rj_agent_sessions(const rj_agent *agent, rj_uid *ret_uids); /* RJ_AGENT_SESSIONS_MAX */
void rj_agent_facts_changed(rj_agent *agent);                      /* the view is out of date */
rj_status rj_agent_picture(rj_agent *agent, const rj_trigger *trigger, bool with_sightings,
                           rj_picture **ret_picture, rj_error *err);

/* The plan a sync would make now; NULL: there is no policy, or no memory. */
const rj_plan *rj_agent_view(rj_agent *agent);

/* agent_packages.c */
const char *rj_agent_package_state(const rj_agent *agent, const rj_assignment *assignment,
                                   rj_uid owner, const rj_plan_item *item);

/* agent_policy.c; not while a plan is being carried out */
void rj_agent_read_policy(rj_agent *agent, const char *correlation);

/* agent_watch.c */
void rj_agent_watch_policy(rj_agent *agent);
void rj_agent_arm_sync(rj_agent *agent);
void rj_agent_unwatch(rj_agent *agent);

/* agent_phase.c */
void rj_agent_read_graph(rj_agent *agent);
void rj_agent_read_phase(rj_agent *agent);
void rj_agent_phase_begins(rj_agent *agent); /* with the running run */
void rj_agent_phase_ends(rj_agent *agent, const char *outcome);

/* agent_run.c */
void rj_run_begin(rj_agent *agent);
void rj_run_cancel(rj_agent *agent, bool hard);
void rj_run_emit_end(rj_agent *agent, const rj_run *run, const char *outcome,
                     const rj_execution_counts *counts, const char *message);

/* agent_detect.c: `done` maybe inside. */
void rj_agent_detect(rj_agent *agent, rj_run *run, void (*done)(rj_agent *agent));
void rj_agent_detect_cancel(rj_agent *agent, rj_run *run);

#endif
