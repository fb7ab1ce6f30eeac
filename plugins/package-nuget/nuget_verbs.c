/* SPDX-License-Identifier: MIT */
/* What each method does, on the lane. */
#include "package_nuget.h"

#include "archive_hash.h"
#include "cache.h"
#include "gather.h"
#include "installed.h"
#include "nuget_system.h"
#include "nupkg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGE_BYTES_MAX ((uint64_t)8 << 30)

int nuget_is_cancelled(void *data)
{
    const nuget_task *task = data;
    return task->plugin->ops->cancelled(task->plugin->host, task->op);
}

void nuget_say_progress(void *data, uint64_t done, uint64_t of)
{
    const nuget_task *task = data;
    int32_t permille = of ? (int32_t)(done * 1000 / of) : -1;
    task->plugin->ops->progress(task->plugin->host, task->op, permille > 1000 ? 1000 : permille,
                                task->request.package);
}

static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* A record that others could have written says nothing, and their script must not run. */
static rj_status check_lib(nuget_task *task)
{
    const char *lib_dir = task->request.lib_dir;
    return nuget_look(lib_dir).kind != NUGET_NOTHING ? nuget_check_private(lib_dir, &task->failure)
                                                     : RJ_OK;
}

/* Each folder and file on the way from the package's folder to `rest`, as far as they are there: they may
 * have been planted while the lib folder was open to others. */
static rj_status check_package_way(nuget_task *task, const char *folder, const char *rest)
{
    char *path = join(folder, rest);
    size_t end = strlen(folder);
    rj_status status = path ? RJ_OK : rj_fail_memory(&task->failure);
    while (status == RJ_OK) {
        char separator = path[end];
        path[end] = '\0';
        if (nuget_look(path).kind == NUGET_NOTHING)
            break;
        status = nuget_check_own(path, &task->failure);
        path[end] = separator;
        if (separator == '\0')
            break;
        end += 1 + strcspn(path + end + 1, "/");
    }
    free(path);
    return status;
}

/* ---- Detect ------------------------------------------------------------------------------------ */

static json_t *not_installed(const char *detail)
{
    return json_pack("{s:b, s:s}", "installed", 0, "detail", detail);
}

static json_t *describe_record(const rj_record *record, const char *path)
{
    size_t missing, changed;
    const char *first;
    char detail[600];
    rj_record_check(record, path, &missing, &changed, &first);
    if (missing > 0) {
        snprintf(detail, sizeof(detail), "%s: %zu of %zu files are missing, the first is %.200s",
                 path, missing, record->count, first);
        return not_installed(detail);
    }
    snprintf(detail, sizeof(detail), changed ? "%s, %zu files were changed since" : "%s", path,
             changed);
    return json_pack("{s:b, s:s, s:s}", "installed", 1, "version", record->version, "detail",
                     detail);
}

void nuget_do_detect(nuget_task *task)
{
    const nuget_request *r = &task->request;
    char *folder = rj_installed_folder(r->lib_dir, r->package);
    char *path = folder ? join(r->lib_dir, folder) : NULL;
    rj_record record = {0};
    char detail[600];
    task->status = path ? check_lib(task) : RJ_OK;
    if (task->status != RJ_OK) {
        free(folder);
        free(path);
        return;
    }
    if (rj_is_interrupted(r->lib_dir, r->package)) {
        snprintf(detail, sizeof(detail), "a change of %s below %s is not complete", r->package,
                 r->lib_dir);
        task->result = not_installed(detail);
    } else if (!path) {
        snprintf(detail, sizeof(detail), "there is no %s below %s", r->package, r->lib_dir);
        task->result = not_installed(detail);
    } else {
        rj_status status = rj_record_read(path, &record, &task->failure);
        if (status ==
            RJ_OK) /* without a record it counts for nothing, and an install replaces it */
            status = check_package_way(task, path, nuget_uninstall_script);
        if (status == RJ_OK)
            status = check_package_way(task, path, RJ_RECORD_NAME);
        if (status == RJ_OK) {
            task->result = describe_record(&record, path);
        } else if (status == RJ_E_NOT_FOUND) {
            snprintf(detail, sizeof(detail), "%s was not installed by this agent", path);
            task->result = not_installed(detail);
        } else if (status == RJ_E_CORRUPT) {
            task->result = not_installed(task->failure.text);
        } else {
            task->status = status;
        }
    }
    if (task->status == RJ_OK && !task->result)
        task->status = rj_fail_memory(&task->failure);
    rj_record_clear(&record);
    free(folder);
    free(path);
}

/* ---- Fetch ------------------------------------------------------------------------------------- */

/* What others may have planted satisfies nothing: it is installed anew, in its place. */
static size_t keep_own(nuget_task *task, rj_installed *installed)
{
    size_t kept = 0;
    for (size_t i = 0; i < installed->count; i++)
        if (check_package_way(task, installed->items[i].path, RJ_RECORD_NAME) == RJ_OK)
            installed->pointers[kept++] = &installed->items[i];
    return kept;
}

/* Decide what has to be done; the target itself always is. */
static rj_status make_plan(nuget_task *task, const rj_feed_view *view, const rj_catalog *catalog,
                           rj_installed *installed, rj_plan *plan)
{
    const nuget_request *r = &task->request;
    const rj_package_info *there = NULL;
    size_t own = keep_own(task, installed);
    for (size_t i = 0; i < own; i++)
        if (rj_id_equal(installed->pointers[i]->id, r->package))
            there = installed->pointers[i];
    rj_plan_request request = {.catalog = catalog,
                               .installed = installed->pointers,
                               .installed_count = own,
                               .id = r->package,
                               .version = r->version_text ? &r->version : NULL};
    request.flags =
        (there ? RJ_PLAN_UPGRADE : 0) | (r->allow_downgrade ? RJ_PLAN_ALLOW_DOWNGRADE : 0);
    rj_status status = rj_plan_make(&request, plan, NULL, &task->failure);
    if (status == RJ_OK && plan->outcome != RJ_PLAN_WORK) {
        /* asked for although it is there: the same again */
        rj_range exact = {
            .min = there->version, .max = there->version, .min_inclusive = 1, .max_inclusive = 1};
        request.version = &exact;
        request.flags |= RJ_PLAN_REINSTALL;
        status = rj_plan_make(&request, plan, NULL, &task->failure);
    }
    if (status == RJ_E_NOT_FOUND && view->refused > 0) {
        char text[sizeof(task->failure.text)];
        memcpy(text, task->failure.text, sizeof(text));
        rj_fail(&task->failure, status,
                "%.400s (%zu files of the sources are not valid packages: "
                "%.400s)",
                text, view->refused, view->first_refused);
    }
    return status;
}

static rj_status check_sha512(const rj_package_info *package, const char *path, rj_failure *failure)
{
    unsigned char digest[RJ_SHA512_BYTES];
    char text[RJ_SHA512_BASE64];
    if (!package->sha512)
        return RJ_OK;
    rj_status status = rj_hash_file(path, 512, digest, failure);
    if (status != RJ_OK)
        return status;
    rj_base64(digest, sizeof(digest), text);
    if (strcmp(text, package->sha512) == 0)
        return RJ_OK;
    return rj_fail(failure, RJ_E_CORRUPT,
                   "%s has the SHA-512 %s, but the .nupkg.sha512 beside it says %s", package->path,
                   text, package->sha512);
}

/* The cached file must hold what the feed's file held when it was indexed. */
static rj_status check_package(const rj_package_info *package, const char *path,
                               rj_failure *failure)
{
    rj_package_info cached;
    rj_status status = check_sha512(package, path, failure);
    if (status == RJ_OK)
        status = rj_nupkg_describe(path, &cached, failure);
    if (status != RJ_OK)
        return status;
    if (!rj_id_equal(cached.id, package->id) ||
        rj_version_compare(&cached.version, &package->version) != 0)
        status =
            rj_fail(failure, RJ_E_CORRUPT, "%s changed while it was fetched: it holds %s %s now",
                    package->path, cached.id, cached.version_text);
    rj_package_info_clear(&cached);
    return status;
}

static rj_status fetch_package(nuget_task *task, const rj_package_info *package, int is_target,
                               json_t *packages, json_t *lines)
{
    const rj_cache_request request = {.source = package->path,
                                      .folder = task->plugin->cache_dir,
                                      .suffix = ".nupkg",
                                      .sha256 = is_target ? task->request.hash : NULL,
                                      .max_bytes = PACKAGE_BYTES_MAX,
                                      .data = task,
                                      .cancelled = nuget_is_cancelled,
                                      .progress = nuget_say_progress};
    rj_cached cached;
    rj_status status =
        rj_archive_check_space(task->plugin->cache_dir, package->bytes, &task->failure);
    if (status == RJ_OK)
        status = rj_cache_add(&request, &cached, &task->failure);
    if (status != RJ_OK)
        return status;
    status = check_package(package, cached.path, &task->failure);
    char *version = rj_version_normalized(&package->version);
    if (status == RJ_OK &&
        (!version ||
         json_array_append_new(packages,
                               json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", package->id, "version",
                                         version, "path", cached.path, "sha256", cached.sha256,
                                         "bytes", (json_int_t)cached.bytes)) != 0 ||
         json_array_append_new(lines, json_sprintf("%s %s", package->id, version)) != 0))
        status = rj_fail_memory(&task->failure);
    if (status != RJ_OK)
        nuget_remove_file(cached.path, NULL);
    free(version);
    free(cached.path);
    return status;
}

static rj_status fetch_plan(nuget_task *task, const rj_plan *plan)
{
    json_t *packages = json_array(), *lines = json_array();
    rj_status status = packages && lines ? RJ_OK : rj_fail_memory(&task->failure);
    for (size_t i = 0; i < plan->count && status == RJ_OK; i++)
        status =
            fetch_package(task, plan->steps[i],
                          rj_id_equal(plan->steps[i]->id, task->request.package), packages, lines);
    json_t *target = NULL, *package;
    size_t i;
    json_array_foreach(packages, i,
                       package) if (rj_id_equal(json_string_value(json_object_get(package, "id")),
                                                task->request.package)) target = package;
    if (status == RJ_OK && !target)
        status = rj_fail(&task->failure, RJ_E_FAILED, "the plan for '%s' does not contain it",
                         task->request.package);
    if (status == RJ_OK) {
        task->result = json_deep_copy(target);
        json_object_del(task->result, "id");
        json_object_set(task->result, "plan", lines);
        if (json_object_set(task->result, "packages", packages) != 0)
            status = rj_fail_memory(&task->failure);
    }
    json_decref(packages);
    json_decref(lines);
    return status;
}

void nuget_do_fetch(nuget_task *task)
{
    const nuget_request *r = &task->request;
    rj_feed_view view;
    rj_installed installed = {0};
    rj_catalog *catalog = NULL;
    rj_plan plan = {0};
    task->status = RJ_OK;
    if (r->source_count == 0)
        task->status = rj_fail(&task->failure, RJ_E_INVALID,
                               "no source is given to fetch '%s' from", r->package);
    if (task->status == RJ_OK)
        task->status = rj_feeds_load(task->plugin->feeds, r->sources, r->source_count,
                                     nuget_is_cancelled, task, &view, &task->failure);
    if (task->status == RJ_OK)
        task->status = rj_installed_read(r->lib_dir, &installed, &task->failure);
    if (task->status == RJ_OK && !(catalog = rj_catalog_new(view.packages, view.count)))
        task->status = rj_fail_memory(&task->failure);
    if (task->status == RJ_OK)
        task->status = make_plan(task, &view, catalog, &installed, &plan);
    if (task->status == RJ_OK)
        task->status = fetch_plan(task, &plan);
    free(plan.steps);
    rj_catalog_free(catalog);
    rj_installed_clear(&installed);
}

/* ---- Install ----------------------------------------------------------------------------------- */

static rj_status begin_install(nuget_task *task)
{
    const nuget_request *r = &task->request;
    rj_install *install = &task->install;
    rj_status status = RJ_OK;
    if (r->fetched_count == 0)
        return rj_fail(&task->failure, RJ_E_INVALID, "'%s' was not fetched before", r->package);
    install->lib_dir = r->lib_dir;
    install->cancelled = nuget_is_cancelled;
    install->progress = nuget_say_progress;
    install->data = task;
    install->packages = calloc(r->fetched_count, sizeof(*install->packages));
    if (!install->packages)
        return rj_fail_memory(&task->failure);
    for (size_t i = 0; i < r->fetched_count && status == RJ_OK; i++) {
        rj_cached cached;
        status = rj_cache_find(task->plugin->cache_dir, r->fetched[i].sha256, ".nupkg", &cached,
                               &task->failure);
        if (status != RJ_OK) {
            rj_fail_prefix(&task->failure, "fetch the package again");
            break;
        }
        install->packages[i] = (rj_install_package){.id = r->fetched[i].id,
                                                    .version = r->fetched[i].version,
                                                    .package_path = cached.path,
                                                    .sha256 = r->fetched[i].sha256};
        install->count++;
    }
    if (status == RJ_OK)
        status = rj_install_prepare(install, &task->failure);
    task->prepared = status == RJ_OK;
    return status;
}

/* The path of a script that can be started, NULL with a failure if it cannot. */
static char *find_script(nuget_task *task, const char *folder, const char *script)
{
    char *path = join(folder, script);
    if (!path) {
        task->status = rj_fail_memory(&task->failure);
        return NULL;
    }
    if (!nuget_look(path).startable) {
        task->status = rj_fail(&task->failure, RJ_E_INVALID,
                               "%s is not executable; pack it with its x bit set", path);
    } else if (!task->plugin->spawn) {
        task->status =
            rj_fail(&task->failure, RJ_E_DENIED,
                    "%s may not be run: the plugin has no grant to start programs", path);
    }
    if (task->status == RJ_OK)
        return path;
    free(path);
    return NULL;
}

/* What cannot be started on the way out must not come in. */
static rj_status check_uninstall(nuget_task *task, const char *folder)
{
    char *path = join(folder, nuget_uninstall_script);
    nuget_file file = path ? nuget_look(path) : (nuget_file){0};
    rj_status status = path ? RJ_OK : rj_fail_memory(&task->failure);
    if (file.kind == NUGET_FILE && !file.startable)
        status = rj_fail(&task->failure, RJ_E_INVALID,
                         "%s is not executable, so the package could not be removed again; pack it "
                         "with its x bit set",
                         path);
    free(path);
    return status;
}

static void finish_install(nuget_task *task)
{
    rj_install *install = &task->install;
    json_t *also = json_array();
    const rj_install_package *target = NULL;
    for (size_t i = 0; i < install->count; i++) {
        const rj_install_package *package = &install->packages[i];
        if (rj_id_equal(package->id, task->request.package))
            target = package;
        else
            json_array_append_new(
                also, json_pack("{s:s, s:s}", "package", package->id, "version", package->version));
    }
    task->status = rj_install_commit(install, &task->failure);
    if (task->status == RJ_OK && target)
        task->result = json_pack("{s:s, s:b, s:I, s:O}", "version", target->version, "restart",
                                 task->restart, "files", (json_int_t)target->files, "also", also);
    json_decref(also);
}

void nuget_do_install(nuget_task *task)
{
    rj_install *install = &task->install;
    task->status = RJ_OK;
    if (!task->prepared)
        task->status = begin_install(task);
    if (task->status == RJ_OK && task->script_ran) {
        task->script_ran = 0;
        task->status =
            rj_install_settle(install, task->script, task->script_since_ns, &task->failure);
    }
    while (task->status == RJ_OK && task->next < install->count && !task->script_path) {
        if (nuget_is_cancelled(task)) {
            task->status = rj_fail(&task->failure, RJ_E_CANCELLED, "cancelled while installing %s",
                                   task->request.package);
            break;
        }
        task->script = task->next;
        task->status = rj_install_swap(install, task->next++, &task->failure);
        if (task->status == RJ_OK)
            task->status = check_uninstall(task, install->packages[task->script].path);
        if (task->status == RJ_OK && install->packages[task->script].has_script) {
            task->script_path =
                find_script(task, install->packages[task->script].path, nuget_install_script);
            task->script_since_ns = nuget_file_time_now();
        }
    }
    if (task->status == RJ_OK && !task->script_path)
        finish_install(task);
    if (task->status != RJ_OK)
        nuget_do_roll_back(task);
}

void nuget_do_roll_back(nuget_task *task)
{
    rj_failure failure;
    if (!task->prepared)
        return;
    task->prepared = 0;
    if (rj_install_roll_back(&task->install, &failure) == RJ_OK)
        return;
    char text[sizeof(task->failure.text)];
    memcpy(text, task->failure.text, sizeof(text));
    task->status =
        rj_fail(&task->failure, RJ_E_ABANDONED,
                "%.450s; putting the former state back failed as well: %.450s", text, failure.text);
}

/* ---- Uninstall --------------------------------------------------------------------------------- */

static rj_status begin_uninstall(nuget_task *task)
{
    const nuget_request *r = &task->request;
    rj_recovered recovered;
    rj_installed installed = {0};
    rj_status status = check_lib(task);
    if (status == RJ_OK && nuget_look_through(r->lib_dir).kind == NUGET_FOLDER)
        status = rj_recover(r->lib_dir, &recovered, &task->failure);
    if (status == RJ_OK)
        status = rj_installed_read(r->lib_dir, &installed, &task->failure);
    if (status != RJ_OK)
        return status;
    const rj_package_info *there = rj_installed_find(&installed, r->package);
    char names[500] = "";
    for (size_t i = 0; i < installed.count && there; i++) {
        const rj_package_info *package = installed.pointers[i];
        if (package == there || !rj_plan_dependant(&package, 1, r->package))
            continue;
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s'%s %s'", used ? ", " : "", package->id,
                 package->version_text);
    }
    if (!there)
        status = rj_fail(&task->failure, RJ_E_NOT_FOUND, "'%s' is not installed below %s",
                         r->package, r->lib_dir);
    else if (*names)
        status = rj_fail(&task->failure, RJ_E_BUSY,
                         "Unable to uninstall '%s %s' because %s depend(s) on it; uninstall that "
                         "first",
                         there->id, there->version_text, names);
    else if ((status = check_package_way(task, there->path, RJ_RECORD_NAME)) == RJ_OK &&
             !(task->folder = strdup(strrchr(there->path, '/') + 1)))
        status = rj_fail_memory(&task->failure);
    rj_installed_clear(&installed);
    return status;
}

/* A name that is no text is shown with '?', rather than not at all. */
static void show_name(char *name)
{
    json_t *text = json_string(name);
    for (char *c = name; !text && *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    json_decref(text);
}

static void finish_uninstall(nuget_task *task)
{
    rj_removed removed;
    task->status = rj_uninstall(task->request.lib_dir, task->folder, &removed, &task->failure);
    if (task->status != RJ_OK)
        return;
    json_t *left = json_array();
    for (size_t i = 0; i < removed.left_count; i++) {
        show_name(removed.left[i]);
        json_array_append_new(
            left, json_sprintf("%s/%s/%s", task->request.lib_dir, task->folder, removed.left[i]));
    }
    task->result = json_pack("{s:b, s:I, s:o}", "restart", task->restart, "files",
                             (json_int_t)removed.files, "left", left);
    rj_removed_clear(&removed);
}

void nuget_do_uninstall(nuget_task *task)
{
    task->status = RJ_OK;
    if (!task->folder) {
        task->status = begin_uninstall(task);
        char *path = task->status == RJ_OK ? join(task->request.lib_dir, task->folder) : NULL;
        char *script = path ? join(path, nuget_uninstall_script) : NULL;
        if (task->status == RJ_OK && !script)
            task->status = rj_fail_memory(&task->failure);
        if (task->status == RJ_OK)
            task->status = check_package_way(task, path, nuget_uninstall_script);
        if (task->status == RJ_OK && nuget_look(script).kind == NUGET_FILE)
            task->script_path = find_script(task, path, nuget_uninstall_script);
        free(path);
        free(script);
        if (task->status != RJ_OK || task->script_path)
            return;
    }
    finish_uninstall(task);
}

/* ---- Recover ----------------------------------------------------------------------------------- */

void nuget_do_recover(nuget_task *task)
{
    static const char *const outcomes[] = {"nothing", "rolled-back", "finished"};
    rj_recovered recovered = {0};
    task->status = check_lib(task);
    if (task->status == RJ_OK && nuget_look_through(task->request.lib_dir).kind == NUGET_FOLDER)
        task->status = rj_recover(task->request.lib_dir, &recovered, &task->failure);
    if (task->status != RJ_OK)
        return;
    task->result = json_pack("{s:s, s:b, s:s}", "outcome", outcomes[recovered.outcome], "certain",
                             !recovered.scripts, "detail", recovered.detail);
    if (!task->result)
        task->status = rj_fail_memory(&task->failure);
}
