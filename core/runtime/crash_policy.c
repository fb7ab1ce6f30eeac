/* SPDX-License-Identifier: MIT */
/* Back-off and quarantine after crashes, see crash_policy.h. */
#include "runtime/crash_policy.h"

#include <limits.h>

/* 0 for a time that is not over yet: such a clock must not make a crash old. */
static uint64_t since(uint64_t then_ms, uint64_t now_ms)
{
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

static uint64_t last_of(const rj_crash_history *history)
{
    return history->times[(history->next + RJ_CRASH_LIMIT - 1) % RJ_CRASH_LIMIT];
}

rj_crash_verdict rj_crash_note(rj_crash_history *history, uint64_t now_ms)
{
    if (history->streak && since(last_of(history), now_ms) >= RJ_CRASH_WINDOW_MS)
        *history = (rj_crash_history){.streak = 0};
    history->times[history->next] = now_ms;
    history->next = (history->next + 1) % RJ_CRASH_LIMIT;
    if (history->streak < UINT_MAX)
        history->streak++;
    /* The ring is full: its next place holds the oldest. */
    if (history->streak >= RJ_CRASH_LIMIT &&
        since(history->times[history->next], now_ms) < RJ_CRASH_WINDOW_MS)
        return RJ_CRASH_QUARANTINE;
    return RJ_CRASH_RESTART;
}

uint64_t rj_crash_wait_ms(const rj_crash_history *history, uint64_t first_ms, uint64_t now_ms)
{
    static const unsigned times[] = {0, 1, 10, 60};
    enum { LAST = sizeof times / sizeof times[0] - 1 };
    uint64_t gone = since(last_of(history), now_ms);
    uint64_t wait = first_ms * times[history->streak < LAST ? history->streak : LAST];
    return gone < wait ? wait - gone : 0;
}
