/* SPDX-License-Identifier: MIT */
#include "engine/request.h"

#include "base/alloc.h"
#include "base/calendar.h"
#include "base/text.h"
#include "engine/script_environment.h"
#include "platform/file.h"

#include <stdio.h>
#include <string.h>

#define LISTED_LOGS_MAX 10000

/* Remembers the first failure, so that a document is built without a test after each member. */
typedef struct document {
    json_t *object;
    bool failed;
} document;

static void set(document *to, const char *key, json_t *value)
{
    if (json_object_set_new(to->object, key, value) != 0)
        to->failed = true;
}

static void set_text(document *to, const char *key, const char *value)
{
    if (value && value[0])
        set(to, key, json_string(value));
}

static json_t *list_of(const char *const *texts)
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

/* ---- Building -------------------------------------------------------------------------------- */

/* The caller counts as a primary user of this device if the policy has something for that user. */
static bool has_own_policy(const rj_policy *policy, rj_uid caller)
{
    for (size_t i = 0; caller != RJ_UID_MACHINE && i < policy->assignment_count; i++)
        if (policy->assignments[i].audience == caller)
            return true;
    return false;
}

static json_t *build_environment(const rj_request_facts *facts)
{
    const rj_assignment *assignment = facts->assignment;
    rj_uid caller = facts->caller == RJ_UID_MACHINE ? facts->owner : facts->caller;
    char *sid = rj_script_environment_sid(caller);

    document to = {json_object(), !sid};
    set_text(&to, "RJ_PackageID", assignment->id);
    set_text(&to, "RJ_Version", assignment->version);
    if (facts->installed_version) {
        set_text(&to, "RJ_InstalledPackageID", assignment->id);
        set_text(&to, "RJ_InstalledVersion", facts->installed_version);
    }
    if (strcmp(assignment->format, "nuget") == 0)
        set_text(&to, "RJ_ChocolateyPackage",
                 assignment->package ? assignment->package : assignment->id);
    set_text(&to, "RJ_DeploymentPhase", facts->phase);
    set_text(&to, "RJ_UserSID", sid);
    set_text(&to, "RJ_CallerIsPrimaryUser",
             has_own_policy(facts->policy, caller) ? "True" : "False");
    set_text(&to, "RJ_RealmJoinVersion", RJ_VERSION);
    rj_free(sid);
    to.failed |= !to.object || !rj_script_environment_begin(to.object);
    if (!to.failed)
        return to.object;
    json_decref(to.object);
    return NULL;
}

rj_status rj_request_build(const rj_request_facts *facts, json_t **ret_request, rj_error *err)
{
    const rj_assignment *assignment = facts->assignment;
    document to = {json_object(), false};
    set_text(&to, "id", assignment->id);
    set_text(&to, "format", assignment->format);
    set_text(&to, "package", assignment->package);
    set_text(&to, "version", assignment->version);
    set_text(&to, "args", assignment->args);
    if (assignment->arguments)
        set(&to, "arguments", list_of((const char *const *)assignment->arguments));
    set_text(&to, "scope", assignment->scope == RJ_SCOPE_USER ? "user" : "system");
    set(&to, "sources", list_of((const char *const *)facts->policy->sources));
    set_text(&to, "location", assignment->location);
    set_text(&to, "hash", assignment->hash);
    set(&to, "time_limit_ms", json_integer(assignment->time_limit_ms));
    set_text(&to, "installed_version", facts->installed_version);
    set(&to, "allow_downgrade", json_boolean(facts->policy->allow_downgrade));
    set(&to, "environment", build_environment(facts));
    if (to.failed) {
        json_decref(to.object);
        return rj_fail_memory(err, "preparing a package step");
    }
    *ret_request = to.object;
    return RJ_OK;
}

rj_status rj_request_set_fetched(json_t *request, json_t *fetched, rj_error *err)
{
    document to = {request, false};
    document environment = {json_object_get(request, "environment"), false};
    set(&to, "fetched", json_incref(fetched));
    set_text(&environment, "RJ_Version", json_string_value(json_object_get(fetched, "version")));
    if (to.failed || environment.failed)
        return rj_fail_memory(err, "preparing a package step");
    return RJ_OK;
}

/* ---- Placing --------------------------------------------------------------------------------- */

/* What comes from a package must not lead out of the folder. */
static void add_safe(rj_text *name, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool safe = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                    (*c >= 'A' && *c <= 'Z') || strchr("._-+#", *c);
        rj_text_append(name, safe ? c : "_", 1);
    }
}

/* "2026-11-23_10-00-00.000_<id>_<version>_install.log" */
static char *log_name(const json_t *request, const char *id, rj_package_verb verb)
{
    rj_calendar now = rj_calendar_of(rj_clock_wall_ms());
    const char *version =
        json_string_value(json_object_get(json_object_get(request, "environment"), "RJ_Version"));
    rj_text name = RJ_TEXT_EMPTY;
    rj_text_addf(&name, "%04d-%02u-%02u_%02u-%02u-%02u.%03u_", (int)now.year, now.month, now.day,
                 now.hour, now.minute, now.second, now.millisecond);
    add_safe(&name, id);
    rj_text_add(&name, "_");
    add_safe(&name, version && strlen(version) < 64 ? version : "newest");
    rj_text_add(&name, verb == RJ_PACKAGE_UNINSTALL ? "_uninstall.log" : "_install.log");
    return rj_text_take(&name);
}

/* Names begin with the time: sorted by name is sorted by age.  What cannot be removed stays. */
static void remove_old_logs(const char *folder)
{
    char **names = NULL;
    size_t count = 0;
    if (rj_dir_list(folder, LISTED_LOGS_MAX, &names, &count, NULL) != RJ_OK)
        return;
    for (size_t i = 0; i + RJ_REQUEST_LOGS - 1 < count; i++) {
        char *path = NULL;
        if (rj_path_join(folder, names[i], &path, NULL) == RJ_OK)
            rj_file_remove(path, NULL);
        rj_free(path);
    }
    rj_free(names);
}

rj_status rj_request_set_log(json_t *request, const rj_paths *paths, rj_package_verb verb,
                             bool make, rj_error *err)
{
    document to = {request, false};
    const char *id = json_string_value(json_object_get(request, "id"));
    char *folder = NULL, *name = NULL, *path = NULL;
    rj_status status =
        rj_path_join(rj_path(paths, RJ_PATH_PACKAGE_LOGS), id ? id : "", &folder, err);
    if (status == RJ_OK && make)
        status = rj_dir_make(folder, 0750, err);
    if (status == RJ_OK && make)
        remove_old_logs(folder);
    if (status == RJ_OK) {
        name = log_name(request, id, verb);
        status = name ? rj_path_join(folder, name, &path, err)
                      : rj_fail_memory(err, "naming a package's log");
    }
    if (status == RJ_OK) {
        set_text(&to, "log_path", path);
        if (to.failed)
            status = rj_fail_memory(err, "naming a package's log");
    }
    rj_free(folder);
    rj_free(name);
    rj_free(path);
    return status;
}

rj_status rj_request_place(json_t *request, const rj_paths *paths, rj_error *err)
{
    document to = {request, false};
    const char *library = rj_path(paths, RJ_PATH_PACKAGE_LIB);
    set_text(&to, "lib_dir", library);
    if (to.failed)
        return rj_fail_memory(err, "preparing a package step");
    /* Open to every user: the machine's packages are there to be used. */
    rj_status status = rj_dir_make(library, 0755, err);
    if (status != RJ_OK)
        return status;
    return rj_script_environment_place(json_object_get(request, "environment"), paths, err);
}
