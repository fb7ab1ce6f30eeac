/* SPDX-License-Identifier: MIT */
/* Documents about packages for IPC: list and why. */
#include "engine/agent_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/system.h"

#include <string.h>

#define LOGGER "engine.agent"

/* ---- What a sync would do now ---------------------------------------------------------------- */

static void count_plugins(rj_agent *agent)
{
    json_t *plugins = agent->options.runtime ? rj_runtime_describe(agent->options.runtime) : NULL;
    agent->plugins_ready = agent->plugins_refused = agent->plugins_quarantined = 0;
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const char *state = json_string_value(json_object_get(json_array_get(plugins, i), "state"));
        bool ready = state && strcmp(state, "ready") == 0;
        bool disabled = state && strcmp(state, "disabled") == 0;
        bool quarantined = state && strcmp(state, "quarantined") == 0;
        agent->plugins_ready += ready;
        agent->plugins_quarantined += quarantined;
        agent->plugins_refused += !ready && !disabled && !quarantined;
    }
    json_decref(plugins);
}

const rj_plan *rj_agent_view(rj_agent *agent)
{
    const rj_trigger sync = {.kind = RJ_TRIGGER_SYNC, .uid = RJ_UID_MACHINE, .admin = true};
    rj_error error = RJ_ERROR_NONE;
    if (agent->view)
        return agent->view->plan;
    count_plugins(agent);
    if (!agent->policy)
        return NULL;
    if (rj_agent_picture(agent, &sync, true, &agent->view, &error) != RJ_OK) {
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "no view of the packages: %s", error.text);
        return NULL;
    }
    return agent->view->plan;
}

/* ---- One package ----------------------------------------------------------------------------- */

const char *rj_agent_package_state(const rj_agent *agent, const rj_assignment *assignment,
                                   rj_uid owner, const rj_plan_item *item)
{
    const rj_detection *seen = rj_sightings_get(&agent->sightings, assignment->id, owner);
    if (!seen || seen->state == RJ_DETECTED_UNKNOWN)
        return "unknown";
    if (seen->state == RJ_DETECTED_ABSENT)
        return "not-installed";
    if (item && item->verdict == RJ_VERDICT_UPGRADE)
        return "outdated";
    if (assignment->version && seen->version[0] &&
        rj_version_compare(seen->version, assignment->version) < 0)
        return "outdated";
    return "installed";
}

static json_t *view_last(const rj_store_record *record)
{
    char when[25];
    rj_clock_format(record->ended_wall_ms, when);
    const char *message = record->message[0] ? record->message : NULL;
    return json_pack("{s:s, s:b, s:i, s:s*, s:s}", "when", when, "success",
                     (int)record->core.success, "exit_code", (int)record->core.exit_code, "message",
                     message, "correlation", record->correlation);
}

/* Without an item nobody has planned it: its user is not known yet, or is root, who is none. */
static const char *verdict_of(const rj_assignment *assignment, const rj_plan_item *item)
{
    if (item)
        return rj_verdict_name(item->verdict);
    return assignment->audience == RJ_UID_ROOT ? "refused" : "held";
}

/* Members without a value are left out. */
static json_t *view_package(const rj_agent *agent, const rj_assignment *assignment, rj_uid owner,
                            const rj_plan_item *item, bool admin)
{
    const rj_detection *seen = rj_sightings_get(&agent->sightings, assignment->id, owner);
    const rj_store_record *record = rj_picture_record(agent->view, assignment->id, owner);
    const char *installed = seen && seen->state == RJ_DETECTED_PRESENT ? seen->version : NULL;
    char reason[512] = "waits until its user is signed in", user[64];
    if (!item && assignment->audience == RJ_UID_ROOT)
        rj_reason_text(&(rj_reason){.code = "not-for-root", .a = assignment->id}, reason,
                       sizeof reason);
    if (item && item->reason_count)
        rj_reason_text(&item->reasons[item->reason_count - 1], reason, sizeof reason);
    const char *code =
        item && item->reason_count ? item->reasons[item->reason_count - 1].code : NULL;
    bool of_user = admin && item && owner != RJ_UID_MACHINE;
    if (of_user)
        rj_system_user_name(owner, user, sizeof user);

    json_t *view = json_pack(
        "{s:s, s:s, s:s*, s:s, s:s, s:b, s:b, s:s, s:s*, s:s*, s:s, s:s, s:s*, s:b, s:s, s:s*}",
        "id", assignment->id, "name", assignment->name, "group", assignment->group, "scope",
        assignment->scope == RJ_SCOPE_USER ? "user" : "system", "format", assignment->format,
        "mandatory", (int)assignment->mandatory, "hidden", (int)assignment->hidden, "state",
        rj_agent_package_state(agent, assignment, owner, item), "installed_version",
        installed && installed[0] ? installed : NULL, "version", assignment->version, "verdict",
        verdict_of(assignment, item), "reason", reason, "user", of_user ? user : NULL,
        "allow_reinstall", (int)assignment->allow_reinstall, "assigned_to",
        assignment->audience == RJ_UID_MACHINE ? "device" : "user", "reason_code", code);
    int failed = !view;
    if (view && record) {
        failed |= json_object_set_new(view, "last", view_last(record));
        if (record->core.restart_pending)
            failed |= json_object_set_new(view, "restart_pending", json_true());
    }
    if (!failed)
        return view;
    json_decref(view);
    return NULL;
}

/* ---- List ------------------------------------------------------------------------------------ */

/* User-scope packages of somebody whom the planner has not heard of yet. */
static bool is_unplanned(const rj_plan *plan, const rj_assignment *assignment, rj_uid uid)
{
    return assignment->scope == RJ_SCOPE_USER &&
           (assignment->audience == RJ_UID_MACHINE || assignment->audience == uid) &&
           !rj_plan_find(plan, assignment->id, uid);
}

/* For root, what is for any user while none is known yet. */
static bool knows_users(const rj_plan *plan)
{
    for (size_t i = 0; i < plan->item_count; i++)
        if (plan->items[i].uid != RJ_UID_MACHINE)
            return true;
    return false;
}

static int list_items(rj_agent *agent, const rj_plan *plan, rj_uid uid, bool admin, json_t *list)
{
    int failed = 0;
    for (size_t i = 0; i < plan->item_count; i++) {
        const rj_plan_item *item = &plan->items[i];
        if (!rj_item_is_visible(item, uid, admin) || (item->assignment->hidden && !admin))
            continue;
        failed |= json_array_append_new(
            list, view_package(agent, item->assignment, item->uid, item, admin));
    }
    bool complete = admin && knows_users(plan);
    for (size_t i = 0; !complete && i < agent->policy->assignment_count; i++) {
        const rj_assignment *assignment = &agent->policy->assignments[i];
        if ((admin || !assignment->hidden) && is_unplanned(plan, assignment, uid))
            failed |=
                json_array_append_new(list, view_package(agent, assignment, uid, NULL, admin));
    }
    return failed;
}

json_t *rj_agent_list(rj_agent *agent, rj_uid uid, bool admin)
{
    const rj_plan *plan = rj_agent_view(agent);
    json_t *list = json_array();
    if (!list || (plan && list_items(agent, plan, uid, admin, list))) {
        json_decref(list);
        return NULL;
    }
    return json_pack("{s:o}", "packages", list);
}

/* ---- Why ------------------------------------------------------------------------------------- */

static json_t *view_reasons(const rj_plan_item *item)
{
    json_t *reasons = json_array();
    int failed = !reasons;
    for (size_t i = 0; item && i < item->reason_count; i++) {
        char text[512];
        rj_reason_text(&item->reasons[i], text, sizeof text);
        failed |= json_array_append_new(
            reasons, json_pack("{s:s, s:s}", "code", item->reasons[i].code, "text", text));
    }
    if (!failed)
        return reasons;
    json_decref(reasons);
    return NULL;
}

static json_t *view_past(const rj_store_past *past)
{
    char when[25];
    rj_clock_format(past->ended_wall_ms ? past->ended_wall_ms : past->started_wall_ms, when);
    json_t *view = json_pack(
        "{s:s, s:s, s:s, s:s*, s:i, s:s*, s:s}", "when", when, "verdict",
        rj_verdict_name(past->verdict), "state", rj_step_name(past->step), "version",
        past->version[0] ? past->version : NULL, "exit_code", (int)past->exit_code, "message",
        past->message[0] ? past->message : NULL, "correlation", past->correlation);
    if (view && past->ended_wall_ms && past->step != RJ_STEP_DROPPED &&
        json_object_set_new(view, "success", json_boolean(past->step == RJ_STEP_DONE)) != 0) {
        json_decref(view);
        return NULL;
    }
    return view;
}

static json_t *view_history(rj_agent *agent, const char *id, rj_uid owner)
{
    rj_store_past *past = NULL;
    size_t count = 0;
    rj_error error = RJ_ERROR_NONE;
    json_t *history = json_array();
    if (rj_store_history(agent->options.store, id, owner, &past, &count, &error) != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "%s: no history: %s", id, error.text);
    int failed = !history;
    for (size_t i = 0; i < count; i++)
        failed |= json_array_append_new(history, view_past(&past[i]));
    rj_free(past);
    if (!failed)
        return history;
    json_decref(history);
    return NULL;
}

static json_t *view_why(rj_agent *agent, const rj_assignment *assignment, rj_uid owner,
                        const rj_plan_item *item, bool admin)
{
    json_t *package = view_package(agent, assignment, owner, item, admin);
    json_t *reasons = view_reasons(item);
    json_t *history = view_history(agent, assignment->id, owner);
    if (!package || !reasons || !history) {
        json_decref(package);
        json_decref(reasons);
        json_decref(history);
        return NULL;
    }
    return json_pack("{s:o, s:s, s:o, s:o}", "package", package, "verdict",
                     verdict_of(assignment, item), "reasons", reasons, "history", history);
}

/* Root asks about any user's package; the first one with that id stands for all. */
static const rj_plan_item *find_item(const rj_plan *plan, const char *id, rj_uid uid, bool admin)
{
    const rj_plan_item *item = rj_plan_find(plan, id, uid);
    for (size_t i = 0; !item && admin && i < plan->item_count; i++)
        if (rj_ascii_casecmp(plan->items[i].assignment->id, id) == 0)
            item = &plan->items[i];
    return item;
}

json_t *rj_agent_why(rj_agent *agent, const char *id, rj_uid uid, bool admin)
{
    const rj_plan *plan = rj_agent_view(agent);
    if (!plan)
        return NULL;
    const rj_plan_item *item = find_item(plan, id, uid, admin);
    if (item)
        return view_why(agent, item->assignment, item->uid, item, admin);
    const rj_assignment *assignment = rj_policy_find(agent->policy, id, uid);
    if (assignment && is_unplanned(plan, assignment, uid))
        return view_why(agent, assignment, uid, NULL, admin);
    return NULL;
}
