/* SPDX-License-Identifier: MIT */
/* Who may call what, see authorize.h.  An access this file does not know is denied. */
#include "ipc/authorize.h"
#include "ipc/refusal_texts.h"

rj_status rj_authorize(const rj_access_facts *facts, rj_access access, rj_error *err)
{
    switch (access) {
    case RJ_ACCESS_ANYONE:
        return RJ_OK;
    case RJ_ACCESS_ADMIN:
        if (facts->admin)
            return RJ_OK;
        return rj_fail(err, RJ_E_DENIED, "%s", rj_refusal_admin_only);
    case RJ_ACCESS_OWN_PACKAGE:
        if (facts->admin || facts->package != RJ_PACKAGE_SYSTEM_SCOPE)
            return RJ_OK;
        return rj_fail(err, RJ_E_DENIED, "%s", rj_refusal_machine_package);
    case RJ_ACCESS_USER:
        if (facts->uid != 0)
            return RJ_OK;
        return rj_fail(err, RJ_E_DENIED, "%s", rj_refusal_admin_session);
    case RJ_ACCESS_SESSION:
        if (facts->session)
            return RJ_OK;
        return rj_fail(err, RJ_E_DENIED, "this connection is no session; register it first");
    }
    return rj_fail(err, RJ_E_DENIED, "there is no rule that allows this");
}
