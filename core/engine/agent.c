/* SPDX-License-Identifier: MIT */
/* The agent's life, who performs steps for whom, and the queue of triggers. */
#include "engine/agent_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "engine.agent"

/* ---- Who performs ---------------------------------------------------------------------------- */

static rj_question_id perform(void *data, rj_uid owner, rj_package_verb verb, const json_t *request,
                              const rj_question *question)
{
    rj_agent *agent = data;
    const rj_user_performer *users = &agent->options.users;
    const char *format = json_string_value(json_object_get(request, "format"));
    /* A provider that is out of service here is so for users, too: the runtime says why. */
    if (owner == RJ_UID_MACHINE ||
        (format && !rj_runtime_has_format(agent->options.runtime, format)))
        return rj_runtime_package(agent->options.runtime, verb, request, question);
    return users->package(users->data, owner, verb, request, question);
}

static void cancel_step(void *data, rj_uid owner, rj_question_id question)
{
    rj_agent *agent = data;
    const rj_user_performer *users = &agent->options.users;
    if (owner == RJ_UID_MACHINE)
        rj_runtime_cancel(agent->options.runtime, question);
    else
        users->cancel(users->data, question);
}

static bool is_present(void *data, rj_uid owner)
{
    const rj_agent *agent = data;
    rj_uid uids[RJ_AGENT_SESSIONS_MAX];
    size_t count = rj_agent_sessions(agent, uids);
    if (owner == RJ_UID_MACHINE)
        return true;
    for (size_t i = 0; i < count; i++)
        if (uids[i] == owner)
            return true;
    return false;
}

size_t rj_agent_sessions(const rj_agent *agent, rj_uid *ret_uids)
{
    const rj_user_performer *users = &agent->options.users;
    if (!users->sessions)
        return 0;
    size_t count = users->sessions(users->data, ret_uids, RJ_AGENT_SESSIONS_MAX);
    return count < RJ_AGENT_SESSIONS_MAX ? count : RJ_AGENT_SESSIONS_MAX;
}

static const char *const *check_ids(void *data)
{
    const rj_agent *agent = data;
    return rj_runtime_check_ids(agent->options.runtime);
}

static rj_question_id evaluate(void *data, const char *check_id, const rj_question *question)
{
    const rj_agent *agent = data;
    return rj_runtime_evaluate(agent->options.runtime, check_id, question);
}

static void cancel_check(void *data, rj_question_id question)
{
    const rj_agent *agent = data;
    rj_runtime_cancel(agent->options.runtime, question);
}

/* ---- Life ------------------------------------------------------------------------------------ */

rj_status rj_agent_new_with(const rj_agent_options *options, const rj_performer *performer,
                            const rj_evaluator *evaluator, rj_agent **ret_agent, rj_error *err)
{
    rj_agent *agent = rj_calloc(1, sizeof *agent);
    if (!agent)
        return rj_fail_memory(err, "starting the agent");
    agent->options = *options;
    agent->mirror = rj_mirror_of_system(options->paths);
    agent->performer =
        performer
            ? *performer
            : (rj_performer){
                  .data = agent, .package = perform, .cancel = cancel_step, .present = is_present};
    agent->evaluator = evaluator ? *evaluator
                                 : (rj_evaluator){.data = agent,
                                                  .check_ids = check_ids,
                                                  .evaluate = evaluate,
                                                  .cancel = cancel_check};
    rj_status status = rj_check_cache_new(&agent->evaluator, &agent->policy, &agent->checks, err);
    if (status != RJ_OK) {
        rj_free(agent);
        return status;
    }
    *ret_agent = agent;
    return RJ_OK;
}

rj_status rj_agent_new(const rj_agent_options *options, rj_agent **ret_agent, rj_error *err)
{
    return rj_agent_new_with(options, NULL, NULL, ret_agent, err);
}

/* Recovery, policy and the first run happen on later turns, so that the service answers at once. */
rj_status rj_agent_start(rj_agent *agent, rj_error *err)
{
    rj_trigger trigger = {.kind = RJ_TRIGGER_SYNC, .uid = RJ_UID_MACHINE, .admin = true};
    char correlation[17];
    rj_agent_read_graph(agent);
    rj_agent_read_phase(agent);
    rj_mirror_refresh(&agent->mirror, agent->options.store);
    agent->started = true;
    return rj_agent_enqueue(agent, &trigger, correlation, err);
}

static void on_stopped(void *data)
{
    rj_agent *agent = data;
    agent->stopped(agent->stopped_data);
}

static void end_stop_if_idle(rj_agent *agent)
{
    if (!agent->stopping || agent->running || rj_check_cache_is_busy(agent->checks) ||
        agent->next_posted)
        return;
    if (!agent->stopped_post.function)
        rj_loop_post(agent->options.loop, &agent->stopped_post, on_stopped, agent);
}

static void on_checks_idle(void *data)
{
    end_stop_if_idle(data);
}

void rj_agent_stop(rj_agent *agent, void (*stopped)(void *data), void *data)
{
    agent->stopping = true;
    agent->stopped = stopped;
    agent->stopped_data = data;
    rj_agent_unwatch(agent);
    while (agent->queue) {
        rj_run *run = agent->queue;
        agent->queue = run->next;
        agent->queued--;
        rj_run_emit_end(agent, run, "cancelled", NULL, "the service is stopping");
        rj_run_free(run);
    }
    if (agent->running)
        rj_run_cancel(agent, true);
    if (rj_check_cache_is_busy(agent->checks)) {
        rj_check_cache_refresh(agent->checks, NULL, "-", on_checks_idle, agent, NULL);
        rj_check_cache_cancel(agent->checks);
    }
    end_stop_if_idle(agent);
}

void rj_agent_free(rj_agent *agent)
{
    if (!agent)
        return;
    rj_agent_unwatch(agent);
    rj_picture_free(agent->view);
    rj_check_cache_free(agent->checks);
    rj_sightings_clear(&agent->sightings);
    rj_policy_free((rj_policy *)(uintptr_t)agent->policy);
    rj_free(agent);
}

/* ---- Events, correlation, names -------------------------------------------------------------- */

void rj_agent_emit(rj_agent *agent, const char *topic, rj_uid audience, json_t *document)
{
    if (document && agent->options.event)
        agent->options.event(agent->options.event_data, topic, audience, document);
    json_decref(document);
}

void rj_agent_new_correlation(char ret_correlation[17])
{
    uint64_t number = 0;
    if (rj_random(&number, sizeof number, NULL) != RJ_OK)
        number = rj_clock_monotonic_ns();
    snprintf(ret_correlation, 17, "%016llx", (unsigned long long)number);
}

const char *rj_trigger_name(const rj_trigger *trigger)
{
    static const char *const names[] = {"sync", "install", "upgrade", "uninstall", "retry"};
    return (size_t)trigger->kind < sizeof names / sizeof *names ? names[trigger->kind] : "unknown";
}

void rj_agent_facts_changed(rj_agent *agent)
{
    rj_picture_free(agent->view);
    agent->view = NULL;
}

rj_status rj_agent_picture(rj_agent *agent, const rj_trigger *trigger, bool with_sightings,
                           rj_picture **ret_picture, rj_error *err)
{
    rj_uid sessions[RJ_AGENT_SESSIONS_MAX];
    rj_picture_sources sources = {
        .store = agent->options.store,
        .policy = agent->policy,
        .sightings = with_sightings ? &agent->sightings : NULL,
        .checks = agent->checks,
        .sessions = sessions,
        .session_count = rj_agent_sessions(agent, sessions),
    };
    if (!agent->policy)
        return rj_fail(err, RJ_E_NOT_FOUND, "%s",
                       agent->policy_message[0] ? agent->policy_message
                                                : "there is no policy on this device");
    return rj_picture_make(&sources, trigger, ret_picture, err);
}

/* ---- The queue ------------------------------------------------------------------------------- */

void rj_run_free(rj_run *run)
{
    if (!run)
        return;
    rj_executor_free(run->executor);
    rj_recovery_free(run->recovery);
    rj_picture_free(run->picture);
    rj_free(run);
}

/* One sync is as good as another; anything else must be the same wish of the same person. */
static bool is_same(const rj_trigger *a, const rj_trigger *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == RJ_TRIGGER_SYNC)
        return true;
    if (!a->id != !b->id || (a->id && rj_ascii_casecmp(a->id, b->id) != 0))
        return false;
    return a->uid == b->uid && a->admin == b->admin && a->from_link == b->from_link;
}

/* Who asked for a sync may cancel it, but not what others rely on: then it is nobody's. */
static void share(rj_run *run, const rj_trigger *trigger)
{
    if (run->trigger.uid == trigger->uid)
        return;
    run->trigger.uid = RJ_UID_MACHINE;
    run->trigger.admin = true;
}

/* Users cannot take the places of the machine and root, nor one user those of all. */
static rj_status find_place(const rj_agent *agent, const rj_trigger *trigger, rj_error *err)
{
    size_t same = 0, users = 0;
    for (const rj_run *run = agent->queue; run; run = run->next) {
        same += run->trigger.uid == trigger->uid;
        users += !run->trigger.admin;
    }
    size_t taken = trigger->admin ? agent->queued - users : users;
    if (taken >= RJ_AGENT_QUEUE_MAX)
        return rj_fail(err, RJ_E_BUSY, "%zu requests are waiting already; ask again later", taken);
    if (!trigger->admin && same >= RJ_AGENT_QUEUE_USER_MAX)
        return rj_fail(err, RJ_E_BUSY, "%zu of your requests are waiting already; ask again later",
                       same);
    return RJ_OK;
}

const char *rj_trigger_asker(const rj_trigger *trigger, char *ret_name, size_t size)
{
    if (trigger->uid == RJ_UID_MACHINE)
        return "the agent";
    return trigger->asker ? trigger->asker : rj_system_user_name(trigger->uid, ret_name, size);
}

static void log_trigger(const rj_run *run)
{
    char name[64];
    const char *who = rj_trigger_asker(&run->trigger, name, sizeof name);
    rj_log(RJ_LOG_INFO, LOGGER, run->correlation, "%s%s%s asked for by %s%s",
           rj_trigger_name(&run->trigger), run->trigger.id ? " " : "",
           run->trigger.id ? run->id : "", who, run->trigger.from_link ? " through a link" : "");
}

static void emit_queued(rj_agent *agent, const rj_run *run)
{
    rj_agent_emit(agent, "run", run->trigger.uid,
                  json_pack("{s:s, s:s, s:s}", "correlation", run->correlation, "trigger",
                            rj_trigger_name(&run->trigger), "state", "queued"));
}

static void on_start_next(void *data)
{
    rj_agent *agent = data;
    agent->next_posted = false;
    if (agent->stopping) {
        end_stop_if_idle(agent);
        return;
    }
    if (agent->running || !agent->queue)
        return;
    agent->running = agent->queue;
    agent->queue = agent->running->next;
    agent->running->next = NULL;
    agent->queued--;
    rj_run_begin(agent);
}

void rj_agent_start_next(rj_agent *agent)
{
    if (agent->next_posted || agent->running || !agent->queue || !agent->started)
        return;
    agent->next_posted = true;
    rj_loop_post(agent->options.loop, &agent->next_post, on_start_next, agent);
}

rj_status rj_agent_enqueue(rj_agent *agent, const rj_trigger *trigger, char ret_correlation[17],
                           rj_error *err)
{
    rj_run **end = &agent->queue;
    for (; *end; end = &(*end)->next) {
        if (is_same(&(*end)->trigger, trigger)) {
            memcpy(ret_correlation, (*end)->correlation, 17);
            share(*end, trigger);
            return RJ_OK;
        }
    }
    if (agent->stopping)
        return rj_fail(err, RJ_E_BUSY, "the service is stopping");
    rj_status status = find_place(agent, trigger, err);
    if (status != RJ_OK)
        return status;
    rj_run *run = rj_calloc(1, sizeof *run);
    if (!run)
        return rj_fail_memory(err, "queueing a request");
    run->trigger = *trigger;
    if (trigger->id) {
        snprintf(run->id, sizeof run->id, "%s", trigger->id);
        run->trigger.id = run->id;
    }
    if (trigger->asker) {
        snprintf(run->asker, sizeof run->asker, "%s", trigger->asker);
        run->trigger.asker = run->asker;
    }
    rj_agent_new_correlation(run->correlation);
    memcpy(ret_correlation, run->correlation, 17);
    *end = run;
    agent->queued++;
    log_trigger(run);
    if (agent->running)
        emit_queued(agent, run);
    rj_agent_start_next(agent);
    return RJ_OK;
}

void rj_agent_sync_by_itself(rj_agent *agent, const char *why)
{
    rj_trigger trigger = {.kind = RJ_TRIGGER_SYNC, .uid = RJ_UID_MACHINE, .admin = true};
    char correlation[17] = "-";
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_agent_enqueue(agent, &trigger, correlation, &error);
    rj_log(status == RJ_OK ? RJ_LOG_INFO : RJ_LOG_WARNING, LOGGER, correlation, "sync: %s%s%s", why,
           status == RJ_OK ? "" : ": ", error.text);
}

void rj_agent_run_over(rj_agent *agent)
{
    agent->running = NULL;
    rj_agent_facts_changed(agent);
    rj_agent_start_next(agent);
    end_stop_if_idle(agent);
}
