/* SPDX-License-Identifier: MIT */
/*
 * The engine: holds policy, store and runtime together and does what the plan says, one action at a
 * time per machine.
 *
 *     trigger --> (policy read) --> checks --> detection --> plan --> actions --> records, events
 *
 * Triggers come from the interval, the watched policy folder, requests over IPC and the start.
 * While a run is on, further triggers queue (equal ones are merged).  After a kill at any point the
 * next start finishes or rolls back what the journal holds before anything else.
 *
 * Loop thread only.
 */
#ifndef RJ_ENGINE_AGENT_H
#define RJ_ENGINE_AGENT_H

#include "base/status.h"
#include "engine/plan.h"
#include "engine/store.h"
#include "platform/paths.h"
#include "runtime/loop.h"
#include "runtime/runtime.h"
#include <jansson.h>

typedef struct rj_agent rj_agent;

/* Runs package steps for users; implemented by the IPC server over the users' sessions. */
typedef struct rj_user_performer {
    void *data;
    /* Like rj_runtime_package(), in the session of `uid`.  No session: answers RJ_E_NOT_STARTED. */
    rj_question_id (*package)(void *data, rj_uid uid, rj_package_verb verb, const json_t *request,
                              const rj_question *question);
    void (*cancel)(void *data, rj_question_id question);
    /* Users with a session right now. */
    size_t (*sessions)(void *data, rj_uid *ret_uids, size_t capacity);
} rj_user_performer;

typedef struct rj_agent_options {
    rj_loop *loop;
    const rj_paths *paths;
    rj_runtime *runtime;
    rj_store *store;
    rj_user_performer users;
    /* What happened, for IPC subscribers: topic "run", "action", "progress", "check", "policy",
     * "log".  `audience` is the user it concerns, RJ_UID_MACHINE: everybody.  Documents are shaped
     * as docs/ipc.md says. */
    void (*event)(void *data, const char *topic, rj_uid audience, const json_t *document);
    void *event_data;
} rj_agent_options;

rj_status rj_agent_new(const rj_agent_options *options, rj_agent **ret_agent, rj_error *err);
/* Recover from the journal, read policy, begin the first run. */
rj_status rj_agent_start(rj_agent *agent, rj_error *err);
/* No new action; cancel the running one; then `stopped`. */
void rj_agent_stop(rj_agent *agent, void (*stopped)(void *data), void *data);
void rj_agent_free(rj_agent *agent);

/* May Microsoft Graph be asked?  False when the parameter NoGraph forbids it, or cannot be understood. */
bool rj_agent_graph_allowed(const rj_agent *agent);

/* Ask for a run.  RJ_OK: accepted, ret_correlation (16 hex digits) names it in events and log; the
 * end is the event "run" with "state": "ended".  RJ_E_NOT_FOUND, RJ_E_DENIED...: refused at once
 * (unassigned, hidden by link, not installed, no policy), logged with its correlation. */
rj_status rj_agent_request(rj_agent *agent, const rj_trigger *trigger, char ret_correlation[17],
                           rj_error *err);
/* End the running or queued run; `uid` must have asked for it, or be admin.  Never interrupts a
 * package script unless `admin`. */
rj_status rj_agent_cancel(rj_agent *agent, const char *correlation, rj_uid uid, bool admin,
                          rj_error *err);
/* A user's session came or went. */
void rj_agent_session_changed(rj_agent *agent, rj_uid uid, bool present);
/* Plugins came into or went out of service: views and checks follow. */
void rj_agent_plugins_changed(rj_agent *agent);
/* Evaluate now (all if NULL); the end is event "check" with "state": "ended". */
rj_status rj_agent_check(rj_agent *agent, const char *check_id, rj_error *err);

/* Views for IPC; new references; NULL only when out of memory.  `admin` sees everything. */
json_t *rj_agent_status(rj_agent *agent, rj_uid uid, bool admin);
json_t *rj_agent_list(rj_agent *agent, rj_uid uid, bool admin);
json_t *rj_agent_why(rj_agent *agent, const char *id, rj_uid uid,
                     bool admin); /* NULL: unknown id */
json_t *rj_agent_checks(rj_agent *agent);
/* What the menu needs beside the list: {"links": [...]}. */
json_t *rj_agent_ui(rj_agent *agent, rj_uid uid);
json_t *rj_agent_policy(rj_agent *agent, rj_uid uid, bool admin);
/* By plugin id what holds in users' sessions too: "Enabled", "Isolation", "Grant", "Limits".
 * What is out of service here is not enabled there. */
json_t *rj_agent_plugin_rules(rj_agent *agent);

#endif
