/* SPDX-License-Identifier: MIT */
/*
 * Programs of a plugin in a worker: described to the core, which starts them or refuses.
 *
 * The lock is held from before the call until the child's number is known, so that its end, which the
 * loop reads, never comes before that.
 */
#include "worker/worker.h"

#include "base/alloc.h"
#include "host/host_internal.h"
#include "host/spawn_spec.h"
#include "worker/uplink.h"

typedef struct child {
    rj_op_child link; /* first: the op's list points here */
    struct child *next;
    uint64_t token;
    rj_op op;
    void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how);
    void *data;
} child;

static child *children; /* guarded by the instance's lock, as the count in its services */
static uint64_t last_token;

/* The core cancels what it has started, by the same cancelling of the op. */
static void cancelled_by_core(rj_op_child *link, bool deadline)
{
    (void)link;
    (void)deadline;
}

static rj_status call_core(rj_op op, uint64_t token, const rj_spawn *what)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_SPAWN, op);
    rj_wire_put_u64(&writer, token);
    rj_wire_put_i64(&writer, what->time_limit_ms);
    rj_wire_put_text(&writer, what->program);
    rj_wire_put_text(&writer, what->directory);
    rj_wire_put_u32(&writer, what->log_path != NULL);
    rj_wire_put_text(&writer, what->log_path);
    rj_wire_put_list(&writer, what->arguments);
    rj_wire_put_list(&writer, what->environment);
    return rj_uplink_call(&writer, NULL, NULL);
}

static rj_status RJ_CALL start(const rj_host *host, rj_op op, const rj_spawn *spawn,
                               void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how),
                               void *data, uint64_t *ret_child)
{
    rj_instance *instance = rj_host_instance(host);
    rj_ops *ops = instance->runtime->ops;
    rj_spawn_spec *spec = NULL;
    if (!on_exit)
        return RJ_E_INVALID;
    rj_status status = rj_spawn_spec_copy(spawn, &spec, NULL); /* of any size, and checked */
    child *added = status ? NULL : rj_calloc(1, sizeof *added);
    if (!status && !added)
        status = RJ_E_NO_MEMORY;
    if (!status) {
        *added = (child){
            .link = {.cancel = cancelled_by_core}, .op = op, .on_exit = on_exit, .data = data};
        status = rj_op_add_child(ops, op, &added->link);
    }
    if (status) {
        rj_free(added);
        rj_spawn_spec_free(spec);
        return status;
    }
    uv_mutex_lock(&instance->lock);
    added->token = ++last_token;
    status = call_core(op, added->token, &spec->spec);
    if (!status) {
        added->next = children;
        children = added;
        instance->services->child_count++;
        if (ret_child)
            *ret_child = added->token;
    }
    uv_mutex_unlock(&instance->lock);
    rj_spawn_spec_free(spec);
    if (status) {
        rj_op_undo_child(ops, op, &added->link);
        rj_free(added);
    }
    return status;
}

static void RJ_CALL kill_child(const rj_host *host, uint64_t number)
{
    rj_wire_writer writer = {0};
    (void)host;
    rj_wire_begin(&writer, RJ_WIRE_KILL_CHILD, number);
    rj_uplink_send(&writer);
}

static child *take(rj_instance *instance, uint64_t token)
{
    uv_mutex_lock(&instance->lock);
    child **at = &children;
    while (*at && (*at)->token != token)
        at = &(*at)->next;
    child *found = *at;
    if (found) {
        *at = found->next;
        instance->services->child_count--;
    }
    uv_mutex_unlock(&instance->lock);
    return found;
}

void rj_worker_on_child_exit(uint64_t token, rj_wire_reader *reader)
{
    rj_instance *instance = rj_the_worker.instance;
    rj_spawn_exit how = {.size = sizeof how, .minor = RJ_ABI_MINOR};
    how.kind = rj_wire_get_i32(reader);
    how.value = rj_wire_get_i32(reader);
    how.survivors = rj_wire_get_u32(reader);
    how.tail = rj_wire_get_bytes(reader, &how.tail_length);
    child *ended = rj_wire_read_end(reader) ? take(instance, token) : NULL;
    if (!ended)
        return;
    ended->on_exit(ended->data, &how);
    rj_op_remove_child(instance->runtime->ops, &instance->owner, ended->op, &ended->link);
    rj_free(ended);
    rj_runtime_check_stop(instance->runtime);
}

const rj_host_spawn rj_worker_spawn_table = {
    .size = sizeof(rj_host_spawn), .minor = RJ_ABI_MINOR, .start = start, .kill = kill_child};
