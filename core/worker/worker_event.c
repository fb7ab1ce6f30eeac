/* SPDX-License-Identifier: MIT */
/* Notices in a worker: subscriptions have numbers of ours, which the core puts on what it sends. */
#include "worker/worker.h"

#include "host/host_internal.h"
#include "worker/uplink.h"

#include <string.h>

typedef struct subscription {
    uint64_t token; /* 0: free */
    void(RJ_CALL *listener)(void *data, const char *topic, const char *json, size_t length);
    void *data;
} subscription;

static subscription subscriptions[RJ_HOST_SUBSCRIPTIONS_MAX]; /* [loop] */
static uint64_t last_token;

static rj_status RJ_CALL publish(const rj_host *host, const char *topic, const char *json,
                                 size_t length)
{
    rj_wire_writer writer = {0};
    (void)host;
    if (!topic || !json)
        return RJ_E_INVALID;
    rj_wire_begin(&writer, RJ_WIRE_PUBLISH, 0);
    rj_wire_put_text(&writer, topic);
    rj_wire_put_bytes(&writer, json, length);
    return rj_uplink_call(&writer, NULL, NULL);
}

static rj_status RJ_CALL subscribe(const rj_host *host, const char *prefix,
                                   void(RJ_CALL *listener)(void *data, const char *topic,
                                                           const char *json, size_t length),
                                   void *data, uint64_t *ret_subscription)
{
    rj_wire_writer writer = {0};
    if (!rj_host_topic_is_good(prefix) || !listener || !ret_subscription ||
        !rj_host_on_loop(rj_host_instance(host), "event.subscribe"))
        return RJ_E_INVALID;
    for (size_t i = 0; i < sizeof subscriptions / sizeof subscriptions[0]; i++) {
        subscription *s = &subscriptions[i];
        if (s->token)
            continue;
        *s = (subscription){.token = ++last_token, .listener = listener, .data = data};
        rj_wire_begin(&writer, RJ_WIRE_SUBSCRIBE, s->token);
        rj_wire_put_text(&writer, prefix);
        rj_uplink_send(&writer);
        *ret_subscription = s->token;
        return RJ_OK;
    }
    return RJ_E_LIMIT;
}

static void RJ_CALL unsubscribe(const rj_host *host, uint64_t number)
{
    rj_wire_writer writer = {0};
    if (!number || !rj_host_on_loop(rj_host_instance(host), "event.unsubscribe"))
        return;
    for (size_t i = 0; i < sizeof subscriptions / sizeof subscriptions[0]; i++) {
        if (subscriptions[i].token != number)
            continue;
        subscriptions[i].token = 0;
        rj_wire_begin(&writer, RJ_WIRE_UNSUBSCRIBE, number);
        rj_uplink_send(&writer);
    }
}

void rj_worker_on_event(uint64_t token, rj_wire_reader *reader)
{
    size_t length = 0;
    const char *topic = rj_wire_get_text(reader);
    const char *json = rj_wire_get_bytes(reader, &length);
    for (size_t i = 0; token && i < sizeof subscriptions / sizeof subscriptions[0]; i++) {
        const subscription s = subscriptions[i];
        if (s.token == token && rj_wire_read_end(reader))
            s.listener(s.data, topic, json, length);
    }
}

const rj_host_event rj_worker_event_table = {.size = sizeof(rj_host_event),
                                             .minor = RJ_ABI_MINOR,
                                             .publish = publish,
                                             .subscribe = subscribe,
                                             .unsubscribe = unsubscribe};
