/* SPDX-License-Identifier: MIT */
/*
 * The administrator's word over plugins: what is disabled and whose file is set aside, when plugins
 * are loaded and while they run.
 *
 * A plugin whose code is loaded goes out of service and comes back as it was; one that is not is
 * loaded again from its folder, and judged again.  Restrictions hold at once and are then kept;
 * lifting one is kept first.  So when nothing can be kept, less runs and not more.
 *
 * A session keeps no quarantine: no administrator could lift what is in a user's own store.
 */
#include "runtime/placement.h"

#include "base/alloc.h"
#include "base/log.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "runtime"
#define HASH_SHOWN 12

/* ---- Words ----------------------------------------------------------------------------------- */

static bool is_in_session(const rj_instance *instance)
{
    return instance->runtime->options.role == RJ_ROLE_SESSION;
}

static const char *still_loaded(const rj_instance *instance)
{
    bool inside = instance->plugin && !instance->placement;
    return inside ? " (its code stays loaded until the service restarts)" : "";
}

static void say_disabled(const rj_instance *instance, char *text, size_t size)
{
    snprintf(text, size, "disabled by the administrator; `realmjoin plugin enable %s` undoes it%s",
             instance->id, still_loaded(instance));
}

static void say_quarantined(const rj_instance *instance, char *text, size_t size)
{
    const rj_quarantine *why = &instance->quarantine;
    char when[25];
    rj_clock_format(why->when_wall_ms, when);
    char end[200];
    if (is_in_session(instance))
        snprintf(end, sizeof end, "it ends with this session");
    else
        snprintf(end, sizeof end, "`realmjoin plugin quarantine %s --clear` lifts it%s",
                 instance->id, still_loaded(instance));
    snprintf(text, size, "quarantined by the %s since %.19sZ (file %.*s)%s%s; %s",
             why->by_admin ? "administrator" : "agent", when, HASH_SHOWN, instance->sha256,
             *why->why ? ": " : "", why->why, end);
}

/* ---- While loading --------------------------------------------------------------------------- */

/* The hash that is looked up is the one that is loaded: a manifest without one gets it. */
static rj_status learn_hash(rj_instance *instance, char ret_sha256[65], rj_error *err)
{
    rj_manifest *manifest = instance->manifest;
    if (manifest->sha256) {
        snprintf(ret_sha256, 65, "%s", manifest->sha256);
        return RJ_OK;
    }
    rj_status status = rj_registry_hash(instance, ret_sha256, err);
    if (status)
        return status;
    manifest->sha256 = rj_strdup(ret_sha256);
    return manifest->sha256 ? RJ_OK : rj_fail_memory(err, "looking at a plugin's file");
}

static rj_status judge_file(rj_instance *instance, rj_error *err)
{
    char sha256[65];
    rj_status status = learn_hash(instance, sha256, err);
    if (status)
        return status;
    bool same = strcmp(sha256, instance->sha256) == 0;
    memcpy(instance->sha256, sha256, sizeof sha256);
    if (instance->quarantined && same)
        return RJ_OK;
    instance->quarantined = false;
    if (is_in_session(instance))
        return RJ_OK;
    status = rj_quarantine_find(&instance->runtime->options.kv, sha256, &instance->quarantine, err);
    instance->quarantined = status == RJ_OK;
    if (status && status != RJ_E_NOT_FOUND)
        return rj_fail_prefix(err, status,
                              "whether its file may run cannot be told, so it does not");
    return RJ_OK;
}

rj_status rj_instance_judge(rj_instance *instance, rj_error *err)
{
    char text[RJ_ERROR_TEXT];
    if (!instance->disabled) {
        rj_status status = rj_disabled_find(&instance->runtime->options.kv, instance->id,
                                            &instance->disabled, err);
        if (status)
            return rj_fail_prefix(err, status,
                                  "whether it is disabled cannot be told, so it does not run");
    }
    if (instance->disabled) {
        instance->state = RJ_INSTANCE_DISABLED;
        say_disabled(instance, text, sizeof text);
        return rj_fail(err, RJ_E_DENIED, "%s", text);
    }
    rj_error found = RJ_ERROR_NONE;
    rj_status status = judge_file(instance, &found);
    if (status)
        return rj_fail(err, status, "%s", found.text);
    if (instance->quarantined) {
        instance->state = RJ_INSTANCE_QUARANTINED;
        say_quarantined(instance, text, sizeof text);
        return rj_fail(err, RJ_E_DENIED, "%s", text);
    }
    return RJ_OK;
}

/* ---- In and out of service ------------------------------------------------------------------- */

static bool is_out_of_service(const rj_instance *instance)
{
    return instance->state == RJ_INSTANCE_DISABLED || instance->state == RJ_INSTANCE_QUARANTINED;
}

/* It is loaded: no new questions, and what it is doing ends. */
static void take_out_of_service(rj_instance *instance, rj_instance_state state)
{
    if (!is_out_of_service(instance)) {
        instance->loaded_state = instance->state;
        memcpy(instance->loaded_reason, instance->reason, sizeof instance->reason);
    }
    instance->state = state;
    if (state == RJ_INSTANCE_DISABLED)
        say_disabled(instance, instance->reason, sizeof instance->reason);
    else
        say_quarantined(instance, instance->reason, sizeof instance->reason);
    rj_log(instance->quarantined ? RJ_LOG_WARNING : RJ_LOG_INFO, LOGGER, NULL,
           "plugin %s is out of service: %s", instance->id, instance->reason);
    rj_placement_refuse(instance);
    rj_ops_cancel_all(instance->runtime->ops, &instance->owner);
    rj_placement_leave(instance);
}

/* It is loaded: as it was, with the settings it has missed. */
static void put_back_into_service(rj_instance *instance)
{
    if (!is_out_of_service(instance))
        return;
    instance->state = instance->loaded_state;
    memcpy(instance->reason, instance->loaded_reason, sizeof instance->reason);
    rj_placement_forgive(instance);
    if (instance->state == RJ_INSTANCE_READY)
        rj_instance_configure(instance);
    rj_log(RJ_LOG_INFO, LOGGER, NULL, "plugin %s is back in service", instance->id);
}

static void tell_changed(void *data)
{
    rj_runtime *runtime = data;
    runtime->changed_posted = false;
    if (runtime->changed && !runtime->stopping)
        runtime->changed(runtime->changed_data);
}

rj_status rj_runtime_note_change(rj_runtime *runtime, rj_error *err)
{
    if (!runtime->changed_posted) {
        runtime->changed_posted = true;
        rj_loop_post(runtime->options.loop, &runtime->changed_post, tell_changed, runtime);
    }
    return rj_runtime_collect_checks(runtime, err);
}

/* Its flags have changed: bring it to where they say it belongs. */
static rj_status settle(rj_instance *instance, rj_error *err)
{
    rj_runtime *runtime = instance->runtime;
    if (!instance->plugin) {
        rj_registry_load_again(instance);
    } else if (rj_registry_reload_changed(instance)) {
        ; /* another file: it was judged anew */
    } else if (instance->disabled) {
        take_out_of_service(instance, RJ_INSTANCE_DISABLED);
    } else if (instance->quarantined) {
        take_out_of_service(instance, RJ_INSTANCE_QUARANTINED);
    } else {
        put_back_into_service(instance);
    }
    return rj_runtime_note_change(runtime, err);
}

void rj_runtime_on_changed(rj_runtime *runtime, void (*changed)(void *data), void *data)
{
    runtime->changed = changed;
    runtime->changed_data = data;
}

/* ---- What the administrator asks for --------------------------------------------------------- */

static rj_status find(const rj_runtime *runtime, const char *id, rj_instance **ret_instance,
                      rj_error *err)
{
    if (runtime->stopping)
        return rj_fail(err, RJ_E_BUSY, "the agent is stopping");
    for (size_t i = 0; i < runtime->instance_count; i++) {
        if (strcmp(runtime->instances[i]->id, id) == 0) {
            *ret_instance = runtime->instances[i];
            return RJ_OK;
        }
    }
    return rj_fail(err, RJ_E_NOT_FOUND, "there is no plugin \"%.64s\"; see `realmjoin plugin list`",
                   id);
}

/* Something was lifted: did that help? */
static rj_status report_lifted(const rj_instance *instance, const char *what, rj_error *err)
{
    if (instance->state == RJ_INSTANCE_READY)
        return RJ_OK;
    if (is_out_of_service(instance))
        return rj_fail(err, RJ_E_DENIED, "%s is %s, but %s", instance->id, what, instance->reason);
    return rj_fail(err, RJ_E_FAILED, "%s is %s, but %s: %s", instance->id, what,
                   rj_instance_state_name(instance), instance->reason);
}

static rj_status enable(rj_instance *instance, rj_error *err)
{
    if (!rj_registry_policy_allows(instance->runtime, instance->id))
        return rj_fail(err, RJ_E_DENIED,
                       "%s is disabled by policy (Plugins.%s.Enabled), which goes before this "
                       "command; change the policy, then ask again",
                       instance->id, instance->id);
    rj_status status = rj_disabled_put(&instance->runtime->options.kv, instance->id, false, err);
    if (status)
        return rj_fail_prefix(err, status, "%s stays as it is", instance->id);
    instance->disabled = false;
    status = settle(instance, err);
    return status ? status : report_lifted(instance, "enabled", err);
}

static rj_status disable(rj_instance *instance, rj_error *err)
{
    instance->disabled = true;
    rj_status settled = settle(instance, err);
    rj_status status = rj_disabled_put(&instance->runtime->options.kv, instance->id, true, err);
    if (status)
        return rj_fail_prefix(err, status, "%s is disabled until the service restarts only",
                              instance->id);
    return settled;
}

rj_status rj_runtime_set_enabled(rj_runtime *runtime, const char *id, bool enabled, rj_error *err)
{
    rj_instance *instance = NULL;
    rj_status status = find(runtime, id, &instance, err);
    if (status)
        return status;
    return enabled ? enable(instance, err) : disable(instance, err);
}

rj_status rj_instance_set_aside(rj_instance *instance, const char *why, bool by_admin,
                                rj_error *err)
{
    instance->quarantined = true;
    instance->quarantine =
        (rj_quarantine){.when_wall_ms = rj_clock_wall_ms(), .by_admin = by_admin};
    snprintf(instance->quarantine.why, sizeof instance->quarantine.why, "%s", why);
    rj_quarantine quarantine = instance->quarantine;
    char sha256[65]; /* settling may load another file */
    memcpy(sha256, instance->sha256, sizeof sha256);
    rj_status settled = settle(instance, err);
    if (is_in_session(instance))
        return settled;
    rj_status status =
        rj_quarantine_put(&instance->runtime->options.kv, sha256, instance->id, &quarantine, err);
    if (status)
        return rj_fail_prefix(err, status, "%s is quarantined until the service restarts only",
                              instance->id);
    return settled;
}

static rj_status clear(rj_instance *instance, rj_error *err)
{
    rj_status status = rj_quarantine_clear(&instance->runtime->options.kv, instance->sha256, err);
    if (status)
        return rj_fail_prefix(err, status, "%s stays as it is", instance->id);
    instance->quarantined = false;
    status = settle(instance, err);
    if (status || instance->state == RJ_INSTANCE_DISABLED) /* which is another matter */
        return status;
    return report_lifted(instance, "not quarantined", err);
}

rj_status rj_runtime_set_quarantined(rj_runtime *runtime, const char *id, bool quarantined,
                                     rj_error *err)
{
    rj_instance *instance = NULL;
    rj_status status = find(runtime, id, &instance, err);
    if (status)
        return status;
    bool known = *instance->sha256 && (instance->plugin || !quarantined);
    if (!known)
        status = rj_registry_hash(instance, instance->sha256, err);
    if (status)
        return rj_fail_prefix(err, status, "%s has no file that can be named", id);
    return quarantined ? rj_instance_set_aside(instance, "", true, err) : clear(instance, err);
}
