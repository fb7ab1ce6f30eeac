/* SPDX-License-Identifier: MIT */
/* Package scripts: what they get, and what their end means. */
#include "package_nuget.h"

#include "nuget_system.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES 24

typedef struct variables {
    char *texts[VARIABLES + 1];
    size_t count;
    int failed;
} variables;

static void set(variables *v, const char *name, const char *value)
{
    if (v->count == VARIABLES || asprintf(&v->texts[v->count], "%s=%s", name, value) < 0) {
        v->failed = 1;
        return;
    }
    v->texts[++v->count] = NULL;
}

/* As the system's programs write it. */
static void set_path(variables *v, const char *name, const char *path)
{
    size_t at = v->count;
    set(v, name, path);
    if (v->count > at)
        nuget_use_native_slashes(v->texts[at]);
}

static void clear(variables *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->texts[i]);
}

/* The folder of a path that ends in "/tools/x.sh". */
static char *package_folder(const char *script_path)
{
    char *folder = strdup(script_path);
    for (int i = 0; folder && i < 2; i++) {
        char *slash = strrchr(folder, '/');
        if (slash)
            *slash = '\0';
    }
    return folder;
}

static void describe_package(const nuget_task *task, variables *v, const char *folder)
{
    const nuget_request *r = &task->request;
    const rj_install_package *package =
        task->install.count > 0 ? &task->install.packages[task->script] : NULL;
    const char *id = package ? package->id : r->package;
    /* arguments are for the package that was asked for, not for what it brings along */
    const char *args = rj_id_equal(id, r->package) ? r->args : "";
    set(v, "chocolateyPackageName", id);
    set(v, "packageName", id);
    set(v, "ChocolateyPackageId", id);
    set_path(v, "chocolateyPackageFolder", folder);
    set_path(v, "packageFolder", folder);
    set(v, "installArguments", args);
    set(v, "chocolateyInstallArguments", args);
    set(v, "packageParameters", args);
    set(v, "chocolateyPackageParameters", args);
    char *root = strdup(r->lib_dir), *slash = root ? strrchr(root, '/') : NULL;
    if (slash && slash != root)
        *slash = '\0';
    if (root)
        set_path(v, "ChocolateyInstall", root);
    free(root);
    if (!package)
        return;
    set(v, "chocolateyPackageTitle", package->title ? package->title : id);
    set(v, "packageTitle", package->title ? package->title : id);
    set(v, "chocolateyPackageVersion", package->version);
    set(v, "packageVersion", package->version);
    set(v, "chocolateyPackageNuspecVersion", package->nuspec_version);
    set(v, "packageNuspecVersion", package->nuspec_version);
    if (package->old_version && *package->old_version)
        set(v, "ChocolateyPreviousPackageVersion", package->old_version);
}

int nuget_run_script(nuget_task *task, void (*on_exit)(void *data, const rj_spawn_exit *how))
{
    rj_plugin *plugin = task->plugin;
    variables v = {0};
    const char *no_arguments[2] = {task->script_path, NULL};
    char *folder = package_folder(task->script_path);
    const rj_install_package *package =
        task->install.count > 0 ? &task->install.packages[task->script] : NULL;
    int is_target = !package || rj_id_equal(package->id, task->request.package);
    uint64_t child;
    if (folder)
        describe_package(task, &v, folder);
    char **environment =
        folder && !v.failed
            ? nuget_request_environment(&task->request, (const char *const *)v.texts)
            : NULL;
    if (!environment) {
        task->status = rj_fail_memory(&task->failure);
    } else {
        task->request.arguments[0] = task->script_path;
        const rj_spawn spawn = {.size = sizeof(spawn),
                                .minor = RJ_ABI_MINOR,
                                .program = task->script_path,
                                .arguments = is_target && nuget_scripts_have_arguments
                                                 ? task->request.arguments
                                                 : no_arguments,
                                .environment = (const char *const *)environment,
                                .directory = folder,
                                .log_path = task->request.log_path,
                                .time_limit_ms = task->request.time_limit_ms};
        rj_status status =
            plugin->spawn->start(plugin->host, task->op, &spawn, on_exit, task, &child);
        if (status != RJ_OK)
            task->status = rj_fail(&task->failure, status, "%s could not be started (%" PRId32 ")",
                                   task->script_path, status);
    }
    free(environment);
    free(folder);
    clear(&v);
    return task->status == RJ_OK;
}

/* The output for the result: the last script's counts. */
static void keep_output(nuget_task *task, const rj_spawn_exit *how)
{
    free(task->output);
    task->output = how->tail ? rj_copy_text(how->tail, how->tail_length) : NULL;
}

void nuget_judge_script(nuget_task *task, const rj_spawn_exit *how)
{
    const char *script = task->script_path;
    const char *tail = how->tail ? how->tail : "";
    const char *says = *tail ? "; it said: " : "";
    rj_failure *failure = &task->failure;
    keep_output(task, how);
    switch (how->kind) {
    case RJ_EXIT_CODE:
        task->exit_code = how->value;
        task->has_exit_code = 1;
        if (nuget_exit_wants_restart(how->value))
            task->restart = 1;
        else if (how->value != 0)
            task->status =
                rj_fail(failure, RJ_E_FAILED, "%s ended with exit code %" PRId32 "%s%.500s", script,
                        how->value, says, tail);
        return;
    case RJ_EXIT_SIGNAL:
        task->status = rj_fail(failure, RJ_E_FAILED, "%s was ended by signal %" PRId32 "%s%.500s",
                               script, how->value, says, tail);
        return;
    case RJ_EXIT_TIMEOUT:
        task->status = rj_fail(failure, RJ_E_TIMEOUT,
                               "%s took too long and was ended with all it had started%s%.500s",
                               script, says, tail);
        return;
    case RJ_EXIT_CANCELLED:
        task->killed = 1;
        task->status =
            rj_fail(failure, RJ_E_CANCELLED, "%s was cancelled%s%.500s", script, says, tail);
        return;
    default:
        task->status =
            rj_fail(failure, RJ_E_FAILED,
                    "%s could not be started: %.500s; look at the interpreter in its first line, "
                    "and whether its lines end as on Windows (CRLF)",
                    script, tail);
    }
}
