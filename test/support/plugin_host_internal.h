/* SPDX-License-Identifier: MIT */
/*
 * What the files of the plugin test host share: the host's state, its lock and its loop's wake-up.
 *
 * Everything below `lock` may be touched by the loop thread and by the lane.  Plugin functions are
 * never called with the lock held.
 */
#ifndef TEST_SUPPORT_PLUGIN_HOST_INTERNAL_H
#define TEST_SUPPORT_PLUGIN_HOST_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin_host.h"
#include "plugin_host_worker.h"

#define HOST_MAX_CHILDREN 16

typedef struct host_op {
    struct host_op *next;
    rj_op id;
    int64_t deadline; /* monotonic ms */
    bool cancel_asked;
    bool finished;
    bool abandoned;
    unsigned jobs;     /* queued or running on the lane */
    unsigned children; /* not yet reported */
    void(RJ_CALL *wake)(void *data);
    void *wake_data;
    rj_status status;
    char message[4096];
    char *result;
    unsigned progress_calls;
} host_op;

struct host_child;
struct host_waiter;
struct host_job;
struct host_notice;
struct host_timer;
struct host_subscription;

struct plugin_host {
    rj_host api; /* first: the plugin's pointer is ours */
    const rj_plugin_desc *desc;
    rj_plugin *plugin;
    const char *id;
    plugin_worker *worker; /* NULL: in-process */
    const char *refused;   /* service that is not granted, or NULL */
    char *config_json;
    char *kv_dir;

    pthread_t loop_thread;
    pthread_t lane_thread;
    struct host_waiter *waiter;

    pthread_mutex_t lock;
    pthread_cond_t lane_wakeup;
    bool lane_ends;
    struct host_job *lane_queue, *lane_running, *lane_done;
    struct host_notice *notices;
    host_op *ops;
    uint64_t last_id;
    struct host_child *children;
    struct host_timer *timers;
    struct host_subscription *subscriptions;
    char *log;
    size_t log_length;
    char misuse[8192];
};

int64_t host_now_ms(void);
/* Make the loop look again.  Any thread. */
void host_wake(plugin_host *host);
/* Note one misuse of the ABI.  Takes the lock. */
void host_misuse(plugin_host *host, const char *format, ...)
    __attribute__((format(__printf__, 2, 3)));
/* The op, or NULL.  The lock is held. */
host_op *host_find_op(plugin_host *host, rj_op id);
/* The same, and whether it should end early.  The lock is held. */
bool host_op_cancelled(const host_op *op);

/* plugin_host_op.c: ops. */
extern const rj_host_op host_op_table;
/* Fails the running test when out of memory. */
host_op *host_new_op(plugin_host *host, int64_t deadline_ms);
/* Tell plugins that asked for it about ops that should end.  Loop thread. */
void host_call_wakes(plugin_host *host);

/* plugin_host_spawn.c: children; plugin_host_spawn_posix.c, _win32.c: the loop's waiting. */
extern const rj_host_spawn host_spawn_table;
/* Fails the running test when the system cannot. */
struct host_waiter *host_waiter_new(void);
void host_waiter_free(struct host_waiter *waiter);
/* Until somebody wakes the loop, a child has something to say, or the time is up. */
void host_wait(plugin_host *host, int timeout_ms);
/* Without root's rights, or with them again; nothing on systems without root. */
void host_become(bool nobody);
/* Read output, apply time limits and cancellations, report the ended ones.  Loop thread. */
void host_children_tend(plugin_host *host);

/* plugin_host_services.c: log, config, kv, event, timer. */
extern const rj_host_log host_log_table;
extern const rj_host_config host_config_table;
extern const rj_host_kv host_kv_table;
extern const rj_host_event host_event_table;
extern const rj_host_timer host_timer_table;
/* Milliseconds until the next timer, or `limit`.  Loop thread. */
int host_timers_wait(plugin_host *host, int limit);
/* Fire what is due and deliver what was published.  Loop thread. */
void host_services_tend(plugin_host *host);
/* Free timers, subscriptions and notices, noting timers left running as misuse. */
void host_services_close(plugin_host *host);

#endif
