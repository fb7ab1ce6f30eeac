/* SPDX-License-Identifier: MIT */
/*
 * The installed service as the system's service manager has it: look, start, stop.
 *
 * RJ_E_NOT_APPLICABLE: on this system the command line does not go through the service manager (posix).
 * RJ_E_NOT_FOUND: the service is not installed.  RJ_E_DENIED: the caller may not.
 */
#ifndef RJ_SESSION_SERVICE_CONTROL_H
#define RJ_SESSION_SERVICE_CONTROL_H

#include "base/status.h"

typedef enum rj_service_state {
    RJ_SERVICE_STOPPED,
    RJ_SERVICE_STARTS,
    RJ_SERVICE_RUNS,
    RJ_SERVICE_STOPS
} rj_service_state;

rj_status rj_service_control_query(rj_service_state *ret_state, rj_error *err);
/* Asked to start; it need not answer yet.  One that runs is fine. */
rj_status rj_service_control_start(rj_error *err);
/* Asked to stop; one that does not run is RJ_E_NOT_STARTED. */
rj_status rj_service_control_stop(rj_error *err);

#endif
