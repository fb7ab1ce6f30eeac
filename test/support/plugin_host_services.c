/* SPDX-License-Identifier: MIT */
/*
 * The plugin test host's small services: log, config, kv, event and timer.
 *
 * Values of kv are files below the scratch folder, so that a second host on the same scratch folder
 * sees what the first one stored.  Events go to the plugin's own subscriptions.
 * Failure modes: loop-only members called from the lane are noted as misuse.
 */
#include "plugin_host_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "test_files.h"

#define KV_VALUE_LIMIT ((size_t)64 * 1024)
#define TIMER_LIMIT 64
#define SUBSCRIPTION_LIMIT 32

struct host_timer {
    struct host_timer *next;
    uint64_t id;
    int64_t due;
    uint64_t period_ms;
    void(RJ_CALL *fire)(void *data);
    void *data;
};

struct host_subscription {
    struct host_subscription *next;
    uint64_t id;
    char *prefix;
    void(RJ_CALL *listener)(void *data, const char *topic, const char *json, size_t length);
    void *data;
};

struct host_notice {
    struct host_notice *next;
    char *topic;
    char *json;
    size_t length;
};

static plugin_host *on_loop(const rj_host *api, const char *what)
{
    plugin_host *host = (plugin_host *)api->ctx;

    if (!pthread_equal(pthread_self(), host->loop_thread))
        host_misuse(host, "%s called outside the loop thread", what);
    return host;
}

/* ---- Log ------------------------------------------------------------------------------------- */

static const char worker_printed[] = "its worker printed: ";

static void RJ_CALL log_write(const rj_host *api, int32_t level, rj_op op, const char *text)
{
    plugin_host *host = (plugin_host *)api->ctx;
    char *line = NULL;
    char *grown;
    int length = asprintf(&line, "%d %llu %s\n", (int)level, (unsigned long long)op, text);

    if (strncmp(text, worker_printed, sizeof worker_printed - 1) == 0)
        host_misuse(host, "%s", text); /* nobody prints there but a sanitizer */
    if (level < RJ_LOG_ERROR || level > RJ_LOG_DEBUG)
        host_misuse(host, "log level %d does not exist", (int)level);
    if (length < 0)
        return;
    pthread_mutex_lock(&host->lock);
    grown = realloc(host->log, host->log_length + (size_t)length + 1);
    if (grown) {
        memcpy(grown + host->log_length, line, (size_t)length + 1);
        host->log = grown;
        host->log_length += (size_t)length;
    }
    pthread_mutex_unlock(&host->lock);
    free(line);
}

const rj_host_log host_log_table = {sizeof(rj_host_log), RJ_ABI_MINOR, log_write};

/* ---- Config ---------------------------------------------------------------------------------- */

static rj_status RJ_CALL config_read(const rj_host *api, rj_sink sink, void *data)
{
    const plugin_host *host = (const plugin_host *)api->ctx;

    sink(data, host->config_json, strlen(host->config_json));
    return RJ_OK;
}

const rj_host_config host_config_table = {sizeof(rj_host_config), RJ_ABI_MINOR, config_read};

/* ---- Kv -------------------------------------------------------------------------------------- */

static char *kv_path(const plugin_host *host, const char *key)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    size_t length = strlen(key);
    char *path = NULL;

    if (length < 1 || length > 128 || strspn(key, allowed) != length)
        return NULL;
    /* the prefix keeps "." and ".." from being folders */
    return asprintf(&path, "%s/k%s", host->kv_dir, key) < 0 ? NULL : path;
}

static rj_status RJ_CALL kv_get(const rj_host *api, const char *key, rj_sink sink, void *data)
{
    const plugin_host *host = (const plugin_host *)api->ctx;
    char *path = kv_path(host, key);
    size_t length = 0;
    char *bytes;

    if (!path)
        return RJ_E_INVALID;
    bytes = test_file_read(path, &length);
    free(path);
    if (!bytes)
        return RJ_E_NOT_FOUND;
    sink(data, bytes, length);
    free(bytes);
    return RJ_OK;
}

static rj_status RJ_CALL kv_set(const rj_host *api, const char *key, const void *bytes,
                                size_t length)
{
    const plugin_host *host = (const plugin_host *)api->ctx;
    char *path = kv_path(host, key);

    if (!path)
        return RJ_E_INVALID;
    if (length > KV_VALUE_LIMIT) {
        free(path);
        return RJ_E_LIMIT;
    }
    test_file_write(path, bytes, length);
    free(path);
    return RJ_OK;
}

static rj_status RJ_CALL kv_remove(const rj_host *api, const char *key)
{
    char *path = kv_path((const plugin_host *)api->ctx, key);

    if (!path)
        return RJ_E_INVALID;
    test_file_remove(path);
    free(path);
    return RJ_OK;
}

const rj_host_kv host_kv_table = {sizeof(rj_host_kv), RJ_ABI_MINOR, kv_get, kv_set, kv_remove};

/* ---- Event ----------------------------------------------------------------------------------- */

static bool is_at_or_below(const char *topic, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(topic, prefix, length) == 0 && (topic[length] == '\0' || topic[length] == '.');
}

static void free_notice(struct host_notice *notice)
{
    if (!notice)
        return;
    free(notice->topic);
    free(notice->json);
    free(notice);
}

static rj_status RJ_CALL event_publish(const rj_host *api, const char *topic, const char *json,
                                       size_t length)
{
    plugin_host *host = (plugin_host *)api->ctx;
    struct host_notice *notice, **end;
    json_t *parsed;

    if (!is_at_or_below(topic, host->id))
        return RJ_E_DENIED;
    parsed = json_loadb(json, length, JSON_DECODE_ANY, NULL);
    if (!parsed) {
        host_misuse(host, "event %s: not JSON", topic);
        return RJ_E_INVALID;
    }
    json_decref(parsed);
    notice = calloc(1, sizeof *notice);
    if (notice) {
        notice->topic = strdup(topic);
        notice->json = malloc(length + 1);
        if (notice->json) {
            memcpy(notice->json, json, length);
            notice->json[length] = '\0';
        }
        notice->length = length;
    }
    if (!notice || !notice->topic || !notice->json) {
        free_notice(notice);
        return RJ_E_NO_MEMORY;
    }
    pthread_mutex_lock(&host->lock);
    for (end = &host->notices; *end; end = &(*end)->next)
        continue;
    *end = notice;
    pthread_mutex_unlock(&host->lock);
    host_wake(host);
    return RJ_OK;
}

static rj_status RJ_CALL event_subscribe(const rj_host *api, const char *prefix,
                                         void(RJ_CALL *listener)(void *data, const char *topic,
                                                                 const char *json, size_t length),
                                         void *data, uint64_t *ret_subscription)
{
    plugin_host *host = on_loop(api, "event.subscribe");
    struct host_subscription *subscription;
    unsigned count = 0;

    for (subscription = host->subscriptions; subscription; subscription = subscription->next)
        count++;
    if (count >= SUBSCRIPTION_LIMIT)
        return RJ_E_LIMIT;
    subscription = calloc(1, sizeof *subscription);
    if (!subscription)
        return RJ_E_NO_MEMORY;
    subscription->prefix = strdup(prefix);
    if (!subscription->prefix) {
        free(subscription);
        return RJ_E_NO_MEMORY;
    }
    pthread_mutex_lock(&host->lock);
    subscription->id = ++host->last_id;
    pthread_mutex_unlock(&host->lock);
    subscription->listener = listener;
    subscription->data = data;
    subscription->next = host->subscriptions;
    host->subscriptions = subscription;
    *ret_subscription = subscription->id;
    return RJ_OK;
}

static void RJ_CALL event_unsubscribe(const rj_host *api, uint64_t id)
{
    plugin_host *host = on_loop(api, "event.unsubscribe");

    for (struct host_subscription **link = &host->subscriptions; *link; link = &(*link)->next) {
        struct host_subscription *found = *link;

        if (found->id != id)
            continue;
        *link = found->next;
        free(found->prefix);
        free(found);
        return;
    }
}

const rj_host_event host_event_table = {sizeof(rj_host_event), RJ_ABI_MINOR, event_publish,
                                        event_subscribe, event_unsubscribe};

/* Listeners may subscribe and unsubscribe: look each one up again by its number, which only grows
 * towards the head of the list. */
static void deliver(plugin_host *host, const struct host_notice *notice)
{
    uint64_t before = UINT64_MAX;

    for (;;) {
        const struct host_subscription *next = host->subscriptions;

        while (next && next->id >= before)
            next = next->next;
        if (!next)
            return;
        before = next->id;
        if (is_at_or_below(notice->topic, next->prefix))
            next->listener(next->data, notice->topic, notice->json, notice->length);
    }
}

/* ---- Timer ----------------------------------------------------------------------------------- */

static rj_status RJ_CALL timer_start(const rj_host *api, uint64_t delay_ms, uint64_t period_ms,
                                     void(RJ_CALL *fire)(void *data), void *data,
                                     uint64_t *ret_timer)
{
    plugin_host *host = on_loop(api, "timer.start");
    struct host_timer *timer;
    unsigned count = 0;

    for (timer = host->timers; timer; timer = timer->next)
        count++;
    if (count >= TIMER_LIMIT)
        return RJ_E_LIMIT;
    timer = calloc(1, sizeof *timer);
    if (!timer)
        return RJ_E_NO_MEMORY;
    pthread_mutex_lock(&host->lock);
    timer->id = ++host->last_id;
    pthread_mutex_unlock(&host->lock);
    timer->due = host_now_ms() + (int64_t)delay_ms;
    timer->period_ms = period_ms;
    timer->fire = fire;
    timer->data = data;
    timer->next = host->timers;
    host->timers = timer;
    *ret_timer = timer->id;
    return RJ_OK;
}

static void RJ_CALL timer_stop(const rj_host *api, uint64_t id)
{
    plugin_host *host = on_loop(api, "timer.stop");

    for (struct host_timer **link = &host->timers; *link; link = &(*link)->next) {
        struct host_timer *found = *link;

        if (found->id != id)
            continue;
        *link = found->next;
        free(found);
        return;
    }
}

const rj_host_timer host_timer_table = {sizeof(rj_host_timer), RJ_ABI_MINOR, timer_start,
                                        timer_stop};

static struct host_timer *first_due(plugin_host *host)
{
    struct host_timer *first = host->timers;

    for (struct host_timer *timer = host->timers; timer; timer = timer->next)
        if (timer->due < first->due)
            first = timer;
    return first;
}

int host_timers_wait(plugin_host *host, int limit)
{
    const struct host_timer *first = first_due(host);
    int64_t wait;

    if (!first)
        return limit;
    wait = first->due - host_now_ms();
    return wait < 0 ? 0 : wait < limit ? (int)wait : limit;
}

/* ---- The loop's part ------------------------------------------------------------------------- */

void host_services_tend(plugin_host *host)
{
    int64_t now = host_now_ms();
    struct host_notice *notice;

    for (;;) {
        struct host_timer *timer = first_due(host);
        void(RJ_CALL * fire)(void *data);
        void *data;

        if (!timer || timer->due > now)
            break;
        fire = timer->fire;
        data = timer->data;
        if (timer->period_ms)
            timer->due = now + (int64_t)timer->period_ms;
        else
            timer_stop(&host->api, timer->id);
        fire(data);
    }
    for (;;) {
        pthread_mutex_lock(&host->lock);
        notice = host->notices;
        if (notice)
            host->notices = notice->next;
        pthread_mutex_unlock(&host->lock);
        if (!notice)
            return;
        deliver(host, notice);
        free_notice(notice);
    }
}

void host_services_close(plugin_host *host)
{
    while (host->timers) {
        host_misuse(host, "a timer was left running at close");
        timer_stop(&host->api, host->timers->id);
    }
    while (host->subscriptions) {
        host_misuse(host, "a subscription was left at close");
        event_unsubscribe(&host->api, host->subscriptions->id);
    }
    while (host->notices) {
        struct host_notice *notice = host->notices;

        host->notices = notice->next;
        free_notice(notice);
    }
}
