/* SPDX-License-Identifier: MIT */
/* What the files of the services share. */
#ifndef RJ_HOST_HOST_INTERNAL_H
#define RJ_HOST_HOST_INTERNAL_H

#include "host/host.h"
#include "runtime/rate.h"

#include <realmjoin/draft/secret.h>
#include <realmjoin/ui.h>

#define RJ_HOST_TIMERS_MAX 64u
#define RJ_HOST_SUBSCRIPTIONS_MAX 32u
#define RJ_HOST_TOPIC_MAX 128u

typedef struct rj_host_timer_slot {
    rj_instance *instance;
    uint32_t generation;
    rj_timer *timer; /* NULL: free */
    bool once;
    void(RJ_CALL *fire)(void *data);
    void *data;
} rj_host_timer_slot;

typedef struct rj_host_subscription {
    uint32_t generation;
    bool used;
    char prefix[RJ_HOST_TOPIC_MAX + 1];
    void(RJ_CALL *listener)(void *data, const char *topic, const char *json, size_t length);
    void *data;
} rj_host_subscription;

struct rj_host_child;

typedef struct rj_host_state {
    /* Arrays of the largest size, made when the first is wanted: most plugins want none.  [loop] */
    rj_host_timer_slot *timers;
    rj_host_subscription *subscriptions;
    rj_rate complaints;             /* guarded by the instance's lock */
    unsigned left_out;              /* the same */
    struct rj_host_child *children; /* guarded by the instance's lock */
    uint64_t last_child;            /* the same */
    unsigned child_count;           /* the same */
} rj_host_state;

/* The service tables. */
extern const rj_host_op rj_host_op_table;
extern const rj_host_exec rj_host_exec_table;
extern const rj_host_log rj_host_log_table;
extern const rj_host_config rj_host_config_table;
extern const rj_host_kv rj_host_kv_table;
extern const rj_host_event rj_host_event_table;
extern const rj_host_timer rj_host_timer_table;
extern const rj_host_spawn rj_host_spawn_table;
extern const rj_host_secret rj_host_secret_table;
extern const rj_host_ui rj_host_ui_table;

static inline rj_instance *rj_host_instance(const rj_host *host)
{
    return host->ctx;
}

bool rj_host_topic_is_good(const char *topic); /* dotted words */
/* A warning about what the plugin asked for; a plugin that asks again and again does not fill the log.
 * [any] */
void rj_host_complain(rj_instance *instance, const char *logger, const char *correlation,
                      const char *format, ...) __attribute__((format(__printf__, 4, 5)));
/* False, and reported as misbehaviour: a [loop] function was called from elsewhere. */
bool rj_host_on_loop(rj_instance *instance, const char *function);

#endif
