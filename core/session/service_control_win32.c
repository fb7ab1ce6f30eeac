/* SPDX-License-Identifier: MIT */
/* The service control manager, see service_control.h; it decides who may do what. */
#include "platform/win32/wide_win32.h"
#include "session/service_control.h"

#include <winsvc.h>

static rj_status explain(DWORD code, const char *doing, rj_error *err)
{
    switch (code) {
    case ERROR_SERVICE_DOES_NOT_EXIST:
    case ERROR_SERVICE_MARKED_FOR_DELETE:
        return rj_fail(err, RJ_E_NOT_FOUND,
                       "the RealmJoin service is not installed; install RealmJoin again");
    case ERROR_ACCESS_DENIED:
        return rj_fail(err, RJ_E_DENIED,
                       "you may not %s the RealmJoin service; ask an administrator", doing);
    case ERROR_SERVICE_DISABLED:
        return rj_fail(err, RJ_E_DENIED,
                       "the RealmJoin service is disabled; an administrator must enable it");
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
        return rj_fail(err, RJ_E_NOT_FOUND,
                       "the program of the RealmJoin service is missing; install RealmJoin again");
    default:
        return rj_fail_win32(err, code, "cannot %s the RealmJoin service", doing);
    }
}

static rj_status open_service(DWORD access, const char *doing, SC_HANDLE *ret_service,
                              rj_error *err)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    if (!manager)
        return explain(GetLastError(), doing, err);
    SC_HANDLE service = OpenServiceW(manager, L"realmjoin", access);
    DWORD why = GetLastError();
    CloseServiceHandle(manager);
    if (!service)
        return explain(why, doing, err);
    *ret_service = service;
    return RJ_OK;
}

rj_status rj_service_control_query(rj_service_state *ret_state, rj_error *err)
{
    SC_HANDLE service = NULL;
    SERVICE_STATUS now;
    rj_status status = open_service(SERVICE_QUERY_STATUS, "query", &service, err);
    if (status != RJ_OK)
        return status;
    if (!QueryServiceStatus(service, &now)) {
        status = explain(GetLastError(), "query", err);
    } else {
        switch (now.dwCurrentState) {
        case SERVICE_STOPPED:
            *ret_state = RJ_SERVICE_STOPPED;
            break;
        case SERVICE_START_PENDING:
            *ret_state = RJ_SERVICE_STARTS;
            break;
        case SERVICE_STOP_PENDING:
            *ret_state = RJ_SERVICE_STOPS;
            break;
        default:
            *ret_state = RJ_SERVICE_RUNS;
            break;
        }
    }
    CloseServiceHandle(service);
    return status;
}

rj_status rj_service_control_start(rj_error *err)
{
    SC_HANDLE service = NULL;
    rj_status status = open_service(SERVICE_START, "start", &service, err);
    if (status != RJ_OK)
        return status;
    if (!StartServiceW(service, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
        status = explain(GetLastError(), "start", err);
    CloseServiceHandle(service);
    return status;
}

rj_status rj_service_control_stop(rj_error *err)
{
    SC_HANDLE service = NULL;
    SERVICE_STATUS now;
    rj_status status = open_service(SERVICE_STOP, "stop", &service, err);
    if (status != RJ_OK)
        return status;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &now)) {
        DWORD why = GetLastError();
        status = why == ERROR_SERVICE_NOT_ACTIVE
                     ? rj_fail(err, RJ_E_NOT_STARTED, "the RealmJoin service is not running")
                     : explain(why, "stop", err);
    }
    CloseServiceHandle(service);
    return status;
}
