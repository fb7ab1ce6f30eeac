/* SPDX-License-Identifier: MIT */
/*
 * The host a plugin meets in a worker.
 *
 * Ops, lane and timers are the runtime's own.  The log's lines, values, settings, notices and programs
 * are the core's business.  What needs a grant is asked for once; the core looks again at each call.
 */
#include "worker/worker.h"

#include "base/log.h"
#include "host/host_internal.h"
#include "platform/system.h"
#include "runtime/rate.h"
#include "worker/uplink.h"

#include <string.h>

/* More than the core lets pass: what a plugin writes beyond that would be dropped there. */
#define LINES_AT_ONCE 1000.0
#define LINES_A_SECOND 100.0
#define LOG_LINE_MAX 4096u

/* ---- Log ------------------------------------------------------------------------------------- */

static void send_line(rj_wire_type type, int32_t level, rj_op op, const char *text)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, type, op);
    if (type == RJ_WIRE_LOG)
        rj_wire_put_i32(&writer, level);
    rj_wire_put_bytes(&writer, text, strnlen(text, LOG_LINE_MAX));
    rj_uplink_send(&writer);
}

static bool may_log(void)
{
    static rj_rate rate; /* guarded by the instance's text lock */
    uv_mutex_t *lock = &rj_the_worker.instance->owner.text_lock;
    uv_mutex_lock(lock);
    bool good = rj_rate_take(&rate, rj_clock_monotonic_ms(), 1, LINES_AT_ONCE, LINES_A_SECOND);
    uv_mutex_unlock(lock);
    return good;
}

static void RJ_CALL write_line(const rj_host *host, int32_t level, rj_op op, const char *text)
{
    (void)host;
    if (text && may_log())
        send_line(RJ_WIRE_LOG, level, op, text);
}

static const rj_host_log log_table = {
    .size = sizeof log_table, .minor = RJ_ABI_MINOR, .write = write_line};

void rj_worker_log_misbehaviour(rj_op_owner *owner, rj_op op, const char *text)
{
    (void)owner;
    if (may_log())
        send_line(RJ_WIRE_MISBEHAVED, 0, op, text);
}

/* ---- Settings -------------------------------------------------------------------------------- */

static rj_status RJ_CALL read_config(const rj_host *host, rj_sink sink, void *data)
{
    rj_wire_writer writer = {0};
    (void)host;
    if (!sink)
        return RJ_E_INVALID;
    rj_wire_begin(&writer, RJ_WIRE_CONFIG, 0);
    return rj_uplink_call(&writer, sink, data);
}

static const rj_host_config config_table = {
    .size = sizeof config_table, .minor = RJ_ABI_MINOR, .read = read_config};

/* ---- Values ---------------------------------------------------------------------------------- */

static rj_status kv_get(void *data, const char *plugin_id, const char *key, rj_sink sink,
                        void *sink_data, rj_error *err)
{
    rj_wire_writer writer = {0};
    (void)data;
    (void)plugin_id;
    (void)err;
    rj_wire_begin(&writer, RJ_WIRE_KV_GET, 0);
    rj_wire_put_text(&writer, key);
    return rj_uplink_call(&writer, sink, sink_data);
}

static rj_status kv_set(void *data, const char *plugin_id, const char *key, const void *bytes,
                        size_t length, rj_error *err)
{
    rj_wire_writer writer = {0};
    (void)data;
    (void)plugin_id;
    (void)err;
    rj_wire_begin(&writer, RJ_WIRE_KV_SET, 0);
    rj_wire_put_text(&writer, key);
    rj_wire_put_bytes(&writer, bytes, length);
    return rj_uplink_call(&writer, NULL, NULL);
}

static rj_status kv_remove(void *data, const char *plugin_id, const char *key, rj_error *err)
{
    rj_wire_writer writer = {0};
    (void)data;
    (void)plugin_id;
    (void)err;
    rj_wire_begin(&writer, RJ_WIRE_KV_REMOVE, 0);
    rj_wire_put_text(&writer, key);
    return rj_uplink_call(&writer, NULL, NULL);
}

rj_kv_backend rj_worker_kv(void)
{
    return (rj_kv_backend){.get = kv_get, .set = kv_set, .remove = kv_remove};
}

/* ---- query() --------------------------------------------------------------------------------- */

static bool is_granted(const char *id)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_QUERY, 0);
    rj_wire_put_text(&writer, id);
    return rj_uplink_call(&writer, NULL, NULL) == RJ_OK;
}

const void *RJ_CALL rj_worker_query(const rj_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
        bool ask; /* whether it is granted */
    } services[] = {
        {RJ_HOST_OP, &rj_host_op_table, false},
        {RJ_HOST_EXEC, &rj_host_exec_table, false},
        {RJ_HOST_LOG, &log_table, false},
        {RJ_HOST_CONFIG, &config_table, false},
        {RJ_HOST_KV, &rj_host_kv_table, false},
        {RJ_HOST_EVENT, &rj_worker_event_table, false},
        {RJ_HOST_TIMER, &rj_host_timer_table, false},
        {RJ_HOST_SPAWN, &rj_worker_spawn_table, true},
        {RJ_HOST_SECRET, &rj_worker_secret_table, true},
    };
    (void)host;
    for (size_t i = 0; id && i < sizeof services / sizeof services[0]; i++)
        if (strcmp(services[i].id, id) == 0)
            return !services[i].ask || is_granted(id) ? services[i].table : NULL;
    return NULL;
}
