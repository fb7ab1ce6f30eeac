/* SPDX-License-Identifier: MIT */
/*
 * The two parameters of the machine: NoGraph is read once, at the start; DeploymentPhase is written when
 * a run begins to carry out the policy and when it ends, for those who wait for this agent.
 *
 *     0 Blank --> 200 RunningDeployment or 500 ManualDeployment --> 210 CompletedDeployment
 *
 * A run that was cut off completes nothing: the phase goes back to what it was.  A NoGraph that cannot be
 * understood forbids Graph.
 */
#include "engine/agent_internal.h"

#include "base/log.h"
#include "platform/parameters.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "engine.agent"
#define NO_GRAPH "NoGraph"
#define DEPLOYMENT_PHASE "DeploymentPhase"

/* ---- NoGraph --------------------------------------------------------------------------------- */

void rj_agent_read_graph(rj_agent *agent)
{
    int64_t value = 0;
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_parameters_get(agent->options.paths, NO_GRAPH, &value, &error);
    agent->graph_allowed = status == RJ_E_NOT_FOUND || (status == RJ_OK && value == 0);
    if (agent->graph_allowed) {
        snprintf(agent->graph, sizeof agent->graph, "allowed");
    } else if (status == RJ_OK && value == 1) {
        snprintf(agent->graph, sizeof agent->graph, "off (" NO_GRAPH ")");
        rj_log(RJ_LOG_INFO, LOGGER, NULL, NO_GRAPH " is set: nothing is asked of Microsoft Graph");
    } else {
        if (status == RJ_OK)
            rj_fail(&error, RJ_E_INVALID, NO_GRAPH " is %lld, and only 0 and 1 mean something",
                    (long long)value);
        snprintf(agent->graph, sizeof agent->graph, "off (%s)", error.text);
        rj_log(
            RJ_LOG_WARNING, LOGGER, NULL,
            "%s; taken as 1, nothing is asked of Microsoft Graph; set it to 0 or 1, or remove it",
            error.text);
    }
}

bool rj_agent_graph_allowed(const rj_agent *agent)
{
    return agent->graph_allowed;
}

/* ---- DeploymentPhase ------------------------------------------------------------------------- */

const char *rj_phase_name(rj_phase phase)
{
    switch (phase) {
    case RJ_PHASE_RUNNING:
        return "RunningDeployment";
    case RJ_PHASE_COMPLETED:
        return "CompletedDeployment";
    case RJ_PHASE_MANUAL:
        return "ManualDeployment";
    default:
        return "Blank";
    }
}

/* The agent's own syncs; everything else somebody asked for. */
static rj_phase phase_of(const rj_trigger *trigger)
{
    bool own = trigger->kind == RJ_TRIGGER_SYNC && trigger->uid == RJ_UID_MACHINE;
    return own ? RJ_PHASE_RUNNING : RJ_PHASE_MANUAL;
}

static void enter(rj_agent *agent, rj_phase phase, const char *correlation)
{
    rj_error error = RJ_ERROR_NONE;
    agent->phase = phase;
    rj_status status =
        rj_parameters_set(agent->options.paths, DEPLOYMENT_PHASE, (int64_t)phase, &error);
    if (status != RJ_OK && !agent->phase_warned)
        rj_log(RJ_LOG_WARNING, LOGGER, correlation,
               "other products do not see the deployment phase: %s", error.text);
    agent->phase_warned = status != RJ_OK;
}

void rj_agent_read_phase(rj_agent *agent)
{
    int64_t value = 0;
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_parameters_get(agent->options.paths, DEPLOYMENT_PHASE, &value, &error);
    agent->phase = RJ_PHASE_BLANK; /* what was on when the last service ended was not completed */
    if (status == RJ_OK && value == RJ_PHASE_COMPLETED)
        agent->phase = RJ_PHASE_COMPLETED;
    if (status != RJ_OK && status != RJ_E_NOT_FOUND)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "%s; it is replaced by %d (%s)", error.text,
               (int)agent->phase, rj_phase_name(agent->phase));
    if (status != RJ_OK || value != (int64_t)agent->phase)
        enter(agent, agent->phase, NULL);
}

void rj_agent_phase_begins(rj_agent *agent)
{
    rj_run *run = agent->running;
    run->phase_before = agent->phase;
    run->in_phase = true;
    enter(agent, phase_of(&run->trigger), run->correlation);
}

void rj_agent_phase_ends(rj_agent *agent, const char *outcome)
{
    const rj_run *run = agent->running;
    if (!run->in_phase)
        return;
    bool cut_off = strcmp(outcome, "cancelled") == 0;
    enter(agent, cut_off ? run->phase_before : RJ_PHASE_COMPLETED, run->correlation);
}
