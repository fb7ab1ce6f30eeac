/* SPDX-License-Identifier: MIT */
/* systemd has its own command; `realmjoin service` works on the running program. */
#include "session/service_control.h"

rj_status rj_service_control_query(rj_service_state *ret_state, rj_error *err)
{
    (void)ret_state, (void)err;
    return RJ_E_NOT_APPLICABLE;
}

rj_status rj_service_control_start(rj_error *err)
{
    (void)err;
    return RJ_E_NOT_APPLICABLE;
}

rj_status rj_service_control_stop(rj_error *err)
{
    (void)err;
    return RJ_E_NOT_APPLICABLE;
}
