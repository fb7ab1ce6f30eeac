/* SPDX-License-Identifier: MIT */
#include "ipc/refusal_texts.h"

const char rj_refusal_admin_only[] = "only root may do this; run it with sudo";
const char rj_refusal_machine_package[] =
    "the package belongs to the whole machine; only root may remove it";
const char rj_refusal_admin_session[] =
    "packages of users never run as root; start the session as that user";
const char rj_advice_start_service[] = "start it with `realmjoin service start` as root";
const char rj_admin_name[] = "root";
