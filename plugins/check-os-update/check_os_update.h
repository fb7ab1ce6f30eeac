/* SPDX-License-Identifier: MIT */
/* What a policy may say to the check "os-update" on every system. */
#ifndef PLUGINS_CHECK_OS_UPDATE_CHECK_OS_UPDATE_H
#define PLUGINS_CHECK_OS_UPDATE_CHECK_OS_UPDATE_H

#include "check_plugin.h"

typedef struct os_update_settings {
    int64_t max_age_days, max_pending;
    bool allow_pending_reboot;
} os_update_settings;

/* What is not said keeps its usual value. */
rj_status os_update_read_settings(check_task *task, os_update_settings *ret_settings);

#endif
