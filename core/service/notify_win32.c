/* SPDX-License-Identifier: MIT */
/*
 * Reports to the service control manager.  Each report of a state that lasts carries a higher check
 * point, so that the manager sees that it goes on.
 */
#include "platform/win32/wide_win32.h"
#include "service/notify.h"
#include "service/scm_win32.h"
#include "service/service.h"

#define START_HINT_MS 30000
#define STOP_HINT_MS 20000 /* longer than the service gives its own stop */
#define CONTROLS                                                                                   \
    (SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN |                  \
     SERVICE_ACCEPT_SESSIONCHANGE)

static SRWLOCK lock = SRWLOCK_INIT;
static SERVICE_STATUS_HANDLE manager;
static SERVICE_STATUS now;

rj_status rj_scm_register(LPHANDLER_FUNCTION_EX on_control, rj_error *err)
{
    SERVICE_STATUS_HANDLE handle = RegisterServiceCtrlHandlerExW(L"realmjoin", on_control, NULL);
    if (!handle)
        return rj_fail_win32(err, GetLastError(), "registering with the service manager");
    AcquireSRWLockExclusive(&lock);
    manager = handle;
    now = (SERVICE_STATUS){.dwServiceType = SERVICE_WIN32_OWN_PROCESS};
    ReleaseSRWLockExclusive(&lock);
    return RJ_OK;
}

/* With the lock held.  An end that has begun is not taken back. */
static void enter(DWORD state, DWORD controls, DWORD hint_ms)
{
    bool lasts = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
    now.dwCheckPoint = lasts ? (now.dwCurrentState == state ? now.dwCheckPoint + 1 : 1) : 0;
    now.dwCurrentState = state;
    now.dwControlsAccepted = controls;
    now.dwWaitHint = hint_ms;
}

rj_status rj_service_notify(rj_service_news news, rj_error *err)
{
    BOOL told = TRUE;
    AcquireSRWLockExclusive(&lock);
    bool listens = manager != NULL;
    bool ending =
        now.dwCurrentState == SERVICE_STOP_PENDING || now.dwCurrentState == SERVICE_STOPPED;
    if (listens && news == RJ_SERVICE_STOPPING && now.dwCurrentState != SERVICE_STOPPED)
        enter(SERVICE_STOP_PENDING, 0, STOP_HINT_MS);
    else if (listens && news == RJ_SERVICE_READY && !ending)
        enter(SERVICE_RUNNING, CONTROLS, 0);
    else if (listens && news == RJ_SERVICE_STARTING && !ending)
        enter(SERVICE_START_PENDING, 0, START_HINT_MS);
    if (listens)
        told = SetServiceStatus(manager, &now);
    DWORD why = told ? 0 : GetLastError();
    ReleaseSRWLockExclusive(&lock);
    if (!listens)
        return RJ_E_NOT_APPLICABLE;
    return told ? RJ_OK : rj_fail_win32(err, why, "telling the service manager");
}

void rj_scm_ended(int code)
{
    AcquireSRWLockExclusive(&lock);
    enter(SERVICE_STOPPED, 0, 0);
    now.dwWin32ExitCode = code == RJ_SERVICE_OK ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR;
    now.dwServiceSpecificExitCode = code == RJ_SERVICE_OK ? 0 : (DWORD)code;
    if (manager)
        SetServiceStatus(manager, &now);
    ReleaseSRWLockExclusive(&lock);
}
