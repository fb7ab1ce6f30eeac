/* SPDX-License-Identifier: MIT */
/* Waits in the system's pool of threads, kept for the next who needs one; see bell_win32.h. */
#include "platform/win32/bell_win32.h"

#include "base/alloc.h"

struct rj_bell {
    PTP_WAIT wait;
    SRWLOCK lock; /* held while it rings */
    void (*ring)(void *data);
    void *data;
    rj_bell *next; /* of those that nobody has */
};

static rj_bell *spare;
static SRWLOCK spare_lock = SRWLOCK_INIT;

static void CALLBACK on_event(PTP_CALLBACK_INSTANCE instance, void *data, PTP_WAIT wait,
                              TP_WAIT_RESULT result)
{
    rj_bell *bell = data;
    (void)instance;
    (void)wait;
    (void)result;
    AcquireSRWLockExclusive(&bell->lock);
    if (bell->ring)
        bell->ring(bell->data);
    ReleaseSRWLockExclusive(&bell->lock);
}

static rj_bell *make(void)
{
    rj_bell *bell = rj_calloc(1, sizeof *bell);
    if (!bell)
        return NULL;
    InitializeSRWLock(&bell->lock);
    bell->wait = CreateThreadpoolWait(on_event, bell, NULL);
    if (bell->wait)
        return bell;
    rj_free(bell);
    return NULL;
}

rj_bell *rj_bell_take(void (*ring)(void *data), void *data)
{
    AcquireSRWLockExclusive(&spare_lock);
    rj_bell *bell = spare;
    if (bell)
        spare = bell->next;
    ReleaseSRWLockExclusive(&spare_lock);
    if (!bell)
        bell = make();
    if (!bell)
        return NULL;
    AcquireSRWLockExclusive(&bell->lock);
    bell->ring = ring;
    bell->data = data;
    ReleaseSRWLockExclusive(&bell->lock);
    return bell;
}

void rj_bell_await(rj_bell *bell, HANDLE event)
{
    SetThreadpoolWait(bell->wait, event, NULL);
}

void rj_bell_give_back(rj_bell *bell)
{
    if (!bell)
        return;
    SetThreadpoolWait(bell->wait, NULL, NULL);
    AcquireSRWLockExclusive(&bell->lock);
    bell->ring = NULL;
    ReleaseSRWLockExclusive(&bell->lock);
    AcquireSRWLockExclusive(&spare_lock);
    bell->next = spare;
    spare = bell;
    ReleaseSRWLockExclusive(&spare_lock);
}
