/* SPDX-License-Identifier: MIT */
/*
 * "rj.host.spawn/1": child processes of ops.
 *
 *     start() [any] -> begin [loop] -> output to log, tail and asker -> end -> on_exit [loop]
 *
 * Cancelling, the deadline, the time limit and kill() all end the whole tree; what was first decides
 * how the end is called.  A child that is ended before it began is never started.
 */
#include "host_internal.h"
#include "spawn_spec.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/file.h"
#include "platform/process.h"

#include <stdio.h>
#include <string.h>

#define TAIL_MAX 4096u
#define LOG_LIMIT (64u * 1024 * 1024)
#define READ_SIZE 16384u
#define READS_A_TURN 4 /* then others get their turn */

#define READS_AT_END 256
#define CHILDREN_MAX 64u /* of one plugin, at a time */
#define KILL_AGAIN_MS 500u

#define NOT_ENDED (-1)

typedef struct rj_host_child {
    rj_op_child link; /* first: the op's list points here */
    struct rj_host_child *next;
    rj_instance *instance;
    rj_op op;
    uint64_t number;
    rj_spawn_spec *spec;
    char *log_folder; /* what its log file lies below; NULL: none */
    void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how);
    void *data;
    rj_post begin_post;
    rj_post kill_post;
    bool kill_posted; /* guarded by the instance's lock */

    rj_process *process; /* NULL: not begun */
    rj_watch *output_watch;
    rj_watch *end_watch;
    rj_timer *limit;
    int ended_by; /* NOT_ENDED, or RJ_EXIT_TIMEOUT, RJ_EXIT_CANCELLED */
    int log;      /* -1: none */
    uint64_t log_size;
    char tail[2 * TAIL_MAX];
    size_t tail_length;
} rj_host_child;

/* ---- Output ---------------------------------------------------------------------------------- */

static void add_to_tail(rj_host_child *child, const char *bytes, size_t length)
{
    if (length > TAIL_MAX) {
        bytes += length - TAIL_MAX;
        length = TAIL_MAX;
    }
    if (child->tail_length + length > sizeof child->tail) {
        size_t kept = TAIL_MAX < child->tail_length ? TAIL_MAX : child->tail_length;
        memmove(child->tail, child->tail + child->tail_length - kept, kept);
        child->tail_length = kept;
    }
    memcpy(child->tail + child->tail_length, bytes, length);
    child->tail_length += length;
}

static void add_to_log(rj_host_child *child, const char *bytes, size_t length)
{
    static const char note[] = "\n[the log has reached its limit; further output is left out]\n";
    if (child->log < 0)
        return;
    bool full = child->log_size + length > LOG_LIMIT;
    bool written = full ? rj_file_append(child->log, note, sizeof note - 1)
                        : rj_file_append(child->log, bytes, length);
    child->log_size += length;
    if (full || !written) {
        rj_file_append_close(child->log);
        child->log = -1;
    }
}

/* True: there may be more. */
static bool read_some(rj_host_child *child, int reads)
{
    char buffer[READ_SIZE];
    for (int i = 0; i < reads; i++) {
        long got = rj_process_read(child->process, buffer, sizeof buffer);
        if (got < 0)
            return true;
        if (got == 0)
            return false;
        add_to_log(child, buffer, (size_t)got);
        add_to_tail(child, buffer, (size_t)got);
        rj_op_wrote(child->instance->runtime->ops, child->op, buffer, (size_t)got);
    }
    return true;
}

static void on_output(void *data)
{
    rj_host_child *child = data;
    if (read_some(child, READS_A_TURN))
        return;
    rj_watch_stop(child->output_watch);
    child->output_watch = NULL;
}

/* The last lines, whole ones if there are any, valid UTF-8. */
static size_t make_tail(rj_host_child *child, const char **ret_tail)
{
    size_t length = child->tail_length < TAIL_MAX - 1 ? child->tail_length : TAIL_MAX - 1;
    char *tail = child->tail + child->tail_length - length;
    if (length < child->tail_length) { /* cut: begin with the next line */
        char *end = memchr(tail, '\n', length);
        size_t skipped = end ? (size_t)(end + 1 - tail) : 0;
        if (skipped < length) {
            tail += skipped;
            length -= skipped;
        }
    }
    rj_utf8_repair(tail, length);
    memmove(child->tail, tail, length);
    child->tail[length] = '\0';
    *ret_tail = child->tail;
    return length;
}

/* ---- The end --------------------------------------------------------------------------------- */

static void unlink_child(rj_host_child *child)
{
    rj_instance *instance = child->instance;
    rj_host_state *state = instance->services;
    uv_mutex_lock(&instance->lock);
    for (rj_host_child **at = &state->children; *at; at = &(*at)->next) {
        if (*at == child) {
            *at = child->next;
            state->child_count--;
            break;
        }
    }
    uv_mutex_unlock(&instance->lock);
}

static void free_child(void *data)
{
    rj_host_child *child = data;
    rj_runtime *runtime = child->instance->runtime;
    unlink_child(child);
    rj_spawn_spec_free(child->spec);
    rj_free(child->log_folder);
    rj_free(child);
    rj_runtime_check_stop(runtime);
}

/* Tells the plugin; the child is gone afterwards.  A kill that was posted runs before the memory goes,
 * as posts keep their order. */
static void end_child(rj_host_child *child, int kind, int value, unsigned survivors)
{
    rj_watch_stop(child->output_watch);
    rj_watch_stop(child->end_watch);
    rj_timer_stop(child->limit);
    rj_file_append_close(child->log);
    rj_process_free(child->process);
    child->output_watch = child->end_watch = NULL;
    child->limit = NULL;
    child->log = -1;
    child->process = NULL;
    rj_spawn_exit how = {.size = sizeof how,
                         .minor = RJ_ABI_MINOR,
                         .kind = kind,
                         .value = value,
                         .survivors = survivors};
    how.tail_length = make_tail(child, &how.tail);
    rj_instance *instance = child->instance;
    char correlation[64];
    rj_op_correlation(instance->runtime->ops, child->op, correlation, sizeof correlation);
    static const char *const words[] = {
        [RJ_EXIT_CODE] = "ended with exit code",
        [RJ_EXIT_SIGNAL] = "was ended by signal",
        [RJ_EXIT_TIMEOUT] = "was killed at its time limit,",
        [RJ_EXIT_CANCELLED] = "was killed because it was cancelled,",
        [RJ_EXIT_NO_START] = "could not be started,",
    };
    rj_log(RJ_LOG_INFO, "host.spawn", correlation,
           "plugin %s: %s %s %d; %u processes that it left behind were killed", instance->id,
           child->spec->spec.program, words[kind], value, survivors);
    child->on_exit(child->data, &how);
    rj_op_remove_child(instance->runtime->ops, &instance->owner, child->op, &child->link);
    uv_mutex_lock(&instance->lock);
    child->kill_posted = true; /* no kill is posted any more */
    uv_mutex_unlock(&instance->lock);
    rj_loop_post(instance->runtime->options.loop, &child->begin_post, free_child, child);
}

static void on_end(void *data)
{
    rj_host_child *child = data;
    rj_process_end end;
    if (rj_process_collect(child->process, &end) != RJ_OK)
        return;
    read_some(child, READS_AT_END); /* all writers are gone: what is left is what the pipe holds */
    int kind = end.signalled ? RJ_EXIT_SIGNAL : RJ_EXIT_CODE;
    if (child->ended_by != NOT_ENDED && end.signalled)
        kind = child->ended_by;
    end_child(child, kind, end.value, end.survivors);
}

static void kill_again(void *data)
{
    const rj_host_child *child = data;
    if (child->process)
        rj_process_kill_tree(child->process);
}

static void end_early(rj_host_child *child, int how)
{
    if (child->ended_by != NOT_ENDED)
        return;
    child->ended_by = how;
    if (!child->process)
        return;
    rj_process_kill_tree(child->process);
    /* Once more and again: a program may keep stopping the supervisor that is to kill it. */
    rj_timer_stop(child->limit);
    child->limit = NULL;
    rj_timer_start(child->instance->runtime->options.loop, KILL_AGAIN_MS, KILL_AGAIN_MS, kill_again,
                   child, &child->limit, NULL);
}

static void on_cancel(rj_op_child *link, bool deadline)
{
    end_early((rj_host_child *)link, deadline ? RJ_EXIT_TIMEOUT : RJ_EXIT_CANCELLED);
}

static void on_limit(void *data)
{
    end_early(data, RJ_EXIT_TIMEOUT);
}

static void on_kill(void *data)
{
    end_early(data, RJ_EXIT_CANCELLED);
}

/* ---- The beginning --------------------------------------------------------------------------- */

static rj_status begin_watching(rj_host_child *child, rj_error *err)
{
    rj_loop *loop = child->instance->runtime->options.loop;
    int64_t limit = child->spec->spec.time_limit_ms;
    rj_status status = rj_watch_readable(loop, rj_process_output_fd(child->process), on_output,
                                         child, &child->output_watch, err);
    if (!status)
        status = rj_watch_readable(loop, rj_process_end_fd(child->process), on_end, child,
                                   &child->end_watch, err);
    if (!status && limit > 0)
        status = rj_timer_start(loop, (uint64_t)limit, 0, on_limit, child, &child->limit, err);
    return status;
}

static void begin(void *data)
{
    rj_host_child *child = data;
    const rj_spawn *spec = &child->spec->spec;
    rj_error err = RJ_ERROR_NONE;
    rj_status status = RJ_OK;
    if (child->ended_by != NOT_ENDED) {
        end_child(child, child->ended_by, 0, 0);
        return;
    }
    if (spec->log_path)
        status =
            rj_file_append_open(child->log_folder, spec->log_path + strlen(child->log_folder) + 1,
                                0640, &child->log, &child->log_size, &err);
    rj_process_spec process = {.program = spec->program,
                               .arguments = spec->arguments,
                               .environment = spec->environment,
                               .directory = spec->directory};
    if (!status)
        status = rj_process_start(&process, &child->process, &err);
    if (!status)
        status = begin_watching(child, &err);
    if (status) {
        add_to_tail(child, err.text, strlen(err.text));
        end_child(child, RJ_EXIT_NO_START, 0, 0);
    }
}

/* A plugin may spawn, yet not write anywhere: what is appended is written as the agent.  *ret_folder
 * (rj_free(), NULL: no log) is the one of the allowed folders that the file lies below. */
static rj_status check_log(const rj_instance *instance, const char *path, char **ret_folder,
                           rj_error *err)
{
    const rj_runtime *runtime = instance->runtime;
    static const rj_path_kind own[] = {RJ_PATH_STATE, RJ_PATH_CACHE};
    char *folder = path ? rj_strdup(rj_path(runtime->options.paths, RJ_PATH_PACKAGE_LOGS)) : NULL;
    if (path && !folder)
        return rj_fail_memory(err, "starting a program");
    bool allowed = !path || rj_spawn_is_below(path, folder);
    rj_status status = RJ_OK;
    for (size_t i = 0; i < 2 && !allowed && !status; i++) {
        rj_free(folder);
        folder = NULL;
        status = rj_registry_folder(runtime, own[i], instance->id, &folder, err);
        allowed = !status && rj_spawn_is_below(path, folder);
    }
    if (!status && !allowed)
        status = rj_fail(
            err, RJ_E_DENIED,
            "log file %s is neither below the folder of package logs nor below its own", path);
    if (status)
        rj_free(folder);
    else
        *ret_folder = folder;
    return status;
}

/* Each takes memory and descriptors of ours. */
static bool has_too_many(rj_instance *instance)
{
    uv_mutex_lock(&instance->lock);
    bool many = instance->services->child_count >= CHILDREN_MAX;
    uv_mutex_unlock(&instance->lock);
    return many;
}

static rj_status RJ_CALL start(const rj_host *host, rj_op op, const rj_spawn *spawn,
                               void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how),
                               void *data, uint64_t *ret_child)
{
    rj_instance *instance = rj_host_instance(host);
    rj_runtime *runtime = instance->runtime;
    rj_error err = RJ_ERROR_NONE;
    rj_spawn_spec *spec = NULL;
    char *log_folder = NULL;
    rj_status status = on_exit ? rj_spawn_spec_copy(spawn, &spec, &err)
                               : rj_fail(&err, RJ_E_INVALID, "no on_exit");
    if (!status && !rj_grants_allow(&instance->grants, "spawn", spec->spec.program))
        status = rj_fail(&err, RJ_E_DENIED, "%s is not granted to it", spec->spec.program);
    if (!status && !rj_grants_whole(&instance->grants, "spawn"))
        status = rj_spawn_check_narrow(&spec->spec, &err);
    if (!status && has_too_many(instance))
        status = rj_fail(&err, RJ_E_LIMIT, "%u of its programs run already", CHILDREN_MAX);
    if (!status)
        status = check_log(instance, spec->spec.log_path, &log_folder, &err);
    rj_host_child *child = status ? NULL : rj_calloc(1, sizeof *child);
    if (!status && !child)
        status = rj_fail_memory(&err, "starting a program");
    if (!status) {
        *child = (rj_host_child){.link = {.cancel = on_cancel},
                                 .instance = instance,
                                 .op = op,
                                 .spec = spec,
                                 .log_folder = log_folder,
                                 .on_exit = on_exit,
                                 .data = data,
                                 .ended_by = NOT_ENDED,
                                 .log = -1};
        status = rj_op_add_child(runtime->ops, op, &child->link);
        if (status)
            rj_fail(&err, status, "its op is over or being cancelled");
    }
    if (status) {
        char correlation[64];
        rj_op_correlation(runtime->ops, op, correlation, sizeof correlation);
        rj_host_complain(instance, "host.spawn", correlation, "plugin %s: no program started: %s",
                         instance->id, err.text);
        rj_spawn_spec_free(spec);
        rj_free(log_folder);
        rj_free(child);
        return status;
    }
    uv_mutex_lock(&instance->lock);
    rj_host_state *state = instance->services;
    child->number = ++state->last_child;
    child->next = state->children;
    state->children = child;
    state->child_count++;
    if (ret_child)
        *ret_child = child->number;
    uv_mutex_unlock(&instance->lock);
    rj_loop_post(runtime->options.loop, &child->begin_post, begin, child);
    return RJ_OK;
}

static void RJ_CALL kill_child(const rj_host *host, uint64_t number)
{
    rj_instance *instance = rj_host_instance(host);
    uv_mutex_lock(&instance->lock);
    rj_host_child *child = instance->services->children;
    while (child && child->number != number)
        child = child->next;
    if (child && !child->kill_posted) {
        child->kill_posted = true;
        rj_loop_post(instance->runtime->options.loop, &child->kill_post, on_kill, child);
    }
    uv_mutex_unlock(&instance->lock);
}

const rj_host_spawn rj_host_spawn_table = {
    .size = sizeof(rj_host_spawn), .minor = RJ_ABI_MINOR, .start = start, .kill = kill_child};
