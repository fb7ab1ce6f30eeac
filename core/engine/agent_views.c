/* SPDX-License-Identifier: MIT */
/* Documents for IPC: status, checks, policy, and what sessions must know of it. */
#include "engine/agent_internal.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "platform/file.h"
#include "platform/system.h"
#include "runtime/signature_rule.h"

#include <stdio.h>
#include <string.h>

#define USERS_MAX 10000

/* A document under construction: the first failure sticks. */
typedef struct document {
    json_t *object;
    bool failed;
} document;

static void set(document *to, const char *key, json_t *value)
{
    if (json_object_set_new(to->object, key, value) != 0)
        to->failed = true;
}

static void set_time(document *to, const char *key, int64_t wall_ms)
{
    char text[25];
    if (!wall_ms)
        return;
    rj_clock_format(wall_ms, text);
    set(to, key, json_string(text));
}

static json_t *take(document *to)
{
    if (to->object && !to->failed)
        return to->object;
    json_decref(to->object);
    return NULL;
}

/* ---- Status ---------------------------------------------------------------------------------- */

static const char *user_name(rj_agent *agent, rj_uid uid)
{
    if (!agent->known_name.name[0] || agent->known_name.uid != uid) {
        rj_system_user_name(uid, agent->known_name.name, sizeof agent->known_name.name);
        agent->known_name.uid = uid;
    }
    return agent->known_name.name;
}

static json_t *view_policy_state(const rj_agent *agent)
{
    static const char *const states[] = {"none", "ok", "error"};
    document to = {json_object(), false};
    set(&to, "state", json_string(states[agent->policy_state]));
    if (agent->policy)
        set(&to, "revision", json_string(agent->policy->revision));
    set_time(&to, "read", agent->policy_read_wall_ms);
    if (agent->policy_message[0])
        set(&to, "message", json_string(agent->policy_message));
    set(&to, "warnings",
        json_integer(agent->policy ? (json_int_t)agent->policy->warning_count : 0));
    return take(&to);
}

static bool is_restart_pending(const rj_agent *agent)
{
    for (size_t i = 0; agent->view && i < agent->view->record_count; i++)
        if (agent->view->records[i].restart_pending)
            return true;
    return false;
}

static json_t *count_packages(rj_agent *agent, rj_uid uid, bool admin)
{
    const rj_plan *plan = rj_agent_view(agent);
    size_t installed = 0, outdated = 0, wanted = 0, held = 0, failed = 0;
    for (size_t i = 0; plan && i < plan->item_count; i++) {
        const rj_plan_item *item = &plan->items[i];
        if (!rj_item_is_visible(item, uid, admin))
            continue;
        const char *state = rj_agent_package_state(agent, item->assignment, item->uid, item);
        const rj_store_record *record =
            rj_picture_record(agent->view, item->assignment->id, item->uid);
        outdated += strcmp(state, "outdated") == 0;
        installed += strcmp(state, "installed") == 0 || strcmp(state, "outdated") == 0;
        wanted += i < plan->action_count;
        held += item->verdict == RJ_VERDICT_HELD;
        failed += record && !record->core.success;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "installed", (json_int_t)installed, "outdated",
                     (json_int_t)outdated, "wanted", (json_int_t)wanted, "held", (json_int_t)held,
                     "failed", (json_int_t)failed);
}

static json_t *view_run(const rj_agent *agent, rj_uid uid, bool admin)
{
    const rj_run *run = agent->running;
    if (!run)
        return json_null();
    document to = {json_object(), false};
    set(&to, "correlation", json_string(run->correlation));
    set(&to, "trigger", json_string(rj_trigger_name(&run->trigger)));
    set(&to, "step", json_string(run->step));
    if (run->executor && to.object)
        to.failed |= !rj_executor_describe(run->executor, uid, admin, to.object);
    return take(&to);
}

static json_t *view_sessions(const rj_agent *agent)
{
    rj_uid uids[RJ_AGENT_SESSIONS_MAX];
    size_t count = rj_agent_sessions(agent, uids);
    json_t *names = json_array();
    for (size_t i = 0; names && i < count; i++) {
        char name[64];
        rj_system_user_name(uids[i], name, sizeof name);
        if (json_array_append_new(names, json_string(name)) != 0) {
            json_decref(names);
            return NULL;
        }
    }
    return names;
}

json_t *rj_agent_status(rj_agent *agent, rj_uid uid, bool admin)
{
    char device[256];
    document to = {json_object(), false};
    set(&to, "version", json_string(RJ_VERSION));
    set(&to, "device", json_string(rj_system_host_name(device, sizeof device)));
    set(&to, "user", json_string(user_name(agent, uid)));
    set(&to, "policy", view_policy_state(agent));
    set(&to, "checks", rj_check_cache_view(agent->checks, false));
    set(&to, "gate", rj_check_cache_gate(agent->checks));
    set(&to, "packages", count_packages(agent, uid, admin));
    set(&to, "run", view_run(agent, uid, admin));
    set(&to, "queued", json_integer((json_int_t)agent->queued));
    set_time(&to, "next_sync", agent->next_sync_wall_ms);
    set_time(&to, "last_sync", agent->last_sync_wall_ms);
    set(&to, "graph", json_string(agent->graph));
    set(&to, "deployment_phase", json_string(rj_phase_name(agent->phase)));
    set(&to, "restart_pending", json_boolean(is_restart_pending(agent)));
    set(&to, "sessions", view_sessions(agent));
    set(&to, "plugins",
        json_pack("{s:I, s:I, s:I}", "ready", (json_int_t)agent->plugins_ready, "refused",
                  (json_int_t)agent->plugins_refused, "quarantined",
                  (json_int_t)agent->plugins_quarantined));
    set(&to, "store",
        json_pack("{s:b}", "damaged_set_aside", (int)rj_store_was_damaged(agent->options.store)));
    return take(&to);
}

json_t *rj_agent_checks(rj_agent *agent)
{
    json_t *checks = rj_check_cache_view(agent->checks, true);
    return checks ? json_pack("{s:o}", "checks", checks) : NULL;
}

/* ---- Policy ---------------------------------------------------------------------------------- */

static bool belongs_to(const char *document_name, const char *user)
{
    size_t length = strlen(user);
    return strncmp(document_name, user, length) == 0 &&
           strcmp(document_name + length, ".json") == 0;
}

/* Names of the documents as they are in the folder; root sees those of all users. */
static json_t *view_documents(rj_agent *agent, rj_uid uid, bool admin)
{
    const char *folder = rj_path(agent->options.paths, RJ_PATH_POLICY);
    char *device = NULL, *users = NULL, **names = NULL;
    size_t count = 0;
    json_t *documents = json_array();
    int failed = !documents;
    if (rj_path_join(folder, "device.json", &device, NULL) == RJ_OK && rj_file_exists(device))
        failed |= json_array_append_new(documents, json_string("device.json"));
    if (rj_path_join(folder, "users", &users, NULL) == RJ_OK)
        rj_dir_list(users, USERS_MAX, &names, &count, NULL);
    for (size_t i = 0; i < count; i++)
        if (admin || belongs_to(names[i], user_name(agent, uid)))
            failed |= json_array_append_new(documents, json_sprintf("users/%s", names[i]));
    rj_free(device);
    rj_free(users);
    rj_free(names);
    if (!failed)
        return documents;
    json_decref(documents);
    return NULL;
}

static json_t *view_texts(const char *const *texts)
{
    json_t *list = json_array();
    for (size_t i = 0; list && texts && texts[i]; i++) {
        if (json_array_append_new(list, json_string(texts[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *view_warnings(rj_agent *agent, rj_uid uid, bool admin)
{
    const rj_policy *policy = agent->policy;
    json_t *list = json_array();
    int failed = !list;
    for (size_t i = 0; i < policy->warning_count; i++) {
        const char *warning = policy->warnings[i], *name = user_name(agent, uid);
        bool of_user = strncmp(warning, "users/", 6) == 0;
        bool own = of_user && strncmp(warning + 6, name, strlen(name)) == 0 &&
                   strncmp(warning + 6 + strlen(name), ".json", 5) == 0;
        if (admin || own || !of_user)
            failed |= json_array_append_new(list, json_string(warning));
    }
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

/* Seconds, as the policy's keys have them. */
static json_t *view_settings(const rj_policy *policy)
{
    static const char *const words[] = {"enforced", "recommended", "skipped"};
    document to = {json_object(), false};
    set(&to, "Environment.ConfigCheckInterval", json_integer(policy->sync_interval_ms / 1000));
    set(&to, "Environment.SecurityCheckInterval", json_integer(policy->check_interval_ms / 1000));
    set(&to, "SoftwarePackaging.AutoUpgradeCanDowngrade", json_boolean(policy->allow_downgrade));
    set(&to, "Chocolatey.Sources", view_texts(policy->sources));
    document required = {json_object(), false};
    for (size_t i = 0; i < sizeof policy->requirements / sizeof *policy->requirements; i++)
        set(&required, policy->requirements[i].check_id,
            json_string(words[policy->requirements[i].enforcement]));
    set(&to, "Policies.RequireSecurityFeatures", take(&required));
    return take(&to);
}

/* Arguments may hold what only root should read. */
static json_t *view_assignment(const rj_assignment *assignment, bool admin)
{
    return json_pack("{s:s, s:s, s:s*, s:s, s:s, s:s*, s:b, s:b, s:b, s:b, s:i, s:s*}", "id",
                     assignment->id, "name", assignment->name, "group", assignment->group, "scope",
                     assignment->scope == RJ_SCOPE_USER ? "user" : "system", "format",
                     assignment->format, "version", assignment->version, "mandatory",
                     (int)assignment->mandatory, "hidden", (int)assignment->hidden, "auto_upgrade",
                     (int)assignment->auto_upgrade, "uninstall", (int)assignment->uninstall,
                     "order", (int)assignment->order, "args", admin ? assignment->args : NULL);
}

static json_t *view_assignments(const rj_policy *policy, rj_uid uid, bool admin)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < policy->assignment_count; i++) {
        const rj_assignment *assignment = &policy->assignments[i];
        if (!admin && assignment->audience != RJ_UID_MACHINE && assignment->audience != uid)
            continue;
        json_t *view = view_assignment(assignment, admin);
        document to = {view, !view};
        if (view && assignment->depends_count)
            set(&to, "depends_on", view_texts(assignment->depends_on));
        if (to.failed || json_array_append(list, view) != 0) {
            json_decref(view);
            json_decref(list);
            return NULL;
        }
        json_decref(view);
    }
    return list;
}

json_t *rj_agent_policy(rj_agent *agent, rj_uid uid, bool admin)
{
    const rj_policy *policy = agent->policy;
    document to = {json_object(), false};
    set(&to, "documents", view_documents(agent, uid, admin));
    if (policy) {
        set(&to, "revision", json_string(policy->revision));
        set(&to, "warnings", view_warnings(agent, uid, admin));
        set(&to, "settings", view_settings(policy));
        set(&to, "packages", view_assignments(policy, uid, admin));
    } else {
        set(&to, "warnings", json_array());
        set(&to, "settings", json_object());
        set(&to, "packages", json_array());
    }
    return take(&to);
}

/* ---- Menu ------------------------------------------------------------------------------------ */

json_t *rj_agent_ui(rj_agent *agent, rj_uid uid)
{
    const rj_policy *policy = agent->policy;
    json_t *links = json_array();
    int failed = !links;
    for (size_t i = 0; policy && i < policy->web_link_count; i++) {
        const rj_web_link *link = &policy->web_links[i];
        if (link->audience == RJ_UID_MACHINE || link->audience == uid)
            failed |= json_array_append_new(links, json_pack("{s:s, s:s, s:s*}", "name", link->name,
                                                             "target", link->target, "platform",
                                                             link->platform));
    }
    if (!failed)
        return json_pack("{s:o}", "links", links);
    json_decref(links);
    return NULL;
}

/* ---- Plugins --------------------------------------------------------------------------------- */

/* Settings are the device's own business. */
static json_t *view_rules_of(const json_t *section)
{
    static const char *const members[] = {"Enabled", "Isolation", "Grant", "Limits"};
    document to = {json_object(), false};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *value = rj_json_get(section, members[i]);
        if (value)
            set(&to, members[i], json_incref(value));
    }
    return take(&to);
}

/* A session does not know what the administrator took out of service here. */
static bool is_out_of_service(const json_t *plugin)
{
    const char *state = json_string_value(json_object_get(plugin, "state"));
    return state && (strcmp(state, "disabled") == 0 || strcmp(state, "quarantined") == 0);
}

/* A policy that cannot be read may forbid these. */
static bool is_of_others(const json_t *plugin)
{
    return json_is_false(json_object_get(plugin, "built_in"));
}

static void set_not_enabled(document *to, const char *id)
{
    json_t *rules = rj_json_get(to->object, id);
    if (json_is_object(rules))
        to->failed |= json_object_set_new(rules, "Enabled", json_false()) != 0;
    else if (!rules)
        set(to, id, json_pack("{s:b}", "Enabled", 0));
}

json_t *rj_agent_plugin_rules(rj_agent *agent)
{
    document to = {json_object(), false};
    json_t *policy = agent->policy ? (json_t *)agent->policy->plugins : NULL;
    bool unknown =
        !agent->policy && (agent->policy_state == RJ_POLICY_ERROR || !agent->policy_asked_for);
    const char *id;
    json_t *section;
    json_object_foreach(policy, id, section)
    {
        if (rj_signature_rule_is_setting(id, strlen(id)))
            set(&to, id, json_deep_copy(section));
        else if (!json_is_null(section)) /* what is no object, a session refuses as well */
            set(&to, id, json_is_object(section) ? view_rules_of(section) : json_false());
    }
    json_t *plugins = agent->options.runtime ? rj_runtime_describe(agent->options.runtime) : NULL;
    to.failed |= agent->options.runtime && !plugins;
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *plugin = json_array_get(plugins, i);
        if (is_out_of_service(plugin) || (unknown && is_of_others(plugin)))
            set_not_enabled(&to, json_string_value(json_object_get(plugin, "id")));
    }
    json_decref(plugins);
    return take(&to);
}
