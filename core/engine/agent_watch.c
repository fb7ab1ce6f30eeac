/* SPDX-License-Identifier: MIT */
/*
 * Watches the policy folder and its users/, and keeps the one timer of the sync interval.
 *
 * A change is acted upon once the folder has been quiet for a moment, because editors and copies
 * write in several steps.  The watches are renewed with each change: a folder that was replaced is
 * another one.
 */
#include "engine/agent_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "platform/file.h"
#include "platform/system.h"

#define LOGGER "engine.agent"
#define SETTLE_MS 300
#define DEFAULT_INTERVAL_MS ((int64_t)30 * 60 * 1000)

static void on_settled(void *data)
{
    rj_agent *agent = data;
    rj_timer_stop(agent->settle_timer);
    agent->settle_timer = NULL;
    rj_agent_watch_policy(agent);
    rj_agent_sync_by_itself(agent, "the policy folder changed");
}

static void on_changed(void *data)
{
    rj_agent *agent = data;
    rj_error error = RJ_ERROR_NONE;
    rj_timer_stop(agent->settle_timer);
    agent->settle_timer = NULL;
    if (rj_timer_start(agent->options.loop, SETTLE_MS, 0, on_settled, agent, &agent->settle_timer,
                       &error) != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "the changed policy waits for the next sync: %s",
               error.text);
}

static void watch(rj_agent *agent, const char *folder, rj_watch **watch)
{
    rj_error error = RJ_ERROR_NONE;
    rj_watch_stop(*watch);
    *watch = NULL;
    if (rj_watch_directory(agent->options.loop, folder, on_changed, agent, watch, &error) != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "changes are seen at the next sync only: %s",
               error.text);
}

void rj_agent_watch_policy(rj_agent *agent)
{
    const char *folder = rj_path(agent->options.paths, RJ_PATH_POLICY);
    char *users = NULL;
    if (rj_path_join(folder, "users", &users, NULL) != RJ_OK)
        return;
    /* First, for it is a change by itself; watch() tells.  One by one: parents are made readable. */
    rj_dir_make(folder, 0700, NULL);
    rj_dir_make(users, 0700, NULL);
    watch(agent, folder, &agent->policy_watch);
    watch(agent, users, &agent->users_watch);
    rj_free(users);
}

static void on_interval(void *data)
{
    rj_agent *agent = data;
    rj_timer_stop(agent->sync_timer);
    agent->sync_timer = NULL;
    agent->next_sync_wall_ms = 0;
    rj_agent_sync_by_itself(agent, "the interval has passed");
}

void rj_agent_arm_sync(rj_agent *agent)
{
    int64_t interval = agent->policy ? agent->policy->sync_interval_ms : DEFAULT_INTERVAL_MS;
    rj_error error = RJ_ERROR_NONE;
    rj_timer_stop(agent->sync_timer);
    agent->sync_timer = NULL;
    agent->next_sync_wall_ms = 0;
    if (agent->stopping)
        return;
    if (rj_timer_start(agent->options.loop, (uint64_t)interval, 0, on_interval, agent,
                       &agent->sync_timer, &error) == RJ_OK)
        agent->next_sync_wall_ms = rj_clock_wall_ms() + interval;
    else
        rj_log(RJ_LOG_ERROR, LOGGER, NULL, "no further sync by itself: %s", error.text);
}

void rj_agent_unwatch(rj_agent *agent)
{
    rj_watch_stop(agent->policy_watch);
    rj_watch_stop(agent->users_watch);
    rj_timer_stop(agent->sync_timer);
    rj_timer_stop(agent->settle_timer);
    rj_timer_stop(agent->session_timer);
    agent->policy_watch = agent->users_watch = NULL;
    agent->sync_timer = agent->settle_timer = agent->session_timer = NULL;
    agent->next_sync_wall_ms = 0;
}
