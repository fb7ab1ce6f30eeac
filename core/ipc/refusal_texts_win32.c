/* SPDX-License-Identifier: MIT */
#include "ipc/refusal_texts.h"

const char rj_refusal_admin_only[] =
    "only an administrator may do this; run it in a terminal that was started as administrator";
const char rj_refusal_machine_package[] =
    "the package belongs to the whole machine; only an administrator may remove it";
const char rj_refusal_admin_session[] =
    "packages of users never run with an administrator's rights; start the session as that user, "
    "without them";
const char rj_advice_start_service[] =
    "start it with `realmjoin service start` in a terminal that was started as administrator";
const char rj_admin_name[] = "the system or an administrator";
