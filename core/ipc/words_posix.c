/* SPDX-License-Identifier: MIT */
#include "ipc/words.h"

const char rj_words_admin_only[] = "only root may do this; run it with sudo";
const char rj_words_machine_package[] =
    "the package belongs to the whole machine; only root may remove it";
const char rj_words_no_session_of_admin[] =
    "packages of users never run as root; start the session as that user";
const char rj_words_start_service[] = "start it with `realmjoin service start` as root";
const char rj_words_admin[] = "root";
