/* SPDX-License-Identifier: MIT */
/*
 * What a worker asks for: each call is made as the plugin would make it in-process, on the same host
 * table, and answered with the status and what the host pushed.
 *
 * Programs are started here, in the core, after the host has looked at the grant; their end is told by
 * a frame.
 */
#include "proxy_internal.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/system.h"

#include <realmjoin/draft/secret.h>

#include <stdio.h>
#include <string.h>

#define QUERY_MAX 128u
#define CALLS_AT_ONCE 50000.0
#define CALLS_A_SECOND 10000.0
#define CALL_BYTES 16384.0 /* that many count as one call more */

static void reply(rj_proxy *proxy, rj_status status, const char *bytes, size_t length)
{
    rj_wire_writer writer = {.secret = true}; /* some are */
    rj_wire_begin(&writer, RJ_WIRE_REPLY, 0);
    rj_wire_put_i32(&writer, status);
    rj_wire_put_bytes(&writer, bytes, length);
    rj_status problem = rj_wire_end(&writer);
    if (!problem && proxy->calls)
        problem = rj_channel_send(proxy->calls, writer.bytes, writer.length);
    rj_wire_discard(&writer);
    if (problem == RJ_E_LIMIT)
        rj_proxy_kill(proxy, RJ_WORKER_HUNG, "was killed: it does not read what it asked for");
    else if (problem && problem != RJ_E_IO)
        rj_proxy_kill(proxy, RJ_WORKER_DROPPED, "could not be answered for lack of memory");
}

/* ---- Values, settings, notices --------------------------------------------------------------- */

static void RJ_CALL keep(void *data, const void *bytes, size_t length)
{
    rj_text_append(data, bytes, length);
}

static void reply_text(rj_proxy *proxy, rj_status status, rj_text *text)
{
    if (!status && rj_text_failed(text))
        status = RJ_E_NO_MEMORY;
    reply(proxy, status, status ? NULL : text->bytes, status ? 0 : text->length);
    rj_text_free(text);
}

/* What the worker's own host would answer is not asked for: only what needs a grant. */
static rj_status query(rj_proxy *proxy, rj_wire_reader *reader)
{
    const char *id = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader) || strlen(id) > QUERY_MAX)
        return RJ_E_CORRUPT;
    const rj_host *host = proxy->options.host;
    reply(proxy, host->query(host, id) ? RJ_OK : RJ_E_DENIED, NULL, 0);
    return RJ_OK;
}

static rj_status kv_get(rj_proxy *proxy, rj_wire_reader *reader)
{
    rj_text value = RJ_TEXT_EMPTY;
    const char *key = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader))
        return RJ_E_CORRUPT;
    reply_text(proxy, proxy->kv->get(proxy->options.host, key, keep, &value), &value);
    return RJ_OK;
}

static rj_status kv_set(rj_proxy *proxy, rj_wire_reader *reader)
{
    size_t length = 0;
    const char *key = rj_wire_get_text(reader);
    const char *value = rj_wire_get_bytes(reader, &length);
    if (!rj_wire_read_end(reader))
        return RJ_E_CORRUPT;
    reply(proxy, proxy->kv->set(proxy->options.host, key, value, length), NULL, 0);
    return RJ_OK;
}

static rj_status kv_remove(rj_proxy *proxy, rj_wire_reader *reader)
{
    const char *key = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader))
        return RJ_E_CORRUPT;
    reply(proxy, proxy->kv->remove(proxy->options.host, key), NULL, 0);
    return RJ_OK;
}

static rj_status read_config(rj_proxy *proxy, const rj_wire_reader *reader)
{
    rj_text text = RJ_TEXT_EMPTY;
    if (!rj_wire_read_end(reader))
        return RJ_E_CORRUPT;
    reply_text(proxy, proxy->config->read(proxy->options.host, keep, &text), &text);
    return RJ_OK;
}

static rj_status publish(rj_proxy *proxy, rj_wire_reader *reader)
{
    size_t length = 0;
    const char *topic = rj_wire_get_text(reader);
    const char *json = rj_wire_get_bytes(reader, &length);
    if (!rj_wire_read_end(reader))
        return RJ_E_CORRUPT;
    reply(proxy, proxy->event->publish(proxy->options.host, topic, json, length), NULL, 0);
    return RJ_OK;
}

/* ---- Secrets --------------------------------------------------------------------------------- */

typedef struct pushed_secret {
    rj_proxy *proxy;
    bool replied;
} pushed_secret;

/* Answered from the host's own memory: no copy of ours to wipe. */
static void RJ_CALL reply_secret(void *data, const void *bytes, size_t length)
{
    pushed_secret *pushed = data;
    pushed->replied = true;
    reply(pushed->proxy, RJ_OK, bytes, length);
}

static rj_status secret_call(rj_proxy *proxy, const rj_wire_frame *frame, rj_wire_reader *reader)
{
    const rj_host *host = proxy->options.host;
    const rj_host_secret *secret = host->query(host, RJ_HOST_SECRET);
    rj_status status = secret ? RJ_OK : RJ_E_DENIED;
    if (frame->type == RJ_WIRE_SECRET_ATTACH) {
        size_t length = 0;
        const char *name = rj_wire_get_text(reader);
        const char *bytes = rj_wire_get_bytes(reader, &length);
        if (!rj_wire_read_end(reader))
            return RJ_E_CORRUPT;
        if (!status)
            status = rj_proxy_find(proxy, frame->handle)
                         ? secret->attach(host, frame->handle, name, bytes, length)
                         : RJ_E_NOT_FOUND;
        reply(proxy, status, NULL, 0);
        return RJ_OK;
    }
    if (!rj_wire_read_end(reader))
        return RJ_E_CORRUPT;
    if (frame->type == RJ_WIRE_SECRET_OF) {
        rj_secret handle = secret ? secret->of_op(host, frame->handle) : 0;
        char bytes[8];
        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)(unsigned char)(handle >> (8 * i));
        reply(proxy, status, bytes, sizeof bytes);
        return RJ_OK;
    }
    pushed_secret pushed = {.proxy = proxy};
    if (!status)
        status = secret->read(host, frame->handle, reply_secret, &pushed);
    if (!pushed.replied)
        reply(proxy, status ? status : RJ_E_NOT_FOUND, NULL, 0);
    return RJ_OK;
}

/* ---- Programs -------------------------------------------------------------------------------- */

static void RJ_CALL on_exit_of_child(void *data, const rj_spawn_exit *how)
{
    rj_proxied_child *child = data;
    rj_proxy *proxy = child->proxy;
    for (rj_proxied_child **at = &proxy->children; *at; at = &(*at)->next) {
        if (*at == child) {
            *at = child->next;
            break;
        }
    }
    if (child->life == proxy->life && proxy->frames) {
        rj_wire_writer writer = {0};
        rj_wire_begin(&writer, RJ_WIRE_CHILD_EXIT, child->token);
        rj_wire_put_i32(&writer, how->kind);
        rj_wire_put_i32(&writer, how->value);
        rj_wire_put_u32(&writer, how->survivors);
        rj_wire_put_bytes(&writer, how->tail, how->tail_length);
        rj_proxy_send(proxy, &writer);
    }
    rj_free(child);
    rj_proxy_check_retired(proxy);
}

static rj_status start_child(rj_proxy *proxy, rj_op op, uint64_t token, const rj_spawn *what)
{
    const rj_host *host = proxy->options.host;
    const rj_host_spawn *spawn = host->query(host, RJ_HOST_SPAWN);
    const rj_proxied_op *proxied = rj_proxy_find(proxy, op);
    if (!spawn)
        return RJ_E_DENIED;
    if (!proxied || proxied->state == PROXIED_QUEUED)
        return RJ_E_NOT_FOUND;
    rj_proxied_child *child = rj_calloc(1, sizeof *child);
    if (!child)
        return RJ_E_NO_MEMORY;
    *child = (rj_proxied_child){.proxy = proxy, .life = proxy->life, .token = token};
    rj_status status = spawn->start(host, op, what, on_exit_of_child, child, &child->number);
    if (status) {
        rj_free(child);
        return status;
    }
    child->next = proxy->children;
    proxy->children = child;
    return RJ_OK;
}

static rj_status spawn_child(rj_proxy *proxy, rj_op op, rj_wire_reader *reader)
{
    rj_spawn what = {.size = sizeof what, .minor = RJ_ABI_MINOR};
    uint64_t token = rj_wire_get_u64(reader);
    what.time_limit_ms = rj_wire_get_i64(reader);
    what.program = rj_wire_get_text(reader);
    what.directory = rj_wire_get_text(reader);
    bool has_log = rj_wire_get_u32(reader) != 0;
    const char *log = rj_wire_get_text(reader);
    what.log_path = has_log ? log : NULL;
    const char **arguments = rj_wire_get_list(reader);
    const char **environment = rj_wire_get_list(reader);
    what.arguments = arguments;
    what.environment = environment;
    rj_status problem = rj_wire_read_end(reader) ? RJ_OK : RJ_E_CORRUPT;
    if (!problem)
        reply(proxy, start_child(proxy, op, token, &what), NULL, 0);
    rj_free((void *)arguments);
    rj_free((void *)environment);
    return problem;
}

static void kill_one(rj_proxy *proxy, const rj_proxied_child *child)
{
    const rj_host *host = proxy->options.host;
    const rj_host_spawn *spawn = host->query(host, RJ_HOST_SPAWN);
    if (spawn)
        spawn->kill(host, child->number);
}

void rj_proxy_kill_child(rj_proxy *proxy, uint64_t token)
{
    for (const rj_proxied_child *child = proxy->children; child; child = child->next)
        if (child->life == proxy->life && child->token == token)
            kill_one(proxy, child);
}

void rj_proxy_kill_children(rj_proxy *proxy)
{
    for (const rj_proxied_child *child = proxy->children; child; child = child->next)
        kill_one(proxy, child);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

void rj_proxy_on_call(void *data, const rj_wire_frame *frame)
{
    rj_proxy *proxy = data;
    rj_wire_reader reader = rj_wire_read(frame);
    rj_status problem = RJ_E_CORRUPT;
    rj_channel_catch_up(proxy->frames); /* what it said before it asked */
    if (!proxy->calls)
        return;
    uint64_t now = rj_clock_monotonic_ms();
    if (!rj_rate_take(&proxy->call_rate, now, 1.0 + (double)frame->length / CALL_BYTES,
                      CALLS_AT_ONCE, CALLS_A_SECOND)) {
        rj_proxy_kill(proxy, RJ_WORKER_CRASHED,
                      "was killed: it asks for far more than any plugin needs");
        return;
    }
    switch (frame->type) {
    case RJ_WIRE_QUERY:
        problem = query(proxy, &reader);
        break;
    case RJ_WIRE_KV_GET:
        problem = kv_get(proxy, &reader);
        break;
    case RJ_WIRE_KV_SET:
        problem = kv_set(proxy, &reader);
        break;
    case RJ_WIRE_KV_REMOVE:
        problem = kv_remove(proxy, &reader);
        break;
    case RJ_WIRE_CONFIG:
        problem = read_config(proxy, &reader);
        break;
    case RJ_WIRE_PUBLISH:
        problem = publish(proxy, &reader);
        break;
    case RJ_WIRE_SPAWN:
        problem = spawn_child(proxy, frame->handle, &reader);
        break;
    case RJ_WIRE_SECRET_OF:
    case RJ_WIRE_SECRET_READ:
    case RJ_WIRE_SECRET_ATTACH:
        problem = secret_call(proxy, frame, &reader);
        break;
    default:
        break;
    }
    if (problem)
        rj_proxy_kill(proxy, RJ_WORKER_CRASHED, "was killed: it sent a call that is none");
}
