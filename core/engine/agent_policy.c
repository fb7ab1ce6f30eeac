/* SPDX-License-Identifier: MIT */
/* Reads the policy folder.  A faulty policy leaves the last good one in force and shows as an error
 * with its text; a folder without documents is no policy. */
#include "engine/agent_internal.h"

#include "base/log.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "engine.policy"
#define SIGHTINGS_SPARE 1024

static void emit(rj_agent *agent, const char *state)
{
    json_t *document = json_pack("{s:s}", "state", state);
    if (document && agent->policy)
        json_object_set_new(document, "revision", json_string(agent->policy->revision));
    if (document && agent->policy_message[0])
        json_object_set_new(document, "message", json_string(agent->policy_message));
    rj_agent_emit(agent, "policy", RJ_UID_MACHINE, document);
}

/* Plugins and views let go of the old one before it is freed. */
static void put_in_force(rj_agent *agent, rj_policy *policy)
{
    const rj_policy *old = agent->policy;
    rj_agent_facts_changed(agent);
    agent->policy = policy;
    if (!policy || agent->sightings.count > 2 * policy->assignment_count + SIGHTINGS_SPARE)
        rj_sightings_clear(&agent->sightings); /* mostly of packages that are gone */
    if (agent->options.runtime)
        rj_runtime_configure(agent->options.runtime, policy ? policy->plugins : NULL);
    rj_policy_free((rj_policy *)(uintptr_t)old);
}

static void tell_warnings(const rj_policy *policy, const char *correlation)
{
    for (size_t i = 0; i < policy->warning_count; i++)
        rj_log(RJ_LOG_WARNING, LOGGER, correlation, "%s", policy->warnings[i]);
    for (size_t i = 0; i < policy->user_count; i++)
        if (policy->users[i].why[0])
            rj_log(RJ_LOG_WARNING, LOGGER, correlation, "users/%s.json %s: %s",
                   policy->users[i].name,
                   policy->users[i].taken ? "counts for whom the name was found before"
                                          : "is left out",
                   policy->users[i].why);
}

/* Who is left out, and who is in force by what was found before. */
static bool warn_of_the_same(const rj_policy *a, const rj_policy *b)
{
    bool same = a->user_count == b->user_count;
    for (size_t i = 0; same && i < a->user_count; i++)
        same = strcmp(a->users[i].name, b->users[i].name) == 0 &&
               a->users[i].taken == b->users[i].taken && !a->users[i].why[0] == !b->users[i].why[0];
    return same;
}

static void take(rj_agent *agent, rj_policy *policy, const char *correlation)
{
    bool changed = !agent->policy || strcmp(agent->policy->revision, policy->revision) != 0 ||
                   !warn_of_the_same(agent->policy, policy);
    bool recovered = agent->policy_state != RJ_POLICY_OK;
    agent->policy_state = RJ_POLICY_OK;
    agent->policy_message[0] = '\0';
    agent->policy_read_wall_ms = rj_clock_wall_ms();
    if (!changed) {
        rj_policy_free(policy);
    } else {
        put_in_force(agent, policy);
        rj_log(RJ_LOG_INFO, LOGGER, correlation, "revision %.12s with %zu packages in force",
               policy->revision, policy->assignment_count);
        tell_warnings(policy, correlation);
    }
    if (changed || recovered)
        emit(agent, "ok");
}

static void refuse(rj_agent *agent, rj_status status, const char *why, const char *correlation)
{
    bool none = status == RJ_E_NOT_FOUND;
    bool gone = none && !agent->policy && agent->policy_state == RJ_POLICY_ERROR;
    bool news = !agent->policy_asked_for || strcmp(agent->policy_message, why) != 0;
    agent->policy_state = none ? RJ_POLICY_NONE : RJ_POLICY_ERROR;
    snprintf(agent->policy_message, sizeof agent->policy_message, "%s", why);
    if (none && agent->policy)
        put_in_force(agent, NULL);
    else if (gone && agent->options.runtime) /* what was broken forbids nothing any more */
        rj_runtime_configure(agent->options.runtime, NULL);
    if (!news)
        return;
    rj_log(none ? RJ_LOG_WARNING : RJ_LOG_ERROR, LOGGER, correlation, "%s%s", why,
           agent->policy ? "; the last good policy stays in force" : "");
    emit(agent, "error");
}

void rj_agent_read_policy(rj_agent *agent, const char *correlation)
{
    rj_policy *policy = NULL;
    rj_error error = RJ_ERROR_NONE;
    rj_status status =
        rj_policy_read_directory(agent->options.paths, agent->policy, &policy, &error);
    if (agent->options.runtime)
        rj_runtime_refresh(agent->options.runtime); /* plugins may be new as well */
    if (status == RJ_OK)
        take(agent, policy, correlation);
    else
        refuse(agent, status, error.text, correlation);
    agent->policy_asked_for = true;
}
