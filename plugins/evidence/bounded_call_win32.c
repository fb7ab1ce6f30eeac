/* SPDX-License-Identifier: MIT */
/* A call with a time limit: see bounded_call_win32.h. */
#include "bounded_call_win32.h"

#include <windows.h>

#include <stdlib.h>

#define LOOK_MS 50 /* how often `stop` is asked */

enum { RUNNING, FINISHED, LEFT };

typedef struct call {
    void (*work)(void *data);
    void *data;
    HMODULE module;
    volatile LONG state; /* whoever changes it from RUNNING decides who frees */
} call;

static volatile LONG left_behind; /* threads */

static DWORD WINAPI run(void *argument)
{
    call *running = argument;
    HMODULE module = running->module;

    running->work(running->data);
    if (InterlockedCompareExchange(&running->state, FINISHED, RUNNING) == LEFT) {
        free(running->data);
        free(running);
        InterlockedDecrement(&left_behind);
    }
    FreeLibraryAndExitThread(module, 0);
}

/* The thread keeps what it runs in. */
static HANDLE start(call *starting)
{
    HANDLE thread;

    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                            (const wchar_t *)(uintptr_t)&left_behind, &starting->module))
        return NULL;
    thread = CreateThread(NULL, 0, run, starting, 0, NULL);
    if (!thread)
        FreeLibrary(starting->module);
    return thread;
}

static bounded_outcome wait_for(HANDLE thread, uint32_t limit_ms, bool (*stop)(const void *),
                                const void *stop_data)
{
    ULONGLONG begun = GetTickCount64();

    for (;;) {
        ULONGLONG gone = GetTickCount64() - begun;

        if (gone >= limit_ms)
            return CALL_LATE;
        if (stop(stop_data))
            return CALL_STOPPED;
        if (WaitForSingleObject(thread, limit_ms - gone < LOOK_MS ? (DWORD)(limit_ms - gone)
                                                                  : LOOK_MS) == WAIT_OBJECT_0)
            return CALL_DONE;
    }
}

bounded_outcome bounded_call(void (*work)(void *data), void *data, uint32_t limit_ms,
                             bool (*stop)(const void *stop_data), const void *stop_data)
{
    bool busy = InterlockedCompareExchange(&left_behind, 0, 0) != 0;
    call *running = busy ? NULL : calloc(1, sizeof *running);
    bounded_outcome outcome;
    HANDLE thread = NULL;

    if (running) {
        running->work = work;
        running->data = data;
        thread = start(running);
    }
    if (!thread) {
        free(running);
        free(data);
        return busy ? CALL_BUSY : CALL_FAILED;
    }
    outcome = wait_for(thread, limit_ms, stop, stop_data);
    CloseHandle(thread);
    if (outcome != CALL_DONE) {
        InterlockedIncrement(&left_behind);
        if (InterlockedCompareExchange(&running->state, LEFT, RUNNING) == RUNNING)
            return outcome;
        InterlockedDecrement(&left_behind); /* it had finished after all */
    }
    free(running);
    return CALL_DONE;
}
