/* SPDX-License-Identifier: MIT */
/* The proxy's face: the tables the runner calls, and the questions on their way. */
#include "proxy_internal.h"

#include "base/alloc.h"

#include <realmjoin/check.h>
#include <realmjoin/package.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static rj_proxy *proxy_of(rj_plugin *plugin)
{
    return (rj_proxy *)(void *)plugin;
}

void rj_proxy_say(rj_proxy *proxy, int level, rj_op op, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    proxy->log->write(proxy->options.host, level, op, text);
}

void rj_proxy_misbehaved(rj_proxy *proxy, rj_op op, const char *text)
{
    if (proxy->options.misbehaved)
        proxy->options.misbehaved(proxy->options.data, op, text);
    else
        rj_proxy_say(proxy, RJ_LOG_WARNING, op, "misbehaviour: %s", text);
}

/* ---- Questions ------------------------------------------------------------------------------- */

rj_proxied_op *rj_proxy_find(rj_proxy *proxy, rj_op op)
{
    rj_proxied_op *at = proxy->ops;
    while (at && at->op != op)
        at = at->next;
    return at;
}

bool rj_proxy_will_answer(rj_proxy *proxy, rj_op op)
{
    return rj_proxy_find(proxy, op) != NULL;
}

static void take_off(rj_proxied_op *gone)
{
    rj_proxy *proxy = gone->proxy;
    rj_proxied_op **at = &proxy->ops;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    if (proxy->ops_end == &gone->next)
        proxy->ops_end = at;
    rj_free(gone->argument);
    rj_free(gone);
}

void rj_proxy_finish(rj_proxied_op *gone, rj_status status, const char *message)
{
    rj_proxy *proxy = gone->proxy;
    rj_op op = gone->op;
    take_off(gone);
    proxy->op->finish(proxy->options.host, op, status, message);
}

void rj_proxy_lose(rj_proxied_op *gone, rj_status status, const char *message)
{
    rj_proxy *proxy = gone->proxy;
    rj_op op = gone->op;
    if (!proxy->options.lost) {
        rj_proxy_finish(gone, status, message);
        return;
    }
    take_off(gone);
    proxy->options.lost(proxy->options.data, op, status, message);
}

/* May end the worker, and with it other ops. */
static void send_one(rj_proxied_op *op)
{
    rj_proxy *proxy = op->proxy;
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_ASK, op->op);
    rj_wire_put_u32(&writer, op->verb);
    rj_wire_put_i64(&writer, proxy->op->remaining_ms(proxy->options.host, op->op));
    rj_wire_put_text(&writer, op->argument);
    rj_status status = rj_wire_end(&writer);
    bool sending = !status;
    if (sending)
        status = rj_channel_send(proxy->frames, writer.bytes, writer.length);
    rj_wire_discard(&writer);
    if (sending && status == RJ_E_NO_MEMORY) { /* half a frame may have gone */
        rj_proxy_kill(proxy, RJ_WORKER_DROPPED, "could not be asked for lack of memory");
        return;
    }
    if (status && status != RJ_E_IO) { /* a lost worker tells itself */
        rj_proxy_finish(op, status,
                        status == RJ_E_LIMIT
                            ? "the request is too large, or too many wait for the plugin's worker"
                            : "out of memory while asking the plugin's worker");
        return;
    }
    op->state = PROXIED_SENT;
    rj_free(op->argument);
    op->argument = NULL;
}

void rj_proxy_send_queued(rj_proxy *proxy)
{
    rj_proxied_op *next;
    for (rj_proxied_op *at = proxy->ops; at && proxy->state == PROXY_READY; at = next) {
        next = at->next;
        if (at->state == PROXIED_QUEUED)
            send_one(at);
    }
}

/* The op is cancelled, or its deadline has passed. */
static void on_cancelled(void *data)
{
    rj_proxied_op *op = data;
    rj_proxy *proxy = op->proxy;
    bool deadline = proxy->op->remaining_ms(proxy->options.host, op->op) == 0;
    if (op->state == PROXIED_QUEUED) {
        rj_proxy_finish(op, deadline ? RJ_E_NOT_STARTED : RJ_E_CANCELLED,
                        deadline
                            ? "its worker was not ready before the deadline; asking again is safe"
                            : "cancelled before it was begun");
        return;
    }
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_CANCEL, op->op);
    rj_wire_put_u32(&writer, deadline);
    rj_proxy_send(proxy, &writer);
}

static void ask(rj_plugin *plugin, rj_wire_verb verb, const char *argument, rj_op op)
{
    rj_proxy *proxy = proxy_of(plugin);
    const rj_host *host = proxy->options.host;
    if (proxy->stopping) {
        proxy->op->finish(host, op, RJ_E_NOT_STARTED, "the plugin is being stopped");
        return;
    }
    rj_proxied_op *proxied = rj_calloc(1, sizeof *proxied);
    char *copy = rj_strdup(argument);
    if (!proxied || !copy) {
        rj_free(proxied);
        rj_free(copy);
        proxy->op->finish(host, op, RJ_E_NO_MEMORY,
                          "out of memory while asking the plugin's worker");
        return;
    }
    *proxied = (rj_proxied_op){.proxy = proxy, .op = op, .verb = verb, .argument = copy};
    *proxy->ops_end = proxied;
    proxy->ops_end = &proxied->next;
    if (proxy->op->on_cancel(host, op, on_cancelled, proxied)) {
        take_off(proxied); /* it is over already */
        return;
    }
    rj_proxy_wake(proxy);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static const char *const *RJ_CALL check_ids(rj_plugin *plugin)
{
    return proxy_of(plugin)->options.checks;
}

static void RJ_CALL evaluate(rj_plugin *plugin, const char *check_id, rj_op op)
{
    ask(plugin, RJ_WIRE_EVALUATE, check_id, op);
}

static void RJ_CALL remediate(rj_plugin *plugin, const char *check_id, rj_op op)
{
    ask(plugin, RJ_WIRE_REMEDIATE, check_id, op);
}

static const char *const *RJ_CALL package_formats(rj_plugin *plugin)
{
    return proxy_of(plugin)->options.formats;
}

#define PACKAGE_VERB(NAME, VERB)                                                                   \
    static void RJ_CALL NAME(rj_plugin *plugin, const char *request, rj_op op)                     \
    {                                                                                              \
        ask(plugin, VERB, request, op);                                                            \
    }

PACKAGE_VERB(detect, RJ_WIRE_DETECT)
PACKAGE_VERB(fetch, RJ_WIRE_FETCH)
PACKAGE_VERB(install, RJ_WIRE_INSTALL)
PACKAGE_VERB(uninstall, RJ_WIRE_UNINSTALL)
PACKAGE_VERB(recover, RJ_WIRE_RECOVER)

static const rj_check check_table = {.size = sizeof check_table,
                                     .minor = RJ_ABI_MINOR,
                                     .ids = check_ids,
                                     .evaluate = evaluate,
                                     .remediate = remediate};

static const rj_package package_table = {.size = sizeof package_table,
                                         .minor = RJ_ABI_MINOR,
                                         .formats = package_formats,
                                         .detect = detect,
                                         .fetch = fetch,
                                         .install = install,
                                         .uninstall = uninstall,
                                         .recover = recover};

static const void *RJ_CALL query(rj_plugin *plugin, const char *id)
{
    const char *const *provided = proxy_of(plugin)->options.provides;
    for (; id && *provided; provided++) {
        if (strcmp(*provided, id) != 0)
            continue;
        if (strcmp(id, RJ_CHECK) == 0)
            return &check_table;
        if (strcmp(id, RJ_PACKAGE) == 0)
            return &package_table;
    }
    return NULL;
}

static void RJ_CALL stop(rj_plugin *plugin, rj_op op)
{
    rj_proxy *proxy = proxy_of(plugin);
    proxy->stopping = true;
    proxy->stop_op = op;
    rj_proxied_op *next;
    for (rj_proxied_op *at = proxy->ops; at; at = next) {
        next = at->next;
        if (at->state == PROXIED_QUEUED)
            rj_proxy_finish(at, RJ_E_NOT_STARTED, "the plugin is being stopped");
    }
    rj_proxy_begin_stop(proxy);
}

static void RJ_CALL destroy(rj_plugin *plugin)
{
    rj_proxy *proxy = proxy_of(plugin);
    rj_proxy_end_now(proxy);
    rj_timer_stop(proxy->timer);
    rj_proxy_drop_subscriptions(proxy);
    while (proxy->ops)
        take_off(proxy->ops);
    rj_free(proxy);
}

const rj_plugin_desc rj_proxy_desc = {.size = sizeof rj_proxy_desc,
                                      .minor = RJ_ABI_MINOR,
                                      .query = query,
                                      .stop = stop,
                                      .destroy = destroy};

rj_status rj_proxy_new(const rj_proxy_options *options, rj_proxy **ret_proxy, rj_error *err)
{
    rj_proxy *proxy = rj_calloc(1, sizeof *proxy);
    if (!proxy)
        return rj_fail_memory(err, "making a plugin's worker");
    const rj_host *host = options->host;
    proxy->options = *options;
    proxy->ops_end = &proxy->ops;
    proxy->op = host->query(host, RJ_HOST_OP);
    proxy->log = host->query(host, RJ_HOST_LOG);
    proxy->config = host->query(host, RJ_HOST_CONFIG);
    proxy->kv = host->query(host, RJ_HOST_KV);
    proxy->event = host->query(host, RJ_HOST_EVENT);
    rj_status status = rj_proxy_make_timer(proxy, err);
    if (status)
        rj_free(proxy);
    else
        *ret_proxy = proxy;
    return status;
}
