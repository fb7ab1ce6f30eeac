/* SPDX-License-Identifier: MIT */
/*
 * The plugin test host's child processes: enough of rj.host.spawn/1 to test a plugin.
 *
 * Happy path: a process is started, its output kept as log and tail, its end seen by the loop, what is
 * left of it ended, on_exit on the loop.
 */
#include "plugin_host_child.h"

#include <stdlib.h>
#include <string.h>

static rj_status RJ_CALL spawn_start(const rj_host *api, rj_op id, const rj_spawn *spawn,
                                     void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how),
                                     void *data, uint64_t *ret_child)
{
    plugin_host *host = (plugin_host *)api->ctx;
    unsigned running = 0;
    host_child *child;
    host_op *op;

    if (!host_process_path_is_absolute(spawn->program) || !spawn->arguments ||
        !spawn->environment || !host_process_path_is_absolute(spawn->directory)) {
        host_misuse(host, "op %llu: incomplete spawn request", (unsigned long long)id);
        return RJ_E_INVALID;
    }
    child = calloc(1, sizeof *child);
    if (!child)
        return RJ_E_NO_MEMORY;
    child->op = id;
    child->on_exit = on_exit;
    child->data = data;
    pthread_mutex_lock(&host->lock);
    for (const host_child *other = host->children; other; other = other->next)
        running++;
    op = host_find_op(host, id);
    if (!op || op->finished || running >= HOST_MAX_CHILDREN) {
        pthread_mutex_unlock(&host->lock);
        free(child);
        return !op || op->finished ? RJ_E_NOT_FOUND : RJ_E_BUSY;
    }
    if (!host_process_start(child, spawn)) {
        pthread_mutex_unlock(&host->lock);
        free(child);
        return RJ_E_NO_MEMORY;
    }
    if (spawn->time_limit_ms > 0)
        child->kill_at = host_now_ms() + spawn->time_limit_ms;
    op->children++;
    child->id = ++host->last_id;
    child->next = host->children;
    host->children = child;
    if (ret_child)
        *ret_child = child->id;
    pthread_mutex_unlock(&host->lock);
    host_wake(host);
    return RJ_OK;
}

static void kill_child(host_child *child, int32_t reason)
{
    if (!child->start_error && !child->killed_as) {
        child->killed_as = reason;
        host_process_kill(child);
    }
}

static void RJ_CALL spawn_kill(const rj_host *api, uint64_t id)
{
    plugin_host *host = (plugin_host *)api->ctx;

    pthread_mutex_lock(&host->lock);
    for (host_child *child = host->children; child; child = child->next)
        if (child->id == id)
            kill_child(child, RJ_EXIT_CANCELLED);
    pthread_mutex_unlock(&host->lock);
}

const rj_host_spawn host_spawn_table = {sizeof(rj_host_spawn), RJ_ABI_MINOR, spawn_start,
                                        spawn_kill};

/* ---- The loop's part ------------------------------------------------------------------------- */

void host_child_lower_timeout(plugin_host *host, const host_child *child, int *timeout_ms)
{
    const host_op *op = host_find_op(host, child->op);
    int64_t wait = child->kill_at ? child->kill_at - host_now_ms() : INT64_MAX;

    if (child->start_error)
        wait = 0;
    if (op && !child->killed_as && op->deadline - host_now_ms() < wait)
        wait = op->deadline - host_now_ms();
    if (wait < 0)
        wait = 0;
    if (!child->killed_as && wait < *timeout_ms)
        *timeout_ms = (int)wait;
}

void host_child_keep_tail(host_child *child, const char *bytes, size_t length)
{
    size_t capacity = sizeof child->tail - 1;

    if (length > capacity) {
        bytes += length - capacity;
        length = capacity;
    }
    if (child->tail_length + length > capacity) {
        size_t drop = child->tail_length + length - capacity;

        memmove(child->tail, child->tail + drop, child->tail_length - drop);
        child->tail_length -= drop;
    }
    memcpy(child->tail + child->tail_length, bytes, length);
    child->tail_length += length;
    child->tail[child->tail_length] = '\0';
}

static void report(plugin_host *host, host_child *child)
{
    rj_spawn_exit how = {.size = sizeof how, .minor = RJ_ABI_MINOR};
    bool unanswered = false;
    host_op *op;

    host_process_settle(child, &how);
    if (child->start_error)
        how.kind = RJ_EXIT_NO_START;
    else if (child->killed_as)
        how.kind = child->killed_as;
    how.tail = child->tail;
    how.tail_length = child->tail_length;
    child->on_exit(child->data, &how);

    pthread_mutex_lock(&host->lock);
    op = host_find_op(host, child->op);
    if (op) {
        op->children--;
        unanswered = !host->worker && !op->finished && !op->jobs && !op->children && !host->timers;
    }
    pthread_mutex_unlock(&host->lock);
    if (unanswered)
        host_misuse(host, "op %llu: its program has ended and nobody has answered",
                    (unsigned long long)child->op);
    host_process_free(child);
    free(child);
}

/* The next child that has ended, taken off the list; NULL if none. */
static host_child *take_ended(plugin_host *host)
{
    host_child *found = NULL;

    pthread_mutex_lock(&host->lock);
    for (host_child **link = &host->children; *link && !found;) {
        host_child *child = *link;

        if (child->start_error || host_process_has_ended(child)) {
            *link = child->next;
            found = child;
        } else {
            link = &child->next;
        }
    }
    pthread_mutex_unlock(&host->lock);
    return found;
}

void host_children_tend(plugin_host *host)
{
    host_child *ended;

    pthread_mutex_lock(&host->lock);
    for (host_child *child = host->children; child; child = child->next) {
        const host_op *op = host_find_op(host, child->op);

        if (child->start_error)
            continue;
        host_process_read(child);
        if (op && op->cancel_asked)
            kill_child(child, RJ_EXIT_CANCELLED);
        if ((child->kill_at && host_now_ms() >= child->kill_at) ||
            (op && host_now_ms() >= op->deadline))
            kill_child(child, RJ_EXIT_TIMEOUT);
    }
    pthread_mutex_unlock(&host->lock);
    while ((ended = take_ended(host)))
        report(host, ended);
}
