/* SPDX-License-Identifier: MIT */
/*
 * What is asked from outside: runs, cancelling, sessions, checks.
 *
 * A request that is not allowed is refused at once: the planner is asked with the policy and the
 * records at hand, as if nobody had looked at the system, because what may be asked for does not
 * depend on what is there.
 */
#include "engine/agent_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/system.h"

#include <string.h>

#define LOGGER "engine.agent"
#define SIGNED_IN_MS 300

/* ---- Runs ------------------------------------------------------------------------------------ */

static rj_status refusal_of(const rj_plan_item *item, rj_error *err)
{
    char text[512] = "not allowed";
    const rj_reason *last = item->reason_count ? &item->reasons[item->reason_count - 1] : NULL;
    if (last)
        rj_reason_text(last, text, sizeof text);
    bool unknown = !last || strcmp(last->code, "not-assigned") == 0;
    return rj_fail(err, unknown ? RJ_E_NOT_FOUND : RJ_E_DENIED, "%s", text);
}

static rj_status judge(rj_agent *agent, const rj_trigger *trigger, rj_error *err)
{
    rj_picture *picture = NULL;
    rj_status status = rj_agent_picture(agent, trigger, false, &picture, err);
    if (status != RJ_OK)
        return status;
    for (size_t i = 0; status == RJ_OK && i < picture->plan->item_count; i++)
        if (picture->plan->items[i].verdict == RJ_VERDICT_REFUSED)
            status = refusal_of(&picture->plan->items[i], err);
    rj_picture_free(picture);
    return status;
}

static void log_refusal(const rj_trigger *trigger, const char *correlation, const char *why)
{
    char name[64], id[160] = "";
    const char *who = rj_trigger_asker(trigger, name, sizeof name);
    if (trigger->id)
        rj_text_to_line(id, sizeof id, trigger->id, strlen(trigger->id));
    rj_log(RJ_LOG_WARNING, LOGGER, correlation, "%s%s%s asked for by %s%s: refused: %s",
           rj_trigger_name(trigger), id[0] ? " " : "", id, who,
           trigger->from_link ? " through a link" : "", why);
}

static rj_status consider(rj_agent *agent, const rj_trigger *trigger, char ret_correlation[17],
                          rj_error *err)
{
    if (agent->stopping)
        return rj_fail(err, RJ_E_BUSY, "the service is stopping");
    if (trigger->id && !rj_package_id_valid(trigger->id, strlen(trigger->id)))
        return rj_fail(err, RJ_E_INVALID, "this is no package id");
    if (trigger->kind != RJ_TRIGGER_SYNC) {
        if (!agent->policy_asked_for)
            rj_agent_read_policy(agent, "-"); /* everybody's documents, not for the asker's log */
        rj_status status = judge(agent, trigger, err);
        if (status != RJ_OK)
            return status;
    }
    return rj_agent_enqueue(agent, trigger, ret_correlation, err);
}

rj_status rj_agent_request(rj_agent *agent, const rj_trigger *trigger, char ret_correlation[17],
                           rj_error *err)
{
    rj_error error = RJ_ERROR_NONE;
    rj_agent_new_correlation(ret_correlation);
    rj_status status = consider(agent, trigger, ret_correlation, &error);
    if (status != RJ_OK) {
        log_refusal(trigger, ret_correlation, error.text);
        if (err)
            *err = error;
    }
    return status;
}

static rj_status may_cancel(const rj_run *run, rj_uid uid, bool admin, rj_error *err)
{
    if (admin || run->trigger.uid == uid)
        return RJ_OK;
    return rj_fail(err, RJ_E_DENIED, "only who asked for it, or an administrator, may end it");
}

static rj_status cancel_queued(rj_agent *agent, rj_run **at, rj_uid uid, bool admin, rj_error *err)
{
    rj_run *run = *at;
    rj_status status = may_cancel(run, uid, admin, err);
    if (status != RJ_OK)
        return status;
    *at = run->next;
    agent->queued--;
    rj_run_emit_end(agent, run, "cancelled", NULL, NULL);
    rj_run_free(run);
    return RJ_OK;
}

rj_status rj_agent_cancel(rj_agent *agent, const char *correlation, rj_uid uid, bool admin,
                          rj_error *err)
{
    for (rj_run **at = &agent->queue; *at; at = &(*at)->next)
        if (strcmp((*at)->correlation, correlation) == 0)
            return cancel_queued(agent, at, uid, admin, err);
    if (!agent->running || strcmp(agent->running->correlation, correlation) != 0)
        return rj_fail(err, RJ_E_NOT_FOUND, "this run has ended or never was");
    rj_status status = may_cancel(agent->running, uid, admin, err);
    if (status != RJ_OK)
        return status;
    rj_log(RJ_LOG_INFO, LOGGER, correlation, "cancelled on request");
    rj_run_cancel(agent, admin);
    return RJ_OK;
}

/* ---- Sessions -------------------------------------------------------------------------------- */

static bool has_open_entry(rj_agent *agent, rj_uid uid)
{
    rj_journal_entry *entries = NULL;
    size_t count = 0;
    bool found = false;
    if (rj_store_journal_open_entries(agent->options.store, &entries, &count, NULL) != RJ_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        found = found || entries[i].uid == uid;
    rj_free(entries);
    return found;
}

static bool is_unseen(const rj_agent *agent, const rj_assignment *assignment, rj_uid uid)
{
    if (assignment->scope != RJ_SCOPE_USER ||
        (assignment->audience != RJ_UID_MACHINE && assignment->audience != uid))
        return false;
    const rj_detection *seen = rj_sightings_get(&agent->sightings, assignment->id, uid);
    return !seen || seen->state == RJ_DETECTED_UNKNOWN;
}

/* Something of this user's that nobody has looked at, or that can be done now. */
static bool has_work(rj_agent *agent, rj_uid uid)
{
    for (size_t i = 0; agent->policy && i < agent->policy->assignment_count; i++)
        if (is_unseen(agent, &agent->policy->assignments[i], uid))
            return true;
    const rj_plan *plan = rj_agent_view(agent);
    for (size_t i = 0; plan && i < plan->action_count; i++)
        if (plan->items[i].uid == uid)
            return true;
    return false;
}

static void on_signed_in(void *data)
{
    rj_agent *agent = data;
    rj_uid uids[RJ_AGENT_SESSIONS_MAX];
    size_t count = rj_agent_sessions(agent, uids);
    rj_timer_stop(agent->session_timer);
    agent->session_timer = NULL;
    for (size_t i = 0; i < count; i++) {
        if (has_work(agent, uids[i]) || has_open_entry(agent, uids[i])) {
            rj_agent_sync_by_itself(agent, "a user signed in");
            return;
        }
    }
}

/* A command that serves as the session asks for what it wants right after it signed in, and that
 * comes first: the sync for the session looks a moment later whether anything is left. */
void rj_agent_session_changed(rj_agent *agent, rj_uid uid, bool present)
{
    char name[64];
    rj_error error = RJ_ERROR_NONE;
    rj_log(RJ_LOG_INFO, LOGGER, NULL, "session of %s: %s",
           rj_system_user_name(uid, name, sizeof name), present ? "there" : "gone");
    rj_agent_facts_changed(agent);
    if (!present || agent->stopping || agent->session_timer)
        return;
    if (rj_timer_start(agent->options.loop, SIGNED_IN_MS, 0, on_signed_in, agent,
                       &agent->session_timer, &error) != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "the session waits for the next sync: %s", error.text);
}

/* ---- Checks ---------------------------------------------------------------------------------- */

static void on_checked(void *data)
{
    rj_agent *agent = data;
    json_t *checks = rj_check_cache_view(agent->checks, true);
    agent->check_ended_is_due = false;
    rj_agent_facts_changed(agent);
    rj_agent_emit(agent, "check", RJ_UID_MACHINE,
                  checks ? json_pack("{s:s, s:o}", "state", "ended", "checks", checks) : NULL);
}

rj_status rj_agent_check(rj_agent *agent, const char *check_id, rj_error *err)
{
    char correlation[17];
    if (agent->stopping)
        return rj_fail(err, RJ_E_BUSY, "the service is stopping");
    rj_agent_new_correlation(correlation);
    if (agent->check_ended_is_due) /* one end answers all who asked */
        return rj_check_cache_refresh(agent->checks, check_id, correlation, NULL, NULL, err);
    agent->check_ended_is_due = true;
    rj_status status =
        rj_check_cache_refresh(agent->checks, check_id, correlation, on_checked, agent, err);
    if (status != RJ_OK)
        agent->check_ended_is_due = false;
    return status;
}

void rj_agent_plugins_changed(rj_agent *agent)
{
    rj_error error = RJ_ERROR_NONE;
    rj_agent_facts_changed(agent);
    if (agent->stopping)
        return;
    rj_check_cache_outdate(agent->checks);
    if (rj_agent_check(agent, NULL, &error) != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "the checks are as old as they were: %s", error.text);
}
