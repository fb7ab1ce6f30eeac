/* SPDX-License-Identifier: MIT */
/*
 * A hidden window with a thread of its own, see sign_out.h.
 *
 *     WM_QUERYENDSESSION --> yes, unless held up --> WM_ENDSESSION: `ended` to the loop --> wait for stop
 *     an installer sets the process's event ------------------------> `ended` to the loop
 *
 * When the answer to WM_ENDSESSION is given the process is ended, so it is given when all is cleaned up.  The
 * loop may be busy for long, which is why it does not have the window itself.
 */
#include "session/sign_out.h"

#include "base/alloc.h"
#include "base/log.h"
#include "platform/win32/end_event_win32.h"
#include "platform/win32/wide_win32.h"

#include <windows.h>

#define LOGGER "session.sign-out"
#define CLASS_NAME L"RealmJoinSession"
#define WM_HOLD                                                                                    \
    (WM_APP + 1) /* the reason has changed; any program may send this, so it brings nothing */
#define WM_OVER (WM_APP + 2)
#define CLEANING_MS 10000

struct rj_sign_out {
    rj_loop *loop;
    void (*ended)(void *data);
    void *data;
    HANDLE thread, ready, cleaned;
    HANDLE told_to_end; /* by who replaces or removes our files; NULL: nobody can say so */
    HWND window;        /* NULL: it could not be made */
    SRWLOCK lock;       /* guards: */
    wchar_t *reason;    /* NULL: nothing has to be waited for */
    bool held;          /* of the thread */
    bool told;          /* of the thread */
    rj_post post;
    LONG over;       /* the window may go */
    LONG references; /* the owner, and the post that is on its way */
    bool stopped;    /* loop thread */
};

static void drop(rj_sign_out *watch)
{
    if (InterlockedDecrement(&watch->references) > 0)
        return;
    if (watch->ready)
        CloseHandle(watch->ready);
    if (watch->cleaned)
        CloseHandle(watch->cleaned);
    if (watch->told_to_end)
        CloseHandle(watch->told_to_end);
    rj_free(watch->reason);
    rj_free(watch);
}

static void on_ended(void *data)
{
    rj_sign_out *watch = data;
    if (!watch->stopped)
        watch->ended(watch->data);
    drop(watch);
}

static void tell(rj_sign_out *watch, const char *why)
{
    if (watch->told)
        return;
    watch->told = true;
    rj_log(RJ_LOG_INFO, LOGGER, NULL, "%s", why);
    InterlockedIncrement(&watch->references);
    rj_loop_post(watch->loop, &watch->post, on_ended, watch);
}

static void hold(rj_sign_out *watch)
{
    AcquireSRWLockShared(&watch->lock);
    if (watch->held)
        ShutdownBlockReasonDestroy(watch->window);
    watch->held = watch->reason != NULL;
    if (watch->reason)
        ShutdownBlockReasonCreate(watch->window, watch->reason);
    ReleaseSRWLockShared(&watch->lock);
}

static LRESULT on_query(const rj_sign_out *watch, LPARAM flags)
{
    bool refused = watch->held && !(flags & (LPARAM)ENDSESSION_CRITICAL);
    if (refused)
        rj_log(RJ_LOG_INFO, LOGGER, NULL, "the end of the session has to wait for a package");
    return !refused;
}

/* The loop may send us a message on its way to the end: it is answered meanwhile, or both would wait. */
static void wait_until_cleaned(const rj_sign_out *watch)
{
    ULONGLONG end = GetTickCount64() + CLEANING_MS;
    for (ULONGLONG now = GetTickCount64(); now < end; now = GetTickCount64()) {
        MSG message;
        if (MsgWaitForMultipleObjects(1, &watch->cleaned, FALSE, (DWORD)(end - now),
                                      QS_SENDMESSAGE) != WAIT_OBJECT_0 + 1)
            return;
        PeekMessageW(&message, NULL, 0, 0, PM_NOREMOVE | PM_QS_SENDMESSAGE);
    }
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM w, LPARAM l)
{
    rj_sign_out *watch = (rj_sign_out *)GetWindowLongPtrW(window, GWLP_USERDATA);
    if (!watch)
        return DefWindowProcW(window, message, w, l);
    switch (message) {
    case WM_QUERYENDSESSION:
        return on_query(watch, l);
    case WM_ENDSESSION:
        if (w) {
            tell(watch, l & ENDSESSION_CLOSEAPP ? "an installer closes this program"
                                                : "the desktop session ends");
            wait_until_cleaned(watch);
        }
        return 0;
    case WM_CLOSE: /* asked to end by another program, e.g. taskkill */
        tell(watch, "asked to end");
        return 0;
    case WM_HOLD:
        hold(watch);
        return 0;
    case WM_OVER:
        if (!InterlockedCompareExchange(&watch->over, 0, 0))
            return 0;
        DestroyWindow(window);
        PostQuitMessage(0);
        return 0;
    default:
        return DefWindowProcW(window, message, w, l);
    }
}

/* Until the window is gone. */
static void serve(rj_sign_out *watch)
{
    for (;;) {
        MSG message;
        DWORD events = watch->told_to_end && !watch->told ? 1 : 0;
        DWORD woken =
            MsgWaitForMultipleObjects(events, &watch->told_to_end, FALSE, INFINITE, QS_ALLINPUT);
        if (events && woken == WAIT_OBJECT_0)
            tell(watch, "an installer replaces or removes this program");
        while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE)) {
            if (message.message == WM_QUIT)
                return;
            DispatchMessageW(&message);
        }
    }
}

static DWORD WINAPI run(void *data)
{
    rj_sign_out *watch = data;
    HINSTANCE module = GetModuleHandleW(NULL);
    WNDCLASSEXW shape = {.cbSize = sizeof shape,
                         .lpfnWndProc = on_message,
                         .hInstance = module,
                         .lpszClassName = CLASS_NAME};
    if (RegisterClassExW(&shape) || GetLastError() == ERROR_CLASS_ALREADY_EXISTS) /* top-level: */
        watch->window = CreateWindowExW(WS_EX_TOOLWINDOW, CLASS_NAME, L"RealmJoin", WS_POPUP, 0, 0,
                                        0, 0, NULL, NULL, module, NULL); /* hears of the end */
    if (watch->window)
        SetWindowLongPtrW(watch->window, GWLP_USERDATA, (LONG_PTR)watch);
    SetEvent(watch->ready);
    if (watch->window)
        serve(watch);
    return 0;
}

rj_status rj_sign_out_watch(rj_loop *loop, void (*ended)(void *data), void *data,
                            rj_sign_out **ret_watch, rj_error *err)
{
    rj_sign_out *watch = rj_calloc(1, sizeof *watch);
    if (!watch)
        return rj_fail_memory(err, "waiting for the end of the desktop session");
    watch->loop = loop;
    watch->ended = ended;
    watch->data = data;
    watch->references = 1;
    InitializeSRWLock(&watch->lock);
    watch->ready = CreateEventW(NULL, TRUE, FALSE, NULL);
    watch->cleaned = CreateEventW(NULL, TRUE, FALSE, NULL);
    watch->told_to_end = rj_end_event_make();
    if (watch->ready && watch->cleaned)
        watch->thread = CreateThread(NULL, 0, run, watch, 0, NULL);
    if (watch->thread)
        WaitForSingleObject(watch->ready, INFINITE);
    if (!watch->window) {
        rj_sign_out_stop(watch);
        return rj_fail(err, RJ_E_NOT_APPLICABLE,
                       "this session has no desktop whose end could be told");
    }
    *ret_watch = watch;
    return RJ_OK;
}

void rj_sign_out_hold(rj_sign_out *watch, const char *reason)
{
    if (!watch)
        return;
    wchar_t *wide = reason ? rj_wide(reason) : NULL;
    if (!reason || wide) { /* the system wants it from the window's own thread */
        rj_log(RJ_LOG_INFO, LOGGER, NULL, reason ? "the end of the session waits: %s" : "%s",
               reason ? reason : "the end of the session need not wait any more");
        AcquireSRWLockExclusive(&watch->lock);
        rj_free(watch->reason);
        watch->reason = wide;
        ReleaseSRWLockExclusive(&watch->lock);
        SendMessageW(watch->window, WM_HOLD, 0, 0);
    }
}

void rj_sign_out_stop(rj_sign_out *watch)
{
    if (!watch)
        return;
    watch->stopped = true;
    InterlockedExchange(&watch->over, 1);
    if (watch->cleaned)
        SetEvent(watch->cleaned);
    if (watch->window)
        PostMessageW(watch->window, WM_OVER, 0, 0);
    if (watch->thread) {
        WaitForSingleObject(watch->thread, INFINITE);
        CloseHandle(watch->thread);
    }
    drop(watch);
}
