/* SPDX-License-Identifier: MIT */
/*
 * What follows from a crash of a plugin's worker: wait and start it again, or set its file aside.
 * Pure: the caller brings the time, in ms of one clock that never goes back.
 *
 * Three crashes within ten minutes are one too many.  Rarer ones only make the next start wait: for a
 * time after the first, usually 1 s, ten times that after the second, sixty times that after each further
 * one; ten minutes without a crash and all is forgotten.
 */
#ifndef RJ_RUNTIME_CRASH_POLICY_H
#define RJ_RUNTIME_CRASH_POLICY_H

#include <stdint.h>

#define RJ_CRASH_LIMIT 3u
#define RJ_CRASH_WAIT_MS 1000u /* after the first */
#define RJ_CRASH_WINDOW_MS (10u * 60 * 1000)

/* All zero: no crash yet, or an administrator has forgiven what there was. */
typedef struct rj_crash_history {
    uint64_t times[RJ_CRASH_LIMIT]; /* a ring of the last ones */
    unsigned next;                  /* where in the ring the next one goes */
    unsigned streak;                /* crashes with less than the window between any two */
} rj_crash_history;

typedef enum rj_crash_verdict { RJ_CRASH_RESTART, RJ_CRASH_QUARANTINE } rj_crash_verdict;

/* It crashed now. */
rj_crash_verdict rj_crash_note(rj_crash_history *history, uint64_t now_ms);
/* How long the next start has to wait, where `first_ms` follows one crash; 0: not at all. */
uint64_t rj_crash_wait_ms(const rj_crash_history *history, uint64_t first_ms, uint64_t now_ms);

#endif
