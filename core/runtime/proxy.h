/* SPDX-License-Identifier: MIT */
/*
 * A plugin that lives in a worker, in the shape of any other plugin.
 *
 *     runner --> tables of the proxy --> frames --> worker: the plugin's own tables
 *     host services <-- calls and frames <------------+
 *
 * The proxy uses the same rj_host as the plugin itself would in-process: grants, names, limits and the
 * op's exactly-one-answer are looked after by the same code for both.
 *
 *              a question          READY           no work for idle_ms
 *     asleep ------------> starting -----> ready ----------------------> retiring --> asleep
 *        ^ \--> waiting (back-off) --^       |  crash, hang, breach of the wire
 *        +------------------------------- dying (killed, until it is reaped)
 *
 * A question that was begun when its worker ends is answered "abandoned", one that had not begun
 * "not-started".  Loop thread only, but where said.
 */
#ifndef RJ_RUNTIME_PROXY_H
#define RJ_RUNTIME_PROXY_H

#include "platform/sandbox.h"
#include "platform/worker_process.h"
#include "runtime/loop.h"

#include <jansson.h>

typedef struct rj_proxy rj_proxy;

typedef enum rj_worker_end {
    RJ_WORKER_RETIRED, /* ended as asked */
    RJ_WORKER_CRASHED, /* by a signal, by its own exit, or killed for breaking the wire's rules */
    RJ_WORKER_HUNG,    /* killed because it did not answer */
    RJ_WORKER_DROPPED, /* killed by us for no fault of its own: no memory for what it says */
    RJ_WORKER_REFUSED  /* never became ready: create() failed, it offers other than its manifest */
} rj_worker_end;

typedef struct rj_proxy_options {
    rj_loop *loop;
    const rj_host *host;
    const char *id; /* borrowed for the life of the proxy, as all below */
    const char *version;
    const char *const *provides;
    const char *const *checks;  /* NULL: none */
    const char *const *formats; /* the same */
    const rj_sandbox *sandbox;
    uint64_t idle_ms;
    uint64_t start_ms; /* to be ready; 0: 10,000 */
    uint64_t grace_ms; /* for ending work when stopped */
    void *data;
    /* Make a process.  RJ_E_BUSY: only in *ret_wait_ms.  Any other failure: not now, and what is
     * asked is answered with its text. */
    rj_status (*start)(void *data, rj_worker_process **ret_process, uint64_t *ret_wait_ms,
                       rj_error *err);
    /* May be NULL.  `text` says how, for a person. */
    void (*ended)(void *data, rj_worker_end how, const char *text);
    /* May be NULL, then finish(): the answer to a question that its worker cannot give any more. */
    void (*lost)(void *data, rj_op op, rj_status status, const char *message);
    /* May be NULL, then a line in the log. */
    void (*misbehaved)(void *data, rj_op op, const char *text);
} rj_proxy_options;

/* Starts nothing. */
rj_status rj_proxy_new(const rj_proxy_options *options, rj_proxy **ret_proxy, rj_error *err);
/* query, stop and destroy of a plugin descriptor whose instance is `(rj_plugin *)proxy`. */
extern const rj_plugin_desc rj_proxy_desc;
/* End the worker at once; what it had begun is abandoned.  `text` goes behind "its worker ". */
void rj_proxy_kill(rj_proxy *proxy, rj_worker_end how, const char *text);
/* Answer what waits for a worker: not started, with this text. */
void rj_proxy_refuse_queued(rj_proxy *proxy, const char *text);
/* Is the question with it, so that it is answered, at the latest when the worker has ended? */
bool rj_proxy_will_answer(rj_proxy *proxy, rj_op op);
/* The same for a stop() that was not answered in time, whose op is over. */
void rj_proxy_give_up_stop(rj_proxy *proxy);
/* End the worker as soon as it is between two questions; a later one starts it anew. */
void rj_proxy_retire(rj_proxy *proxy);
bool rj_proxy_is_asleep(const rj_proxy *proxy); /* there is no worker, and none is wanted */
/* {"state","pid","memory_kb","cpu_ms","starts","last_end","downgrades",...} new reference; NULL: out
 * of memory. */
json_t *rj_proxy_describe(const rj_proxy *proxy);

#endif
