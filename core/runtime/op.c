/* SPDX-License-Identifier: MIT */
/*
 * The op table and its answers.
 *
 * Slots are allocated one by one and never move; a reserve is made at the start, so that running out
 * of memory rarely costs an answer.  finish() only queues: the loop delivers on its next turn, which
 * makes answers neither re-entrant nor dependent on the thread that gave them.
 */
#include "op_internal.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

#define RESERVE 32u
#define SLOTS_MAX 65536u
#define MESSAGE_MAX 4096u
#define RESULT_DEPTH 64u

/* ---- Owners ---------------------------------------------------------------------------------- */

rj_status rj_op_owner_init(rj_op_owner *owner, const char *id, rj_error *err)
{
    memset(owner, 0, sizeof *owner);
    owner->id = id;
    if (uv_mutex_init(&owner->text_lock))
        return rj_fail_memory(err, "making a plugin instance");
    return RJ_OK;
}

void rj_op_owner_destroy(rj_op_owner *owner)
{
    uv_mutex_destroy(&owner->text_lock);
}

void rj_op_misbehaved(rj_ops *ops, rj_op_owner *owner, rj_op op, const char *format, ...)
{
    char text[512];
    char correlation[CORRELATION_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rj_op_correlation(ops, op, correlation, sizeof correlation);
    atomic_fetch_add(&owner->misbehaved, 1);
    uv_mutex_lock(&owner->text_lock);
    rj_text_to_line(owner->last_error, sizeof owner->last_error, text, strlen(text));
    uv_mutex_unlock(&owner->text_lock);
    if (owner->misbehaved_elsewhere) {
        owner->misbehaved_elsewhere(owner, op, text);
        return;
    }
    char logger[96];
    snprintf(logger, sizeof logger, "plugin.%s", owner->id);
    rj_log(RJ_LOG_WARNING, logger, correlation, "misbehaviour: %s", text);
}

/* ---- Slots ----------------------------------------------------------------------------------- */

rj_op rj_op_handle(const op_slot *slot)
{
    return (rj_op)slot->generation << 32 | slot->index;
}

op_slot *rj_op_find(rj_ops *ops, rj_op op)
{
    uint32_t index = (uint32_t)op;
    if (index >= ops->count)
        return NULL;
    op_slot *slot = ops->slots[index];
    return slot->state != OP_FREE && slot->generation == (uint32_t)(op >> 32) ? slot : NULL;
}

void rj_op_put_free(rj_ops *ops, op_slot *slot)
{
    slot->state = OP_FREE;
    slot->next = NULL;
    *ops->free_end = slot;
    ops->free_end = &slot->next;
    ops->free_count++;
}

static bool add_slot(rj_ops *ops)
{
    if (ops->count == SLOTS_MAX)
        return false;
    if ((ops->count & (ops->count - 1)) == 0) { /* a power of two: the array is full */
        size_t capacity = ops->count ? (size_t)ops->count * 2 : 1;
        op_slot **slots = rj_realloc_array(ops->slots, capacity, sizeof *slots);
        if (!slots)
            return false;
        ops->slots = slots;
    }
    op_slot *slot = rj_calloc(1, sizeof *slot);
    if (!slot)
        return false;
    slot->index = ops->count;
    ops->slots[ops->count++] = slot;
    rj_op_put_free(ops, slot);
    return true;
}

static void renew(op_slot *slot, uint32_t generation)
{
    uint32_t index = slot->index;
    memset(slot, 0, sizeof *slot);
    slot->index = index;
    slot->generation = generation;
}

/* Ready for a new life, its last one forgotten. */
static op_slot *take_slot(rj_ops *ops)
{
    while (ops->free_count < RESERVE && add_slot(ops))
        ;
    op_slot *slot = ops->free;
    if (!slot)
        return NULL;
    ops->free = slot->next;
    if (!ops->free)
        ops->free_end = &ops->free;
    ops->free_count--;
    renew(slot, slot->generation + 1 ? slot->generation + 1 : 1); /* a handle is never 0 */
    return slot;
}

/* The chosen one instead of the first. */
static void take_off_free(rj_ops *ops, const op_slot *slot)
{
    op_slot **at = &ops->free;
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    if (ops->free_end == &slot->next)
        ops->free_end = at;
    ops->free_count--;
}

rj_status rj_ops_new(rj_loop *loop, uint64_t grace_ms, rj_ops **ret_ops, rj_error *err)
{
    rj_ops *ops = rj_calloc(1, sizeof *ops);
    if (!ops)
        return rj_fail_memory(err, "making the op table");
    if (uv_mutex_init(&ops->lock)) {
        rj_free(ops);
        return rj_fail_memory(err, "making the op table");
    }
    ops->loop = loop;
    ops->grace_ms = grace_ms;
    ops->free_end = &ops->free;
    ops->finished_end = &ops->finished;
    while (ops->count < RESERVE) {
        if (!add_slot(ops)) {
            rj_ops_free(ops);
            return rj_fail_memory(err, "making the op table");
        }
    }
    *ret_ops = ops;
    return RJ_OK;
}

void rj_ops_free(rj_ops *ops)
{
    if (!ops)
        return;
    rj_op_stop_timing(ops);
    rj_op_stop_progress(ops);
    for (uint32_t i = 0; i < ops->count; i++) {
        rj_free(ops->slots[i]->message);
        json_decref(ops->slots[i]->result);
        rj_op_wipe_secrets(ops->slots[i]);
        rj_free(ops->slots[i]);
    }
    rj_free(ops->slots);
    uv_mutex_destroy(&ops->lock);
    rj_free(ops);
}

/* With the lock held.  False: out of memory, and the slot is free again. */
static bool begin_life(rj_ops *ops, op_slot *slot, const rj_op_request *request)
{
    if (!rj_op_lend(slot, request->question->secret, request->question->secret_length)) {
        rj_op_put_free(ops, slot);
        return false;
    }
    int64_t wait_ms = request->question->deadline_ms > 0 ? request->question->deadline_ms : 0;
    slot->state = OP_LIVE;
    slot->owner = request->owner;
    slot->question = *request->question;
    slot->question.secret = NULL; /* ours is the copy */
    slot->answered = request->answered;
    slot->data = request->data;
    slot->permille = -1;
    snprintf(slot->what, sizeof slot->what, "%s", request->what);
    const char *correlation = request->question->correlation;
    snprintf(slot->correlation, sizeof slot->correlation, "%s",
             correlation && *correlation ? correlation : "-");
    slot->question.correlation = slot->correlation;
    slot->deadline_ms = rj_clock_monotonic_ms() + (uint64_t)wait_ms;
    slot->due_ms = slot->deadline_ms;
    ops->live++;
    if (slot->owner)
        slot->owner->live++;
    rj_op_arm(ops, slot->due_ms);
    return true;
}

rj_op rj_op_new(rj_ops *ops, const rj_op_request *request)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = take_slot(ops);
    if (slot && !begin_life(ops, slot, request))
        slot = NULL;
    rj_op op = slot ? rj_op_handle(slot) : 0;
    uv_mutex_unlock(&ops->lock);
    return op;
}

bool rj_op_adopt(rj_ops *ops, rj_op op, const rj_op_request *request)
{
    uint32_t index = (uint32_t)op;
    uint32_t generation = (uint32_t)(op >> 32);
    uv_mutex_lock(&ops->lock);
    while (index < SLOTS_MAX && index >= ops->count && add_slot(ops))
        ;
    op_slot *slot = index < ops->count ? ops->slots[index] : NULL;
    bool free = slot && slot->state == OP_FREE && generation;
    if (free) {
        take_off_free(ops, slot);
        renew(slot, generation);
        free = begin_life(ops, slot, request);
    }
    uv_mutex_unlock(&ops->lock);
    return free;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void drop_answer(op_slot *slot)
{
    rj_free(slot->message);
    json_decref(slot->result);
    slot->message = NULL;
    slot->result = NULL;
}

static void deliver(rj_ops *ops, op_slot *slot)
{
    rj_op_answer answer = {.op = rj_op_handle(slot),
                           .owner = slot->owner,
                           .status = slot->status,
                           .message = slot->message ? slot->message : "",
                           .by_host = slot->by_host,
                           .result = slot->result,
                           .secrets = slot->status ? NULL : rj_op_show_secrets(slot),
                           .question = &slot->question,
                           .data = slot->data};
    void (*answered)(const rj_op_answer *) = slot->answered;
    answered(&answer);

    for (rj_op_child *child = slot->children; child;) { /* nothing outlives its op */
        rj_op_child *next = child->next;
        child->cancel(child, false);
        child = next;
    }
    uv_mutex_lock(&ops->lock);
    ops->live--;
    if (slot->owner)
        slot->owner->live--;
    drop_answer(slot);
    rj_op_wipe_secrets(slot);
    if (slot->given_up) {
        slot->state = OP_ABANDONED;
        slot->owner->abandoned++;
    } else if (slot->jobs) {
        slot->state = OP_ENDING;
    } else {
        rj_op_put_free(ops, slot);
    }
    uv_mutex_unlock(&ops->lock);
}

/* What is answered by now. */
static void deliver_finished(rj_ops *ops)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = ops->finished;
    ops->finished = NULL;
    ops->finished_end = &ops->finished;
    uv_mutex_unlock(&ops->lock);
    while (slot) {
        op_slot *next = slot->next;
        deliver(ops, slot);
        slot = next;
    }
}

void rj_ops_deliver_now(rj_ops *ops)
{
    deliver_finished(ops); /* what was posted for it finds nothing left */
}

static void deliver_all(void *data)
{
    rj_ops *ops = data;
    uv_mutex_lock(&ops->lock);
    ops->finish_posted = false;
    uv_mutex_unlock(&ops->lock);
    deliver_finished(ops);
    if (ops->live == 0)
        rj_op_stop_timing(ops);
    if (ops->delivered)
        ops->delivered(ops->delivered_data);
}

void rj_ops_on_delivered(rj_ops *ops, void (*delivered)(void *data), void *data)
{
    ops->delivered = delivered;
    ops->delivered_data = data;
}

void rj_op_queue_answer(rj_ops *ops, op_slot *slot, rj_status status, const char *message,
                        bool by_host)
{
    size_t length = message ? strnlen(message, MESSAGE_MAX) : 0;
    slot->state = OP_FINISHED;
    slot->status = status;
    slot->by_host = by_host;
    slot->wake = NULL;
    slot->has_progress = false;
    if (length && !(slot->message = rj_strndup(message, length)) && status == RJ_OK)
        slot->status = RJ_E_NO_MEMORY;
    slot->next = NULL;
    *ops->finished_end = slot;
    ops->finished_end = &slot->next;
    if (!ops->finish_posted) {
        ops->finish_posted = true;
        rj_loop_post(ops->loop, &ops->finish_post, deliver_all, ops);
    }
}

void rj_op_answer_by_host(rj_ops *ops, rj_op op, rj_status status, const char *message)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    if (slot && slot->state == OP_LIVE)
        rj_op_queue_answer(ops, slot, status, message, true);
    uv_mutex_unlock(&ops->lock);
}

void rj_op_lose(rj_ops *ops, rj_op op, rj_status status, const char *message)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    if (slot && slot->state == OP_LIVE) {
        rj_op_queue_answer(ops, slot, status, message, true);
    } else if (slot && slot->given_up) {
        slot->given_up = false;
        if (slot->state == OP_ABANDONED) {
            slot->owner->abandoned--;
            rj_op_put_free(ops, slot);
        }
    }
    uv_mutex_unlock(&ops->lock);
}

typedef enum finish_kind { FINISH_GOOD, FINISH_TWICE, FINISH_LATE, FINISH_UNKNOWN } finish_kind;

static finish_kind take_finish(rj_ops *ops, rj_op op, rj_status status, const char *message,
                               char *what, uint64_t *ret_late_ms)
{
    uint32_t index = (uint32_t)op;
    op_slot *slot = index < ops->count ? ops->slots[index] : NULL;
    if (!slot || !op || slot->generation != (uint32_t)(op >> 32))
        return FINISH_UNKNOWN;
    memcpy(what, slot->what, WHAT_MAX);
    if (slot->state == OP_LIVE) {
        rj_op_queue_answer(ops, slot, status, message, false);
        return FINISH_GOOD;
    }
    if (slot->tolerate_finish) {
        slot->tolerate_finish = false;
        return FINISH_GOOD;
    }
    if (slot->given_up && slot->state != OP_FREE) {
        *ret_late_ms = rj_clock_monotonic_ms() - slot->due_ms;
        slot->given_up = false;
        if (slot->state == OP_ABANDONED) {
            slot->owner->abandoned--;
            rj_op_put_free(ops, slot);
        }
        return FINISH_LATE;
    }
    return FINISH_TWICE;
}

void rj_op_finish(rj_ops *ops, rj_op_owner *owner, rj_op op, rj_status status, const char *message)
{
    char what[WHAT_MAX];
    uint64_t late_ms = 0;
    uv_mutex_lock(&ops->lock);
    finish_kind kind = take_finish(ops, op, status, message, what, &late_ms);
    uv_mutex_unlock(&ops->lock);
    if (kind == FINISH_TWICE)
        rj_op_misbehaved(ops, owner, op, "answered \"%s\" a second time, with %s", what,
                         rj_status_name(status));
    else if (kind == FINISH_LATE)
        rj_op_misbehaved(ops, owner, op, "answered \"%s\" with %s, %llu ms after it was given up",
                         what, rj_status_name(status), (unsigned long long)late_ms);
    else if (kind == FINISH_UNKNOWN)
        rj_op_misbehaved(ops, owner, op, "answered op %016llx, which is long over or never was",
                         (unsigned long long)op);
}

rj_status rj_op_set_result(rj_ops *ops, rj_op_owner *owner, rj_op op, const char *json,
                           size_t length)
{
    static const rj_json_limits limits = {.max_bytes = RJ_OP_RESULT_MAX, .max_depth = RESULT_DEPTH};
    json_t *result = NULL;
    rj_error err = RJ_ERROR_NONE;
    rj_status status = json ? rj_json_parse("result", json, length, &limits, &result, &err)
                            : rj_fail(&err, RJ_E_INVALID, "result: none was given");
    if (status) {
        rj_op_misbehaved(ops, owner, op, "%s", err.text);
        return status;
    }
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    if (slot && slot->state == OP_LIVE) {
        json_t *former = slot->result;
        slot->result = result;
        result = former;
    } else {
        status = RJ_E_NOT_FOUND;
    }
    uv_mutex_unlock(&ops->lock);
    json_decref(result);
    return status;
}

/* ---- Facts ----------------------------------------------------------------------------------- */

void rj_op_correlation(rj_ops *ops, rj_op op, char *target, size_t size)
{
    uint32_t index = (uint32_t)op;
    uv_mutex_lock(&ops->lock);
    const op_slot *slot = op && index < ops->count ? ops->slots[index] : NULL;
    bool known = slot && slot->generation == (uint32_t)(op >> 32);
    snprintf(target, size, "%s", known ? slot->correlation : "-");
    uv_mutex_unlock(&ops->lock);
}

unsigned rj_op_owner_live(rj_ops *ops, const rj_op_owner *owner)
{
    uv_mutex_lock(&ops->lock);
    unsigned live = owner->live;
    uv_mutex_unlock(&ops->lock);
    return live;
}

unsigned rj_op_owner_abandoned(rj_ops *ops, const rj_op_owner *owner)
{
    uv_mutex_lock(&ops->lock);
    unsigned abandoned = owner->abandoned;
    uv_mutex_unlock(&ops->lock);
    return abandoned;
}

unsigned rj_ops_live(rj_ops *ops)
{
    uv_mutex_lock(&ops->lock);
    unsigned live = ops->live;
    uv_mutex_unlock(&ops->lock);
    return live;
}

bool rj_ops_list(rj_ops *ops, json_t *list)
{
    bool good = true;
    uint64_t now = rj_clock_monotonic_ms();
    uv_mutex_lock(&ops->lock);
    for (uint32_t i = 0; i < ops->count && good; i++) {
        const op_slot *slot = ops->slots[i];
        if (slot->state == OP_FREE)
            continue;
        const char *state = slot->state == OP_FINISHED    ? "answered"
                            : slot->state == OP_ENDING    ? "ending"
                            : slot->state == OP_ABANDONED ? "given up"
                            : slot->cancelled             ? "cancelling"
                                                          : "running";
        json_t *text = json_sprintf(
            "%s: %s [%s], %s, %lld ms to its deadline", slot->owner ? slot->owner->id : "nobody",
            slot->what, slot->correlation, state, (long long)slot->deadline_ms - (long long)now);
        good = text && json_array_append_new(list, text) == 0;
    }
    uv_mutex_unlock(&ops->lock);
    return good;
}
