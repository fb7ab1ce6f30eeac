/* SPDX-License-Identifier: MIT */
/* News for the service manager that started the program. */
#ifndef RJ_SERVICE_NOTIFY_H
#define RJ_SERVICE_NOTIFY_H

#include "base/status.h"

/* "READY=1", "STOPPING=1", ...  RJ_E_NOT_APPLICABLE: nobody wants to know. */
rj_status rj_service_notify(const char *state, rj_error *err);

#endif
