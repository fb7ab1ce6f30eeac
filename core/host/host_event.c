/* SPDX-License-Identifier: MIT */
/* "rj.host.event/1", and the queue that brings notices of the core and of plugins to subscribers. */
#include "host_internal.h"

#include "base/alloc.h"
#include "base/json_scan.h"

#include <string.h>

#define WAITING_MAX 1024u
#define NOTICE_MAX (64u * 1024)

struct rj_event_queue {
    rj_runtime *runtime;
    atomic_uint waiting;
};

typedef struct notice {
    rj_post post;
    rj_event_queue *queue;
    rj_instance *only;
    char *topic;
    char *json; /* NUL-terminated */
    size_t length;
} notice;

/* ---- The queue ------------------------------------------------------------------------------- */

rj_status rj_event_queue_new(rj_runtime *runtime, rj_event_queue **ret_queue, rj_error *err)
{
    rj_event_queue *queue = rj_calloc(1, sizeof *queue);
    if (!queue)
        return rj_fail_memory(err, "making the queue of notices");
    queue->runtime = runtime;
    *ret_queue = queue;
    return RJ_OK;
}

void rj_event_queue_free(rj_event_queue *queue)
{
    if (!queue)
        return;
    queue->runtime = NULL; /* the last notice on its way frees what it belongs to */
    if (atomic_load(&queue->waiting) == 0)
        rj_free(queue);
}

static bool is_below(const char *topic, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(topic, prefix, length) == 0 && (!topic[length] || topic[length] == '.');
}

/* A listener may subscribe and unsubscribe: each entry is looked at when its turn comes. */
static void tell_instance(rj_instance *instance, const notice *n)
{
    const rj_host_state *state = instance->services;
    for (size_t i = 0; state && state->subscriptions && i < RJ_HOST_SUBSCRIPTIONS_MAX; i++) {
        const rj_host_subscription *s = &state->subscriptions[i];
        if (s->used && is_below(n->topic, s->prefix))
            s->listener(s->data, n->topic, n->json, n->length);
    }
}

static void free_notice(notice *n)
{
    rj_free(n->topic);
    rj_free(n->json);
    rj_free(n);
}

static void deliver(void *data)
{
    notice *n = data;
    rj_runtime *runtime = n->queue->runtime;
    bool last = atomic_fetch_sub(&n->queue->waiting, 1) == 1;
    if (!runtime) {
        if (last)
            rj_free(n->queue);
        free_notice(n);
        return;
    }
    for (size_t i = 0; i < runtime->instance_count; i++)
        if (!n->only || n->only == runtime->instances[i])
            tell_instance(runtime->instances[i], n);
    free_notice(n);
}

rj_status rj_event_queue_put(rj_event_queue *queue, rj_instance *only, const char *topic,
                             const char *json, size_t length)
{
    if (atomic_fetch_add(&queue->waiting, 1) >= WAITING_MAX) {
        atomic_fetch_sub(&queue->waiting, 1);
        return RJ_E_BUSY;
    }
    notice *n = rj_calloc(1, sizeof *n);
    if (n) {
        n->queue = queue;
        n->only = only;
        n->topic = rj_strdup(topic);
        n->json = rj_strndup(json, length);
        n->length = length;
    }
    if (!n || !n->topic || !n->json) {
        atomic_fetch_sub(&queue->waiting, 1);
        if (n)
            free_notice(n);
        return RJ_E_NO_MEMORY;
    }
    rj_loop_post(queue->runtime->options.loop, &n->post, deliver, n);
    return RJ_OK;
}

/* ---- The service ----------------------------------------------------------------------------- */

/* Dotted words. */
bool rj_host_topic_is_good(const char *topic)
{
    size_t length = topic ? strnlen(topic, RJ_HOST_TOPIC_MAX + 1) : 0;
    if (!length || length > RJ_HOST_TOPIC_MAX || topic[0] == '.' || topic[length - 1] == '.')
        return false;
    return strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               length &&
           !strstr(topic, "..");
}

static rj_status RJ_CALL publish(const rj_host *host, const char *topic, const char *json,
                                 size_t length)
{
    static const rj_json_limits limits = {.max_bytes = NOTICE_MAX, .max_depth = 32};
    rj_instance *instance = rj_host_instance(host);
    if (!rj_host_topic_is_good(topic) || !json)
        return RJ_E_INVALID;
    if (!is_below(topic, instance->id) || is_below(topic, "host"))
        return RJ_E_DENIED;
    if (length > NOTICE_MAX)
        return RJ_E_LIMIT;
    rj_status status = rj_json_scan("notice", json, length, &limits, NULL);
    if (status)
        return status;
    return rj_event_queue_put(instance->runtime->events, NULL, topic, json, length);
}

static rj_status RJ_CALL subscribe(const rj_host *host, const char *prefix,
                                   void(RJ_CALL *listener)(void *data, const char *topic,
                                                           const char *json, size_t length),
                                   void *data, uint64_t *ret_subscription)
{
    rj_instance *instance = rj_host_instance(host);
    if (!rj_host_topic_is_good(prefix) || !listener || !ret_subscription ||
        !rj_host_on_loop(instance, "event.subscribe"))
        return RJ_E_INVALID;
    rj_host_state *state = instance->services;
    if (!state->subscriptions)
        state->subscriptions = rj_calloc(RJ_HOST_SUBSCRIPTIONS_MAX, sizeof *state->subscriptions);
    if (!state->subscriptions)
        return RJ_E_NO_MEMORY;
    for (uint32_t i = 0; i < RJ_HOST_SUBSCRIPTIONS_MAX; i++) {
        rj_host_subscription *s = &state->subscriptions[i];
        if (s->used)
            continue;
        s->used = true;
        s->generation++;
        memcpy(s->prefix, prefix, strlen(prefix) + 1);
        s->listener = listener;
        s->data = data;
        *ret_subscription = (uint64_t)s->generation << 32 | i;
        return RJ_OK;
    }
    return RJ_E_LIMIT;
}

static void RJ_CALL unsubscribe(const rj_host *host, uint64_t subscription)
{
    rj_instance *instance = rj_host_instance(host);
    uint32_t index = (uint32_t)subscription;
    if (index >= RJ_HOST_SUBSCRIPTIONS_MAX || !rj_host_on_loop(instance, "event.unsubscribe") ||
        !instance->services->subscriptions)
        return;
    rj_host_subscription *s = &instance->services->subscriptions[index];
    if (s->generation == (uint32_t)(subscription >> 32))
        s->used = false;
}

const rj_host_event rj_host_event_table = {.size = sizeof(rj_host_event),
                                           .minor = RJ_ABI_MINOR,
                                           .publish = publish,
                                           .subscribe = subscribe,
                                           .unsubscribe = unsubscribe};
