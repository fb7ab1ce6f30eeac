/* SPDX-License-Identifier: MIT */
/* realmjoin-worker, see worker.h. */
#include "worker/worker.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "host/host.h"
#include "platform/stream.h"
#include "platform/worker_process.h"
#include "runtime/runner.h"
#include "worker/uplink.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define NEVER_MS ((uint64_t)365 * 24 * 3600 * 1000) /* the core gives up, not we */

enum { EXIT_WELL = 0, EXIT_NOT_READY = 1, EXIT_USAGE = 2 };

rj_worker rj_the_worker;

/* ---- The first frame ------------------------------------------------------------------------- */

static rj_status read_setup(rj_worker *worker, rj_error *err)
{
    char header[RJ_WIRE_HEADER];
    rj_wire_frame frame;
    size_t size = 0;
    if (!rj_stream_read_all(RJ_WORKER_FRAMES, header, sizeof header))
        return rj_fail(err, RJ_E_IO, "there is no agent at the other end");
    rj_wire_take(RJ_WIRE_TO_WORKER, header, sizeof header, &frame, &size);
    worker->setup_bytes = size ? rj_malloc(size) : NULL;
    if (!worker->setup_bytes)
        return rj_fail(err, RJ_E_CORRUPT, "the first message is none");
    memcpy(worker->setup_bytes, header, sizeof header);
    if (!rj_stream_read_all(RJ_WORKER_FRAMES, worker->setup_bytes + sizeof header,
                            size - sizeof header) ||
        rj_wire_take(RJ_WIRE_TO_WORKER, worker->setup_bytes, size, &frame, &size) ||
        rj_setup_read(&frame, &worker->setup))
        return rj_fail(err, RJ_E_CORRUPT, "the first message is none");
    return RJ_OK;
}

static void greet(const rj_sandbox_report *report)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_HELLO, 0);
    rj_wire_put_u32(&writer, RJ_WIRE_MAGIC);
    rj_wire_put_u32(&writer, RJ_WIRE_VERSION);
    rj_wire_put_u32(&writer, (uint32_t)report->count);
    for (size_t i = 0; i < report->count; i++)
        rj_wire_put_text(&writer, report->notes[i]);
    rj_uplink_send(&writer);
}

static void say_ready(rj_status status, const char *message)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_READY, 0);
    rj_wire_put_i32(&writer, status);
    rj_wire_put_text(&writer, message);
    rj_uplink_send(&writer);
}

/* ---- The plugin ------------------------------------------------------------------------------ */

static char **copy_list(const char *const *texts, size_t *ret_count)
{
    size_t count = 0;
    while (texts[count])
        count++;
    char **copy = rj_calloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count && copy; i++)
        copy[i] = rj_strdup(texts[i]); /* what is missing shows as another list */
    *ret_count = count;
    return copy;
}

/* What the core has read, in the form the loader compares with. */
static rj_manifest *make_manifest(const rj_setup *setup)
{
    rj_manifest *manifest = rj_calloc(1, sizeof *manifest);
    size_t checks = 0;
    size_t formats = 0;
    if (!manifest)
        return NULL;
    manifest->id = rj_strdup(setup->id);
    manifest->version = rj_strdup(setup->version);
    manifest->provides = copy_list(setup->provides, &manifest->provides_count);
    manifest->checks = copy_list(setup->checks, &checks);
    manifest->formats = copy_list(setup->formats, &formats);
    if (manifest->id && manifest->version && manifest->provides && manifest->checks &&
        manifest->formats)
        return manifest;
    rj_manifest_free(manifest);
    return NULL;
}

static rj_status make_instance(rj_worker *worker, rj_error *err)
{
    rj_runtime_options options = {.loop = worker->loop, .kv = rj_worker_kv(), .grace_ms = NEVER_MS};
    rj_status status = rj_runtime_new(&options, &worker->runtime, err);
    if (status)
        return status;
    worker->runtime->instances = rj_calloc(1, sizeof *worker->runtime->instances);
    worker->instance =
        rj_registry_new_instance(worker->runtime, "", worker->setup.setup.id, false, err);
    if (!worker->runtime->instances || !worker->instance)
        return rj_fail_memory(err, "making the plugin's instance");
    rj_instance *instance = worker->instance;
    worker->runtime->instances[worker->runtime->instance_count++] = instance;
    instance->host.query = rj_worker_query;
    instance->owner.misbehaved_elsewhere = rj_worker_log_misbehaviour;
    instance->manifest = make_manifest(&worker->setup.setup);
    instance->config = rj_strdup(worker->setup.setup.config);
    return instance->manifest && instance->config
               ? RJ_OK
               : rj_fail_memory(err, "making the plugin's instance");
}

static rj_status make_plugin(rj_worker *worker, rj_error *err)
{
    rj_status status = rj_loop_new(&worker->loop, err);
    if (!status)
        status = make_instance(worker, err);
    rj_instance *instance = worker->instance;
    if (!status)
        status = rj_library_map(RJ_WORKER_PLUGIN, "its file", &instance->library, err);
    if (!status)
        status = rj_loader_describe(instance->library, instance->manifest, &instance->desc, err);
    if (!status)
        status = rj_runner_create(instance, err);
    if (!status)
        instance->state = RJ_INSTANCE_READY;
    return status;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static void on_stopped(void *data)
{
    rj_worker *worker = data;
    worker->stopped = true;
    rj_loop_stop(worker->loop);
}

static void begin_stop(rj_worker *worker)
{
    if (worker->runtime->stopping)
        return;
    worker->runtime->options.grace_ms = worker->setup.setup.grace_ms;
    rj_runtime_stop(worker->runtime, on_stopped, worker);
}

static void on_frame(void *data, const rj_wire_frame *frame)
{
    rj_worker *worker = data;
    rj_wire_reader reader = rj_wire_read(frame);
    switch (frame->type) {
    case RJ_WIRE_ASK:
        rj_worker_on_ask(frame->handle, &reader);
        return;
    case RJ_WIRE_CANCEL:
        if (rj_wire_get_u32(&reader))
            rj_op_expire(worker->runtime->ops, frame->handle);
        else
            rj_op_cancel(worker->runtime->ops, frame->handle);
        return;
    case RJ_WIRE_EVENT:
        rj_worker_on_event(frame->handle, &reader);
        return;
    case RJ_WIRE_CHILD_EXIT:
        rj_worker_on_child_exit(frame->handle, &reader);
        return;
    case RJ_WIRE_STOP:
        begin_stop(worker);
        return;
    default:
        return;
    }
}

static void on_core_gone(void *data, rj_status status, const char *why)
{
    (void)data;
    (void)status;
    (void)why;
    rj_system_exit_now(EXIT_WELL);
}

/* Before each wait: tell the core when there begins or ends to be something that no op stands for. */
static void on_turn(uv_prepare_t *handle)
{
    rj_worker *worker = handle->data;
    unsigned busy = worker->runtime->stopping ? 0 : rj_host_timers(worker->instance);
    if (busy == worker->told_busy)
        return;
    worker->told_busy = busy;
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_BUSY, 0);
    rj_wire_put_u32(&writer, busy);
    rj_uplink_send(&writer);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static int work(rj_worker *worker)
{
    static uv_prepare_t turn;
    rj_channel_hooks hooks = {.data = worker, .frame = on_frame, .ended = on_core_gone};
    rj_error err = RJ_ERROR_NONE;
    rj_status status = rj_channel_open(worker->loop, RJ_WORKER_FRAMES, RJ_WIRE_TO_WORKER, &hooks,
                                       &worker->frames, &err);
    say_ready(status, err.text);
    if (status)
        return EXIT_NOT_READY;
    uv_prepare_init(rj_loop_uv(worker->loop), &turn);
    turn.data = worker;
    uv_prepare_start(&turn, on_turn);
    while (!worker->stopped)
        rj_loop_run(worker->loop);
    uv_prepare_stop(&turn);
    bool clean = rj_runtime_free(worker->runtime);
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_STOPPED, 0);
    rj_wire_put_u32(&writer, clean);
    rj_uplink_send(&writer);
    if (!clean) /* it still runs: nothing may be freed */
        rj_system_exit_now(EXIT_WELL);
    rj_channel_close(worker->frames);
    rj_loop_free(worker->loop);
    rj_setup_free(&worker->setup);
    rj_free(worker->setup_bytes);
    rj_uplink_close();
    return EXIT_WELL;
}

int main(int argc, char **argv)
{
    rj_worker *worker = &rj_the_worker;
    rj_error err = RJ_ERROR_NONE;
    rj_sandbox_report report = {.count = 0};
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("realmjoin-worker " RJ_VERSION);
        return EXIT_WELL;
    }
    rj_system_prepare_process();
    rj_json_use_base_alloc();
    rj_log_set_level(RJ_LOG_WARNING);
    rj_log_to_stderr(true);
    rj_status status = rj_worker_adopt(argc, argv, &err);
    if (!status)
        status = read_setup(worker, &err);
    worker->begun = status ? NULL : rj_worker_map_begun();
    if (!status && !worker->begun)
        status = rj_fail(&err, RJ_E_IO, "its page of memory cannot be mapped");
    if (status || rj_uplink_open(&err)) {
        fprintf(stderr, "realmjoin-worker: %s; it is started by the agent, not by hand\n",
                err.text);
        return EXIT_USAGE;
    }
    status = rj_sandbox_enter(&worker->setup.setup.sandbox, &report, &err);
    greet(&report);
    if (!status)
        status = make_plugin(worker, &err);
    if (!status)
        return work(worker);
    say_ready(status, err.text);
    rj_system_exit_now(EXIT_NOT_READY); /* what was half made is not worth freeing */
}
