/* SPDX-License-Identifier: MIT */
/*
 * A worker for the plugin test host, see plugin_host_worker.h.
 *
 * Happy path: read the built manifest, copy program and module where every account can run them, make
 * the sandbox as the runtime does, and let the proxy start the worker with the first question.
 * Failure modes: the build is not complete, or what the runtime itself would refuse; a worker that ends
 * otherwise than as asked, or prints something, is misuse.
 */
#include "plugin_host_worker.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/library.h"
#include "runtime/confine.h"
#include "runtime/manifest.h"
#include "runtime/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define FILE_MAX ((size_t)256 * 1024 * 1024)
#define OWN_UID 1879048193u /* of workers whose plugin does not ask for "root" */
#define NOBODY 65534u
#define IDLE_MS 60000u
#define GRACE_MS 2000u

struct plugin_worker {
    plugin_worker_options options;
    char *folder; /* of program and module */
    char *program;
    rj_manifest *manifest;
    rj_paths *paths;
    rj_confinement confinement;
    int module;
    rj_loop *loop;
    rj_proxy *proxy;
};

/* ---- The worker's life ----------------------------------------------------------------------- */

static rj_status start(void *data, rj_worker_process **ret_process, uint64_t *ret_wait_ms,
                       rj_error *err)
{
    const plugin_worker *worker = data;
    const rj_confinement *confinement = &worker->confinement;
    rj_worker_spec spec = {.program = worker->program,
                           .name = worker->manifest->id,
                           .temporary = confinement->folders[1],
                           .plugin_file = worker->module,
                           .sandbox = &confinement->sandbox};
    rj_status status = RJ_OK;

    *ret_wait_ms = 0;
    for (size_t i = 0; i < 2 && !status; i++)
        if (confinement->sandbox.uid != RJ_SANDBOX_KEEP_ACCOUNT)
            status = rj_dir_give(confinement->folders[i], confinement->sandbox.uid, err);
    return status ? status : rj_worker_process_start(&spec, ret_process, err);
}

static void ended(void *data, rj_worker_end how, const char *text)
{
    const plugin_worker *worker = data;
    char line[400];

    if (how == RJ_WORKER_RETIRED)
        return;
    snprintf(line, sizeof line, "its worker %s", text);
    worker->options.misuse(worker->options.data, 0, line);
}

static void misbehaved(void *data, rj_op op, const char *text)
{
    const plugin_worker *worker = data;

    worker->options.misuse(worker->options.data, op, text);
}

/* ---- Making one ------------------------------------------------------------------------------ */

static rj_status copy_file(const char *from, const char *folder, const char *name, unsigned mode,
                           char **ret_path, rj_error *err)
{
    char *path = NULL;
    char *bytes = NULL;
    size_t length = 0;
    rj_status status = rj_path_join(folder, name, &path, err);

    if (!status && !rj_file_exists(path)) {
        status = rj_file_read(from, FILE_MAX, &bytes, &length, err);
        if (!status)
            status = rj_file_write(path, bytes, length, mode, err);
        rj_free(bytes);
    }
    if (status)
        rj_free(path);
    else
        *ret_path = path;
    return status;
}

static rj_status open_module(plugin_worker *worker, const char *from, rj_error *err)
{
    const char *name = worker->manifest->binary;
    char *original = NULL;
    char *path = NULL;
    rj_status status = rj_path_join(from, name, &original, err);

    if (!status)
        status = copy_file(original, worker->folder, name, 0644, &path, err);
    if (!status)
        status =
            rj_library_check(path, worker->folder, worker->manifest->sha256, &worker->module, err);
    rj_free(original);
    rj_free(path);
    return status;
}

static rj_uid account_for(const plugin_worker *worker)
{
    if (!rj_system_is_root() || !rj_sandbox_has_accounts())
        return RJ_SANDBOX_KEEP_ACCOUNT;
    if (worker->options.without_root)
        return NOBODY;
    return plugin_worker_asks_for(worker, "root") ? RJ_SANDBOX_KEEP_ACCOUNT : OWN_UID;
}

static rj_status confine(plugin_worker *worker, rj_error *err)
{
    const plugin_worker_options *options = &worker->options;
    rj_status status = rj_paths_new(RJ_ROLE_SERVICE, options->root, NULL, &worker->paths, err);
    rj_confine_what what = {.paths = worker->paths,
                            .granted = (const char *const *)worker->manifest->capabilities,
                            .state = options->state,
                            .cache = options->cache,
                            .folder = worker->folder,
                            .uid = account_for(worker)};

    return status ? status : rj_confine(&what, &worker->confinement, err);
}

static rj_status make_proxy(plugin_worker *worker, rj_error *err)
{
    const rj_manifest *manifest = worker->manifest;
    rj_proxy_options options = {.host = worker->options.host,
                                .id = manifest->id,
                                .version = manifest->version,
                                .provides = (const char *const *)manifest->provides,
                                .checks = (const char *const *)manifest->checks,
                                .formats = (const char *const *)manifest->formats,
                                .sandbox = &worker->confinement.sandbox,
                                .idle_ms = IDLE_MS,
                                .grace_ms = GRACE_MS,
                                .data = worker,
                                .start = start,
                                .ended = ended,
                                .misbehaved = misbehaved};
    rj_status status = rj_loop_new(&worker->loop, err);

    options.loop = worker->loop;
    return status ? status : rj_proxy_new(&options, &worker->proxy, err);
}

static rj_status make(plugin_worker *worker, rj_error *err)
{
    const char *named[] = {getenv("RJ_TEST_PLUGIN"), getenv("RJ_TEST_WORKER")};
    char *plugin = named[0] ? rj_path_from_native(named[0]) : NULL;
    char *program = named[1] ? rj_path_from_native(named[1]) : NULL;
    const char *slash = program ? strrchr(program, '/') : NULL;
    rj_status status = RJ_OK;

    if (!plugin || !slash)
        status = rj_fail(err, RJ_E_INVALID,
                         "RJ_TEST_PLUGIN and RJ_TEST_WORKER must name the built plugin's folder "
                         "and the worker program");
    if (!status)
        status = rj_path_join(worker->options.scratch, "worker", &worker->folder, err);
    if (!status)
        status = rj_dir_make(worker->folder, 0755, err);
    if (!status)
        status = rj_manifest_read(plugin, &worker->manifest, err);
    if (!status)
        status = copy_file(program, worker->folder, slash + 1, 0755, &worker->program, err);
    if (!status)
        status = open_module(worker, plugin, err);
    if (!status)
        status = confine(worker, err);
    if (!status)
        status = make_proxy(worker, err);
    rj_free(plugin);
    rj_free(program);
    return status;
}

/* ---- What the test host calls ---------------------------------------------------------------- */

const char *plugin_worker_open(const plugin_worker_options *options, plugin_worker **ret_worker)
{
    static rj_error err;
    plugin_worker *worker = rj_calloc(1, sizeof *worker);

    if (!worker)
        return "out of memory";
    err = (rj_error)RJ_ERROR_NONE;
    worker->options = *options;
    worker->module = -1;
    if (make(worker, &err)) {
        plugin_worker_close(worker);
        return err.text;
    }
    *ret_worker = worker;
    return NULL;
}

void plugin_worker_close(plugin_worker *worker)
{
    rj_loop_free(worker->loop);
    rj_library_close_file(worker->module);
    rj_confine_free(&worker->confinement);
    rj_paths_free(worker->paths);
    rj_manifest_free(worker->manifest);
    rj_free(worker->program);
    rj_free(worker->folder);
    rj_free(worker);
}

const rj_plugin_desc *plugin_worker_desc(void)
{
    return &rj_proxy_desc;
}

rj_plugin *plugin_worker_plugin(const plugin_worker *worker)
{
    return (rj_plugin *)(void *)worker->proxy;
}

const char *plugin_worker_id(const plugin_worker *worker)
{
    return worker->manifest->id;
}

bool plugin_worker_asks_for(const plugin_worker *worker, const char *capability)
{
    size_t length = strlen(capability);

    for (size_t i = 0; i < worker->manifest->capability_count; i++) {
        const char *asked = worker->manifest->capabilities[i];

        if (strncmp(asked, capability, length) == 0 &&
            (asked[length] == '\0' || asked[length] == ':'))
            return true;
    }
    return false;
}

int plugin_worker_descriptor(const plugin_worker *worker)
{
    return uv_backend_fd(rj_loop_uv(worker->loop));
}

int plugin_worker_wait(const plugin_worker *worker, int limit)
{
    uv_loop_t *loop = rj_loop_uv(worker->loop);
    int wait;

    uv_update_time(loop);
    wait = uv_backend_timeout(loop);
    return wait >= 0 && wait < limit ? wait : limit;
}

void plugin_worker_turn(plugin_worker *worker)
{
    rj_loop_turn(worker->loop, 0);
}
