/* SPDX-License-Identifier: MIT */
/* What the files of the proxy share: proxy.c (the plugin's face), proxy_life.c (the process),
 * proxy_frames.c (what it tells), proxy_calls.c (what it asks), proxy_events.c (notices for it), proxy_view.c (what is
 * said of it). */
#ifndef RJ_RUNTIME_PROXY_INTERNAL_H
#define RJ_RUNTIME_PROXY_INTERNAL_H

#include "runtime/channel.h"
#include "runtime/proxy.h"
#include "runtime/rate.h"
#include "runtime/wire.h"

#define RJ_PROXY_TEXT 320
#define RJ_PROXY_SUBSCRIPTIONS 32u
#define RJ_PROXY_NOTICES 16u /* kept for a worker that is being started */
#define RJ_PROXY_NOTES 8u

typedef enum rj_proxy_state {
    PROXY_ASLEEP,
    PROXY_WAITING,
    PROXY_STARTING,
    PROXY_READY,
    PROXY_RETIRING,
    PROXY_DYING
} rj_proxy_state;

typedef enum rj_proxied_state { PROXIED_QUEUED, PROXIED_SENT, PROXIED_BEGUN } rj_proxied_state;

/* A question on its way. */
typedef struct rj_proxied_op {
    struct rj_proxied_op *next;
    rj_proxy *proxy;
    rj_op op;
    rj_wire_verb verb;
    rj_proxied_state state;
    char *argument; /* NULL once sent */
} rj_proxied_op;

/* A program the worker's plugin has started. */
typedef struct rj_proxied_child {
    struct rj_proxied_child *next;
    rj_proxy *proxy;
    uint64_t life;   /* of the worker that started it */
    uint64_t token;  /* the worker's number for it */
    uint64_t number; /* the host's */
} rj_proxied_child;

typedef struct rj_proxied_subscription {
    rj_proxy *proxy;
    char *prefix;    /* NULL: free */
    uint64_t number; /* the host's */
    uint64_t token;  /* the worker's; 0: its worker has ended, the next life may take it over */
} rj_proxied_subscription;

/* A notice for a worker that is not ready yet. */
typedef struct rj_proxied_notice {
    char *prefix;
    char *topic;
    char *json;
    size_t length;
} rj_proxied_notice;

struct rj_proxy {
    rj_proxy_options options;
    const rj_host_op *op;
    const rj_host_log *log;
    const rj_host_config *config;
    const rj_host_kv *kv;
    const rj_host_event *event;

    rj_proxy_state state;
    rj_timer
        *timer; /* for what the state waits for; there from the start, so that none is missing */
    rj_proxied_op *ops;
    rj_proxied_op **ops_end;
    rj_proxied_child *children;
    rj_proxied_subscription subscriptions[RJ_PROXY_SUBSCRIPTIONS];
    rj_proxied_notice notices[RJ_PROXY_NOTICES];
    size_t notice_count;
    bool stopping;
    bool telling_end; /* `ended` is being called: not to be destroyed from inside */
    rj_op stop_op;    /* 0: not to be answered */

    /* The present life. */
    uint64_t life; /* its number, counted from 1 */
    rj_worker_process *process;
    rj_channel *frames;
    rj_channel *calls;
    rj_watch *output;
    bool greeted;
    bool became_ready;
    bool stopped_well;
    bool retires; /* at the next moment without a question */
    unsigned busy;
    uint64_t active_ms; /* when something was last asked or answered */
    uint64_t dying_ms;
    bool killed; /* by us: `death` says why */
    rj_worker_end death_kind;
    char death[RJ_PROXY_TEXT];
    rj_rate frame_rate;
    rj_rate log_rate;
    rj_rate call_rate;
    rj_rate output_rate;
    unsigned log_dropped;
    char line[1024]; /* of output, so far */
    size_t line_length;
    unsigned lines;
    char last_line[200];
    char notes[RJ_PROXY_NOTES][160];
    size_t note_count;

    char last_end[RJ_PROXY_TEXT];
    uint64_t wait_until_ms;
};

/* proxy.c */
rj_proxied_op *rj_proxy_find(rj_proxy *proxy, rj_op op);
/* Takes the op off the list and frees it, then answers. */
void rj_proxy_finish(rj_proxied_op *op, rj_status status, const char *message);
void rj_proxy_lose(rj_proxied_op *op, rj_status status, const char *message);
/* Sends what is queued; READY only. */
void rj_proxy_send_queued(rj_proxy *proxy);
void rj_proxy_say(rj_proxy *proxy, int level, rj_op op, const char *format, ...)
    __attribute__((format(__printf__, 4, 5)));
void rj_proxy_misbehaved(rj_proxy *proxy, rj_op op, const char *text);

/* proxy_life.c */
rj_status rj_proxy_make_timer(rj_proxy *proxy, rj_error *err);
void rj_proxy_wake(rj_proxy *proxy);
/* The worker has said that it is ready, or that it is not. */
void rj_proxy_became_ready(rj_proxy *proxy);
void rj_proxy_begin_stop(rj_proxy *proxy);
void rj_proxy_end_now(rj_proxy *proxy);
void rj_proxy_check_retired(rj_proxy *proxy); /* a question or program has ended */
/* Makes and sends a frame to the worker; what goes wrong with that ends the worker. */
void rj_proxy_send(rj_proxy *proxy, rj_wire_writer *writer);

/* proxy_view.c: how it ended, to be read behind "its worker". */
void rj_proxy_describe_end(const rj_proxy *proxy, const rj_process_end *end, char *text,
                           size_t size);

/* proxy_frames.c */
void rj_proxy_on_frame(void *data, const rj_wire_frame *frame);

/* proxy_calls.c */
void rj_proxy_on_call(void *data, const rj_wire_frame *frame);
void rj_proxy_kill_child(rj_proxy *proxy, uint64_t token);
void rj_proxy_kill_children(rj_proxy *proxy);

/* proxy_events.c */
bool rj_proxy_subscribe(rj_proxy *proxy, uint64_t token, const char *prefix);
void rj_proxy_unsubscribe(rj_proxy *proxy, uint64_t token);
/* The worker is ready: it gets what was kept for it, and what it asked for no more is dropped. */
void rj_proxy_deliver_notices(rj_proxy *proxy);
void rj_proxy_drop_notices(rj_proxy *proxy);
void rj_proxy_forget_tokens(rj_proxy *proxy); /* its worker has ended */
void rj_proxy_drop_subscriptions(rj_proxy *proxy);

#endif
