/* SPDX-License-Identifier: MIT */
/* What op.c (table and answers), op_time.c (deadlines, cancelling), op_progress.c and op_work.c share. */
#ifndef RJ_RUNTIME_OP_INTERNAL_H
#define RJ_RUNTIME_OP_INTERNAL_H

#include "runtime/op.h"

#define WHAT_MAX 96
#define CORRELATION_MAX 48
#define PROGRESS_TEXT_MAX 200

typedef enum op_state {
    OP_FREE,
    OP_LIVE,
    OP_FINISHED, /* answer queued for the loop */
    OP_ENDING,   /* answer delivered; `done` of a job is still to be called */
    OP_ABANDONED /* answered by us; the plugin's own answer is still out */
} op_state;

/* op_secret.c */
typedef struct op_secret {
    struct op_secret *next;
    char *name;
    void *bytes; /* rj_secret_free() */
    size_t length;
    rj_attached_secret shown;
} op_secret;

/* All members are guarded by the table's lock but those marked [loop]. */
typedef struct op_slot {
    uint32_t index;
    uint32_t generation; /* of the present life, or of the last one while free */
    op_state state;
    rj_op_owner *owner;
    char what[WHAT_MAX];
    char correlation[CORRELATION_MAX];
    rj_question question; /* its correlation points to ours */
    void (*answered)(const rj_op_answer *answer);
    void *data;

    uint64_t deadline_ms; /* monotonic */
    uint64_t due_ms;      /* next thing to happen: deadline, or end of the grace time */
    bool deadline_passed;
    bool cancelled;
    bool tolerate_finish; /* the host answered although the plugin may, once, still do so */
    bool given_up;        /* the answer is our "abandoned" */
    void(RJ_CALL *wake)(void *data);
    void *wake_data;
    unsigned jobs; /* queued, running or not yet told */
    bool began;    /* a job has started or a child was added */
    rj_op_child *children;

    rj_status status;
    char *message; /* rj_free(); NULL: none */
    bool by_host;
    json_t *result;
    op_secret *attached; /* to the answer */
    op_secret *lent;     /* with the question; NULL: none */

    bool has_progress;
    int32_t permille;
    char progress_text[PROGRESS_TEXT_MAX];
    uint64_t progress_ms; /* when the last one was passed on */

    struct op_slot *next; /* in the list of free, or of finished ones */
} op_slot;

struct rj_ops {
    rj_loop *loop;
    uint64_t grace_ms;
    uv_mutex_t lock;
    op_slot **slots;
    uint32_t count;
    op_slot *free;
    op_slot **free_end; /* reused as late as possible, so that stale handles are recognised */
    uint32_t free_count;
    uint32_t live; /* LIVE and FINISHED */

    op_slot *finished;
    op_slot **finished_end;
    bool finish_posted;
    void (*delivered)(void *data); /* [loop] */
    void *delivered_data;
    rj_post finish_post;

    bool progress_posted; /* a post or the timer will look after it */
    rj_post progress_post;
    rj_timer *progress_timer; /* [loop] */

    uint64_t armed_ms; /* when `timer` fires; 0: not armed */
    rj_timer *timer;   /* [loop] one for all deadlines */
    bool wake_posted;  /* wakes to call for ops cancelled before on_cancel() */
    rj_post wake_post;
};

/* With the lock held: the slot in its present life, or NULL. */
op_slot *rj_op_find(rj_ops *ops, rj_op op);
rj_op rj_op_handle(const op_slot *slot);
/* With the lock held: queue the answer. */
void rj_op_queue_answer(rj_ops *ops, op_slot *slot, rj_status status, const char *message,
                        bool by_host);
/* With the lock held: its life is over. */
void rj_op_put_free(rj_ops *ops, op_slot *slot);
/* op_secret.c.  False: out of memory. */
bool rj_op_lend(op_slot *slot, const void *bytes, size_t length);
const rj_attached_secret *rj_op_show_secrets(op_slot *slot);
void rj_op_wipe_secrets(op_slot *slot);
/* op_time.c, with the lock held. */
void rj_op_arm(rj_ops *ops, uint64_t due_ms);
/* op_progress.c */
void rj_op_stop_progress(rj_ops *ops);
/* op_time.c, on the loop, without the lock. */
void rj_op_stop_timing(rj_ops *ops);
void rj_op_wake_cancelled(void *data);

#endif
