/* SPDX-License-Identifier: MIT */
/*
 * A bell rings once when an event is set: a thread of the system's pool calls.
 *
 * The system's own cancelling of waits is not relied on: Wine lets a call through that was due at that
 * moment, into memory that is free by then, and its lists may break.  So bells are never freed.  One that is
 * given back is silent, and the next who takes it may hear a ring meant for the one before: whoever is rung
 * for looks whether there is something.
 */
#ifndef RJ_PLATFORM_WIN32_BELL_H
#define RJ_PLATFORM_WIN32_BELL_H

#include <windows.h>

typedef struct rj_bell rj_bell;

/* NULL: there is none to be had.  `ring` is called by another thread and must not touch bells. */
rj_bell *rj_bell_take(void (*ring)(void *data), void *data);
/* Once, and instead of what it waited for until now. */
void rj_bell_await(rj_bell *bell, HANDLE event);
/* No call after it, and the event may be closed.  NULL: nothing. */
void rj_bell_give_back(rj_bell *bell);

#endif
