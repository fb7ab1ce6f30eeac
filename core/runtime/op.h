/* SPDX-License-Identifier: MIT */
/*
 * The op table: every question to a plugin is an op with a deadline and exactly one answer.
 *
 *     new -> live -> answered (slot free; its last life is remembered)
 *               \--> abandoned -> answered late by the plugin, logged (slot free)
 *
 * An answer is delivered on the loop, on a later turn than rj_op_new().  A handle is slot + generation:
 * a stale one is recognised, and what it was is still known for the log.
 */
#ifndef RJ_RUNTIME_OP_H
#define RJ_RUNTIME_OP_H

#include "runtime/lane.h"
#include "runtime/loop.h"
#include "runtime/runtime.h"

#include <stdatomic.h>
#include <uv.h>

#define RJ_OP_RESULT_MAX (1024u * 1024)
#define RJ_OP_ABANDONED_MAX 16u /* of one plugin; beyond that it is asked nothing more */

typedef struct rj_ops rj_ops;

/* Who answers: the part of a plugin instance that ops know. */
typedef struct rj_op_owner rj_op_owner;
struct rj_op_owner {
    const char *id;
    _Atomic(rj_lane *) lane; /* NULL: none yet */
    unsigned live;           /* ops given to it and not yet answered */
    unsigned abandoned;      /* given up, and not yet answered by the plugin */
    atomic_uint misbehaved;
    uv_mutex_t text_lock;
    char last_error[256]; /* guarded by text_lock */
    bool elsewhere;       /* its work runs in another process: that one sees when it is forgotten */
    /* In place of a line in the log, from any thread; NULL: the line. */
    void (*misbehaved_elsewhere)(rj_op_owner *owner, rj_op op, const char *text);
    /* On the loop, when one of its ops is to be given up: end what hangs, and see to it that the op is
     * answered, as begun or not.  NULL: nothing can be done, and it is abandoned. */
    void (*gave_up)(rj_op_owner *owner, rj_op op, const char *what);
};

rj_status rj_op_owner_init(rj_op_owner *owner, const char *id, rj_error *err);
void rj_op_owner_destroy(rj_op_owner *owner);
/* Log what a plugin did wrong, and remember it as its last error.  [any] */
void rj_op_misbehaved(rj_ops *ops, rj_op_owner *owner, rj_op op, const char *format, ...)
    __attribute__((format(__printf__, 4, 5)));

typedef struct rj_op_answer {
    rj_op op;
    rj_op_owner *owner; /* NULL: nobody was asked */
    rj_status status;
    const char *message;               /* as the plugin or host gave it; "" if none */
    bool by_host;                      /* the host answered in the plugin's place */
    json_t *result;                    /* borrowed; NULL if none */
    const rj_attached_secret *secrets; /* borrowed; NULL if none */
    const rj_question *question;
    void *data;
} rj_op_answer;

typedef struct rj_op_request {
    rj_op_owner *owner; /* NULL: nobody; the host will answer */
    const char *what;   /* "evaluate firewall"; copied */
    const rj_question *question;
    void (*answered)(const rj_op_answer *answer); /* [loop] */
    void *data;
} rj_op_request;

/* A child process or the like of an op, ended when the op is cancelled. */
typedef struct rj_op_child {
    struct rj_op_child *next;
    void (*cancel)(struct rj_op_child *child, bool deadline); /* [loop] */
} rj_op_child;

rj_status rj_ops_new(rj_loop *loop, uint64_t grace_ms, rj_ops **ret_ops, rj_error *err);
/* `delivered` is called on the loop whenever answers have been delivered. */
void rj_ops_on_delivered(rj_ops *ops, void (*delivered)(void *data), void *data);
/* Every op must have been answered; slots of abandoned ones are dropped. */
void rj_ops_free(rj_ops *ops);

/* Deliver what has been answered by now, instead of on a later turn; never from inside a plugin's call.
 * [loop] */
void rj_ops_deliver_now(rj_ops *ops);

/* ---- The asker's side [loop] ----------------------------------------------------------------- */

/* 0: out of memory, and `answered` will not be called. */
rj_op rj_op_new(rj_ops *ops, const rj_op_request *request);
/* The host's own answer, in place of the plugin's. */
void rj_op_answer_by_host(rj_ops *ops, rj_op op, rj_status status, const char *message);
/* An op under a handle made elsewhere, whose slot must be free here; otherwise as rj_op_new().  False:
 * out of memory, or the handle is taken. */
bool rj_op_adopt(rj_ops *ops, rj_op op, const rj_op_request *request);
/* Nobody can answer it any more; also for one that was given up already.  No misbehaviour. */
void rj_op_lose(rj_ops *ops, rj_op op, rj_status status, const char *message);
/* Ask for an early end, as if the deadline had passed. */
void rj_op_expire(rj_ops *ops, rj_op op);
/* Ask for an early end. */
void rj_op_cancel(rj_ops *ops, rj_op op);
/* Cancel all ops of the owner (NULL: of everybody), and end their deadlines now. */
void rj_ops_cancel_all(rj_ops *ops, const rj_op_owner *owner);
unsigned rj_ops_live(rj_ops *ops);
unsigned rj_op_owner_live(rj_ops *ops, const rj_op_owner *owner);
unsigned rj_op_owner_abandoned(rj_ops *ops, const rj_op_owner *owner);
/* One text for each op that is not over, appended to the array. */
bool rj_ops_list(rj_ops *ops, json_t *list);

/* A program of the op wrote this.  [loop] */
void rj_op_wrote(rj_ops *ops, rj_op op, const char *bytes, size_t length);

/* ---- The plugin's side [any] ----------------------------------------------------------------- */

void rj_op_progress(rj_ops *ops, rj_op op, int32_t permille, const char *text);
rj_status rj_op_set_result(rj_ops *ops, rj_op_owner *owner, rj_op op, const char *json,
                           size_t length);
void rj_op_finish(rj_ops *ops, rj_op_owner *owner, rj_op op, rj_status status, const char *message);
bool rj_op_cancelled(rj_ops *ops, rj_op op);
int64_t rj_op_remaining_ms(rj_ops *ops, rj_op op);
rj_status rj_op_on_cancel(rj_ops *ops, rj_op op, void(RJ_CALL *wake)(void *data), void *data);
/* Copies; "-" if there is none or the op is long gone. */
void rj_op_correlation(rj_ops *ops, rj_op op, char *target, size_t size);

/* ---- Jobs and children of an op -------------------------------------------------------------- */

/* [any] RJ_E_NOT_FOUND: the op is over.  *ret_late: it was cancelled before, so the job puts things
 * back and is run all the same. */
rj_status rj_op_add_job(rj_ops *ops, rj_op op, bool *ret_late);
void rj_op_remove_job(rj_ops *ops, rj_op op); /* [any] it was never queued */
/* [lane] false: it must not start */
bool rj_op_begin_job(rj_ops *ops, rj_op op, bool late);
/* [loop] After `done` has returned: reports an op that ended its work without an answer. */
void rj_op_end_job(rj_ops *ops, rj_op_owner *owner, rj_op op, bool started);
rj_status rj_op_add_child(rj_ops *ops, rj_op op, rj_op_child *child);
void rj_op_remove_child(rj_ops *ops, rj_op_owner *owner, rj_op op, rj_op_child *child); /* [loop] */
void rj_op_undo_child(rj_ops *ops, rj_op op, rj_op_child *child); /* [any] it was never started */

#endif
