/* SPDX-License-Identifier: MIT */
/*
 * Progress: the newest word of each op, passed on at most ten times a second.
 *
 * A call only overwrites what its slot holds and makes sure that either a post or the timer will look;
 * so a plugin that calls a million times costs no memory and wakes the loop a few times.  What a program of an op
 * writes goes to the asker at once, who keeps the pace.
 */
#include "op_internal.h"

#include "base/text.h"
#include "platform/system.h"

#include <string.h>

#define INTERVAL_MS 100u

static void flush_progress(void *data);

static void on_progress_timer(void *data)
{
    rj_ops *ops = data;
    rj_timer_stop(ops->progress_timer);
    ops->progress_timer = NULL;
    flush_progress(ops);
}

/* Pass on the slot's word if it is time; true if it has to wait. */
static bool pass_on(rj_ops *ops, op_slot *slot, uint64_t now)
{
    char text[PROGRESS_TEXT_MAX];
    char line[PROGRESS_TEXT_MAX + 64];
    uv_mutex_lock(&ops->lock);
    bool wanted = slot->state == OP_LIVE && slot->has_progress;
    bool early = wanted && slot->progress_ms && now < slot->progress_ms + INTERVAL_MS;
    int32_t permille = slot->permille;
    void (*progressed)(void *, int, const char *) = slot->question.progressed;
    void *data = slot->question.data;
    if (wanted && !early) {
        memcpy(text, slot->progress_text, sizeof text);
        slot->has_progress = false;
        slot->progress_ms = now;
    }
    uv_mutex_unlock(&ops->lock);
    if (!wanted || early)
        return early;
    rj_text_to_line(line, sizeof line, text, strlen(text));
    progressed(data, permille, line);
    return false;
}

static void flush_progress(void *data)
{
    rj_ops *ops = data;
    uint64_t now = rj_clock_monotonic_ms();
    bool waiting = false;
    for (uint32_t i = 0; i < ops->count; i++)
        waiting |= pass_on(ops, ops->slots[i], now);
    if (waiting && !ops->progress_timer &&
        rj_timer_start(ops->loop, INTERVAL_MS, 0, on_progress_timer, ops, &ops->progress_timer,
                       NULL) == RJ_OK)
        return; /* the timer looks again: no posts until then */
    uv_mutex_lock(&ops->lock);
    ops->progress_posted = false;
    uv_mutex_unlock(&ops->lock);
}

void rj_op_progress(rj_ops *ops, rj_op op, int32_t permille, const char *text)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    if (slot && slot->state == OP_LIVE && slot->question.progressed) {
        slot->permille = permille < 0 ? -1 : permille > 1000 ? 1000 : permille;
        size_t length = text ? strnlen(text, PROGRESS_TEXT_MAX - 1) : 0;
        if (length)
            memcpy(slot->progress_text, text, length);
        slot->progress_text[length] = '\0';
        slot->has_progress = true;
        if (!ops->progress_posted) {
            ops->progress_posted = true;
            rj_loop_post(ops->loop, &ops->progress_post, flush_progress, ops);
        }
    }
    uv_mutex_unlock(&ops->lock);
}

void rj_op_wrote(rj_ops *ops, rj_op op, const char *bytes, size_t length)
{
    void (*wrote)(void *, uint64_t, const char *, size_t) = NULL;
    void *data = NULL;
    uv_mutex_lock(&ops->lock);
    const op_slot *slot = rj_op_find(ops, op);
    if (slot && slot->state == OP_LIVE && !slot->lent && !slot->attached) {
        wrote = slot->question.wrote;
        data = slot->question.data;
    }
    uv_mutex_unlock(&ops->lock);
    if (wrote)
        wrote(data, 0, bytes, length);
}

void rj_op_stop_progress(rj_ops *ops)
{
    rj_timer_stop(ops->progress_timer);
    ops->progress_timer = NULL;
}
