/* SPDX-License-Identifier: MIT */
/* The status of this process as a service: who reports it, and its end. */
#ifndef RJ_SERVICE_SCM_WIN32_H
#define RJ_SERVICE_SCM_WIN32_H

#include "base/status.h"
#include "service/notify.h"

#include <windows.h>

#include <winsvc.h>

/* A control of our own: session programs were ended for an installer, see replace_sessions.h. */
#define RJ_SCM_SESSIONS_ENDED 128

/* On the service's thread; from now on rj_service_notify() has somebody to tell. */
rj_status rj_scm_register(LPHANDLER_FUNCTION_EX on_control, rj_error *err);
/* The last report: a code other than 0 counts as a failure that the service manager acts upon. */
void rj_scm_ended(int code);

#endif
