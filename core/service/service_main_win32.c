/* SPDX-License-Identifier: MIT */
/*
 * The service control manager, or the console, see service_main.h.
 *
 *     main thread: dispatcher, control events    service thread: rj_service_run() with its loop
 *
 * What is asked comes on other threads and reaches the loop by a post.  A request that is on its way is
 * not posted a second time.  Windows ends the process when the handler of a closed console returns, so
 * that one waits until the service has ended.
 */
#include "platform/system.h"
#include "service/scm_win32.h"
#include "service/service_main.h"
#include <stdio.h>

#define CLOSED_CONSOLE_WAITS_MS 15000

typedef struct request {
    rj_post post;
    rj_service_asked what;
    char why[64];
    bool on_its_way;
} request;

static struct {
    CRITICAL_SECTION lock; /* of the listener and the requests */
    rj_loop *loop;         /* NULL: nobody listens */
    void (*asked)(void *data, rj_service_asked what, const char *why);
    void *data;
    request stop, session, come_back;
    bool stop_missed; /* asked before anybody listened */
    HANDLE ended;     /* an event: rj_service_run() has returned */
    const rj_service_options *options;
    int (*run)(const rj_service_options *);
    int code;
} self;

bool rj_service_knows_manager(void)
{
    return true;
}

const char *rj_service_manager_help(void)
{
    return "Without --service it runs in this console; Ctrl-C or closing the console ends it.\n";
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void on_request(void *data)
{
    request *of = data;
    EnterCriticalSection(&self.lock);
    of->on_its_way = false;
    void (*asked)(void *, rj_service_asked, const char *) = self.asked;
    void *listener = self.data;
    LeaveCriticalSection(&self.lock);
    if (asked)
        asked(listener, of->what, of->why);
}

static void post(request *of, const char *why)
{
    EnterCriticalSection(&self.lock);
    if (!self.loop) {
        self.stop_missed |= of == &self.stop;
    } else if (!of->on_its_way) {
        of->on_its_way = true;
        snprintf(of->why, sizeof of->why, "%s", why);
        rj_loop_post(self.loop, &of->post, on_request, of);
    }
    LeaveCriticalSection(&self.lock);
}

rj_status rj_service_listen(rj_loop *loop,
                            void (*asked)(void *data, rj_service_asked what, const char *why),
                            void *data, rj_error *err)
{
    (void)err;
    EnterCriticalSection(&self.lock);
    self.loop = loop;
    self.asked = asked;
    self.data = data;
    bool missed = self.stop_missed;
    self.stop_missed = false;
    LeaveCriticalSection(&self.lock);
    if (missed)
        post(&self.stop, "asked to stop while it started");
    return RJ_OK;
}

void rj_service_unlisten(void)
{
    EnterCriticalSection(&self.lock);
    self.loop = NULL;
    self.asked = NULL;
    LeaveCriticalSection(&self.lock);
}

/* ---- Console --------------------------------------------------------------------------------- */

static BOOL WINAPI on_console(DWORD event)
{
    switch (event) {
    case CTRL_C_EVENT:
    case CTRL_BREAK_EVENT:
        post(&self.stop, "asked by Ctrl-C");
        return TRUE;
    case CTRL_CLOSE_EVENT:
        post(&self.stop, "its console was closed");
        WaitForSingleObject(self.ended, CLOSED_CONSOLE_WAITS_MS);
        return TRUE;
    case CTRL_LOGOFF_EVENT:
    case CTRL_SHUTDOWN_EVENT:
        if (self.options->service) /* of any user; the manager tells a service when to end */
            return TRUE;
        post(&self.stop, "the user signs out");
        WaitForSingleObject(self.ended, CLOSED_CONSOLE_WAITS_MS);
        return TRUE;
    default:
        return FALSE;
    }
}

/* ---- Service manager ------------------------------------------------------------------------- */

static DWORD WINAPI on_control(DWORD control, DWORD event, void *event_data, void *context)
{
    (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
        rj_service_notify(RJ_SERVICE_STOPPING, NULL);
        post(&self.stop, "asked by the service manager");
        return NO_ERROR;
    case SERVICE_CONTROL_PRESHUTDOWN:
    case SERVICE_CONTROL_SHUTDOWN:
        rj_service_notify(RJ_SERVICE_STOPPING, NULL);
        post(&self.stop, "the system shuts down");
        return NO_ERROR;
    case SERVICE_CONTROL_SESSIONCHANGE: {
        const WTSSESSION_NOTIFICATION *session = event_data;
        char why[64];
        snprintf(why, sizeof why, "session %lu changed (%lu)",
                 session ? (unsigned long)session->dwSessionId : 0ul, (unsigned long)event);
        post(&self.session, why);
        return NO_ERROR;
    }
    case RJ_SCM_SESSIONS_ENDED:
        post(&self.come_back, "session programs were ended for an installer");
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

static void WINAPI service_thread(DWORD count, wchar_t **arguments)
{
    rj_system_set_installed_service();
    (void)count, (void)arguments; /* start parameters of others are not looked at */
    rj_error error = RJ_ERROR_NONE;
    if (rj_scm_register(on_control, &error) != RJ_OK) {
        self.code = RJ_SERVICE_FAILED;
        return;
    }
    rj_service_notify(RJ_SERVICE_STARTING, NULL);
    self.code = self.run(self.options);
    SetEvent(self.ended);
    rj_scm_ended(self.code);
}

static int run_in_console(void)
{
    self.code = self.run(self.options);
    SetEvent(self.ended);
    return self.code;
}

int rj_service_main(const rj_service_options *options, int (*run)(const rj_service_options *))
{
    wchar_t name[] = L"realmjoin";
    SERVICE_TABLE_ENTRYW table[] = {{name, service_thread}, {NULL, NULL}};
    InitializeCriticalSection(&self.lock);
    self.options = options;
    self.run = run;
    self.stop.what = RJ_SERVICE_ASKED_STOP;
    self.session.what = RJ_SERVICE_ASKED_SESSION;
    self.come_back.what = RJ_SERVICE_ASKED_RETURN;
    self.code = RJ_SERVICE_FAILED;
    self.ended = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(on_console, TRUE);
    if (!options->service)
        return run_in_console();
    if (StartServiceCtrlDispatcherW(table))
        return self.code;
    DWORD why = GetLastError();
    if (why != ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
        fprintf(stderr, "realmjoinservice: the service manager cannot be reached: error %lu\n",
                (unsigned long)why);
        return RJ_SERVICE_FAILED;
    }
    fputs("realmjoinservice: not started by the service manager; running in this console\n",
          stderr);
    rj_service_options here = *options;
    here.service = false;
    here.foreground = true;
    self.options = &here;
    return run_in_console();
}
