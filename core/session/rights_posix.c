/* SPDX-License-Identifier: MIT */
/* Root has to become the user by other means; session_host.h refuses it. */
#include "session/rights.h"

rj_status rj_rights_drop(rj_error *err)
{
    (void)err;
    return RJ_E_NOT_APPLICABLE;
}
