/* SPDX-License-Identifier: MIT */
/*
 * Asks providers what is there, for all packages a trigger is about: each one for a sync, else the
 * one asked for and what it needs.  At most RJ_AGENT_QUESTIONS questions are out at once.
 *
 * A package of a user without a session is not asked for: nobody could answer.  One whose session ends
 * before the answer counts as not asked for: what was seen before still holds.
 */
#include "engine/agent_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/request.h"

#include <string.h>

#define LOGGER "engine.detect"
#define DETECT_LIMIT_MS 60000

typedef struct target {
    const rj_assignment *assignment;
    rj_uid owner;
} target;

typedef struct slot {
    rj_agent *agent;
    const target *target;
    rj_question_id question;
    bool asking;
} slot;

struct rj_detecting {
    target *targets;
    size_t count, next;
    slot slots[RJ_AGENT_QUESTIONS];
    size_t asking;
    void (*done)(rj_agent *agent);
};

/* ---- What a trigger is about ----------------------------------------------------------------- */

static void mark_id(const rj_policy *policy, const char *id, bool *marks)
{
    for (size_t i = 0; i < policy->assignment_count; i++)
        if (rj_ascii_casecmp(policy->assignments[i].id, id) == 0)
            marks[i] = true;
}

/* The package and everything it needs, through any number of levels. */
static void mark_needs(const rj_policy *policy, const char *id, bool *marks, bool *followed)
{
    mark_id(policy, id, marks);
    for (size_t i = 0; i < policy->assignment_count;) {
        const rj_assignment *assignment = &policy->assignments[i];
        if (!marks[i] || followed[i]) {
            i++;
            continue;
        }
        followed[i] = true;
        for (size_t k = 0; k < assignment->depends_count; k++)
            mark_id(policy, assignment->depends_on[k], marks);
        i = 0; /* what was marked may stand before this one */
    }
}

static bool is_about(const rj_trigger *trigger, const rj_assignment *assignment, rj_uid owner)
{
    if (!trigger->id || trigger->admin)
        return true;
    if (assignment->audience != RJ_UID_MACHINE && assignment->audience != trigger->uid)
        return false;
    return owner == RJ_UID_MACHINE || owner == trigger->uid;
}

static void add_targets(rj_agent *agent, const rj_trigger *trigger, const bool *marks,
                        struct rj_detecting *detecting)
{
    rj_uid sessions[RJ_AGENT_SESSIONS_MAX];
    size_t session_count = rj_agent_sessions(agent, sessions);
    for (size_t i = 0; i < agent->policy->assignment_count; i++) {
        const rj_assignment *assignment = &agent->policy->assignments[i];
        if (marks && !marks[i])
            continue;
        if (assignment->scope == RJ_SCOPE_SYSTEM) {
            if (is_about(trigger, assignment, RJ_UID_MACHINE))
                detecting->targets[detecting->count++] = (target){assignment, RJ_UID_MACHINE};
            continue;
        }
        for (size_t k = 0; k < session_count; k++)
            if ((assignment->audience == RJ_UID_MACHINE || assignment->audience == sessions[k]) &&
                is_about(trigger, assignment, sessions[k]))
                detecting->targets[detecting->count++] = (target){assignment, sessions[k]};
    }
}

static bool collect(rj_agent *agent, const rj_trigger *trigger, struct rj_detecting *detecting)
{
    size_t count = agent->policy->assignment_count;
    rj_uid sessions[RJ_AGENT_SESSIONS_MAX];
    size_t per_entry = 1 + rj_agent_sessions(agent, sessions);
    bool *marks = rj_calloc(2 * count, sizeof *marks);
    detecting->targets = rj_calloc(count * per_entry, sizeof *detecting->targets);
    bool complete = marks && detecting->targets;
    if (complete && trigger->id)
        mark_needs(agent->policy, trigger->id, marks, marks + count);
    if (complete)
        add_targets(agent, trigger, trigger->id ? marks : NULL, detecting);
    rj_free(marks);
    return complete;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void ask_more(rj_agent *agent);

static void keep(rj_agent *agent, const target *about, const rj_found *found)
{
    if (found->state == RJ_DETECTED_UNKNOWN)
        rj_log(RJ_LOG_WARNING, LOGGER, agent->running->correlation,
               "%s: what is there is not known: %s", about->assignment->id, found->detail);
    if (!rj_sightings_put(&agent->sightings, about->assignment->id, about->owner, found))
        rj_log(RJ_LOG_WARNING, LOGGER, agent->running->correlation, "%s: out of memory",
               about->assignment->id);
}

static void on_detected(void *data, const rj_answer *answer)
{
    slot *answered = data;
    rj_agent *agent = answered->agent;
    struct rj_detecting *detecting = agent->running->detecting;
    rj_found found = rj_found_read(answer);
    answered->asking = false;
    detecting->asking--;
    bool lost = answer->status != RJ_OK &&
                !agent->performer.present(agent->performer.data, answered->target->owner);
    if (answer->status != RJ_E_CANCELLED && !lost)
        keep(agent, answered->target, &found);
    ask_more(agent);
}

static rj_status build(const rj_agent *agent, const target *about, json_t **ret_request,
                       rj_error *err)
{
    rj_request_facts facts = {.policy = agent->policy,
                              .assignment = about->assignment,
                              .owner = about->owner,
                              .phase = rj_phase_name(agent->phase),
                              .caller = agent->running->trigger.uid};
    json_t *request = NULL;
    rj_status status = rj_request_build(&facts, &request, err);
    if (status == RJ_OK && about->owner == RJ_UID_MACHINE)
        status = rj_request_place(request, agent->options.paths, err);
    if (status == RJ_OK)
        *ret_request = request;
    else
        json_decref(request);
    return status;
}

static void ask(rj_agent *agent, slot *free_slot, const target *about)
{
    struct rj_detecting *detecting = agent->running->detecting;
    json_t *request = NULL;
    rj_error error = RJ_ERROR_NONE;
    if (build(agent, about, &request, &error) != RJ_OK) {
        rj_found unknown = {RJ_DETECTED_UNKNOWN, "", error.text};
        keep(agent, about, &unknown);
        return;
    }
    rj_question question = {.correlation = agent->running->correlation,
                            .deadline_ms = DETECT_LIMIT_MS,
                            .answered = on_detected,
                            .data = free_slot};
    *free_slot = (slot){.agent = agent, .target = about, .asking = true};
    detecting->asking++;
    free_slot->question = agent->performer.package(agent->performer.data, about->owner,
                                                   RJ_PACKAGE_DETECT, request, &question);
    json_decref(request);
}

static void finish(rj_agent *agent)
{
    struct rj_detecting *detecting = agent->running->detecting;
    void (*done)(rj_agent *) = detecting->done;
    agent->running->detecting = NULL;
    rj_free(detecting->targets);
    rj_free(detecting);
    done(agent);
}

static void ask_more(rj_agent *agent)
{
    struct rj_detecting *detecting = agent->running->detecting;
    for (size_t i = 0; i < RJ_AGENT_QUESTIONS; i++)
        while (!detecting->slots[i].asking && detecting->next < detecting->count &&
               !agent->running->cancelled)
            ask(agent, &detecting->slots[i], &detecting->targets[detecting->next++]);
    if (detecting->asking == 0)
        finish(agent);
}

/* Without memory nothing is asked: what is not known is not changed. */
void rj_agent_detect(rj_agent *agent, rj_run *run, void (*done)(rj_agent *agent))
{
    struct rj_detecting *detecting = rj_calloc(1, sizeof *detecting);
    if (!detecting || !collect(agent, &run->trigger, detecting)) {
        rj_log(RJ_LOG_ERROR, LOGGER, run->correlation, "out of memory: nothing is looked at");
        if (detecting)
            rj_free(detecting->targets);
        rj_free(detecting);
        done(agent);
        return;
    }
    detecting->done = done;
    run->detecting = detecting;
    ask_more(agent);
}

void rj_agent_detect_cancel(rj_agent *agent, rj_run *run)
{
    struct rj_detecting *detecting = run->detecting;
    for (size_t i = 0; detecting && i < RJ_AGENT_QUESTIONS; i++) {
        const slot *asked = &detecting->slots[i];
        if (asked->asking)
            agent->performer.cancel(agent->performer.data, asked->target->owner, asked->question);
    }
}
