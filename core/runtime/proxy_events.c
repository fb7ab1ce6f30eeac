/* SPDX-License-Identifier: MIT */
/*
 * Notices for a plugin in a worker.
 *
 * A subscription belongs to the plugin, not to one life of its worker: the host's side of it stays when
 * the worker ends.  A notice then starts the worker, whose plugin subscribes again in create(), and
 * what was kept is delivered.  What the new life has not asked for again is dropped.
 */
#include "proxy_internal.h"

#include "base/alloc.h"
#include "platform/system.h"

#include <string.h>

static void RJ_CALL on_notice(void *data, const char *topic, const char *json, size_t length);

/* ---- Waiting for a worker -------------------------------------------------------------------- */

static void free_notice(rj_proxied_notice *notice)
{
    rj_free(notice->prefix);
    rj_free(notice->topic);
    rj_free(notice->json);
}

void rj_proxy_drop_notices(rj_proxy *proxy)
{
    for (size_t i = 0; i < proxy->notice_count; i++)
        free_notice(&proxy->notices[i]);
    proxy->notice_count = 0;
}

static void keep_notice(rj_proxy *proxy, const char *prefix, const char *topic, const char *json,
                        size_t length)
{
    if (proxy->notice_count == RJ_PROXY_NOTICES) { /* the oldest has waited in vain */
        free_notice(&proxy->notices[0]);
        proxy->notice_count--;
        memmove(proxy->notices, proxy->notices + 1, proxy->notice_count * sizeof *proxy->notices);
    }
    rj_proxied_notice notice = {.prefix = rj_strdup(prefix),
                                .topic = rj_strdup(topic),
                                .json = rj_strndup(json, length),
                                .length = length};
    if (notice.prefix && notice.topic && notice.json) {
        proxy->notices[proxy->notice_count++] = notice;
        return;
    }
    free_notice(&notice);
    rj_proxy_say(proxy, RJ_LOG_WARNING, 0, "out of memory: the notice %s did not reach it", topic);
}

/* ---- Passing on ------------------------------------------------------------------------------ */

static void send_notice(rj_proxy *proxy, uint64_t token, const char *topic, const char *json,
                        size_t length)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_EVENT, token);
    rj_wire_put_text(&writer, topic);
    rj_wire_put_bytes(&writer, json, length);
    rj_proxy_send(proxy, &writer);
}

static void RJ_CALL on_notice(void *data, const char *topic, const char *json, size_t length)
{
    const rj_proxied_subscription *subscription = data;
    rj_proxy *proxy = subscription->proxy;
    bool has_worker = proxy->state == PROXY_STARTING || proxy->state == PROXY_READY;
    if (has_worker && subscription->token) {
        proxy->active_ms = rj_clock_monotonic_ms();
        send_notice(proxy, subscription->token, topic, json, length);
        return;
    }
    if (proxy->stopping || strcmp(topic, "host.config") == 0)
        return; /* a new life begins with the new settings */
    keep_notice(proxy, subscription->prefix, topic, json, length);
    rj_proxy_wake(proxy);
}

void rj_proxy_deliver_notices(rj_proxy *proxy)
{
    for (size_t i = 0; i < proxy->notice_count; i++) {
        const rj_proxied_notice *notice = &proxy->notices[i];
        for (size_t j = 0; j < RJ_PROXY_SUBSCRIPTIONS && proxy->state == PROXY_READY; j++) {
            const rj_proxied_subscription *s = &proxy->subscriptions[j];
            if (s->prefix && s->token && strcmp(s->prefix, notice->prefix) == 0)
                send_notice(proxy, s->token, notice->topic, notice->json, notice->length);
        }
    }
    rj_proxy_drop_notices(proxy);
    for (size_t j = 0; j < RJ_PROXY_SUBSCRIPTIONS; j++) {
        rj_proxied_subscription *s = &proxy->subscriptions[j];
        if (s->prefix && !s->token) {
            proxy->event->unsubscribe(proxy->options.host, s->number);
            rj_free(s->prefix);
            s->prefix = NULL;
        }
    }
}

/* ---- Subscriptions --------------------------------------------------------------------------- */

bool rj_proxy_subscribe(rj_proxy *proxy, uint64_t token, const char *prefix)
{
    rj_proxied_subscription *free_one = NULL;
    for (size_t i = 0; i < RJ_PROXY_SUBSCRIPTIONS; i++) {
        rj_proxied_subscription *s = &proxy->subscriptions[i];
        if (s->prefix && !s->token && strcmp(s->prefix, prefix) == 0) {
            s->token = token;
            return true;
        }
        if (!s->prefix && !free_one)
            free_one = s;
    }
    char *copy = free_one ? rj_strdup(prefix) : NULL;
    if (copy) {
        *free_one = (rj_proxied_subscription){.proxy = proxy, .prefix = copy, .token = token};
        if (proxy->event->subscribe(proxy->options.host, prefix, on_notice, free_one,
                                    &free_one->number) == RJ_OK)
            return true;
        free_one->prefix = NULL;
        rj_free(copy);
    }
    return false;
}

void rj_proxy_unsubscribe(rj_proxy *proxy, uint64_t token)
{
    for (size_t i = 0; token && i < RJ_PROXY_SUBSCRIPTIONS; i++) {
        rj_proxied_subscription *s = &proxy->subscriptions[i];
        if (!s->prefix || s->token != token)
            continue;
        proxy->event->unsubscribe(proxy->options.host, s->number);
        rj_free(s->prefix);
        s->prefix = NULL;
    }
}

void rj_proxy_forget_tokens(rj_proxy *proxy)
{
    for (size_t i = 0; i < RJ_PROXY_SUBSCRIPTIONS; i++)
        proxy->subscriptions[i].token = 0;
}

void rj_proxy_drop_subscriptions(rj_proxy *proxy)
{
    rj_proxy_drop_notices(proxy);
    for (size_t i = 0; i < RJ_PROXY_SUBSCRIPTIONS; i++) {
        rj_proxied_subscription *s = &proxy->subscriptions[i];
        if (s->prefix)
            proxy->event->unsubscribe(proxy->options.host, s->number);
        rj_free(s->prefix);
        s->prefix = NULL;
    }
}
