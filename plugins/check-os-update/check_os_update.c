/* SPDX-License-Identifier: MIT */
/* The plugin check-os-update: the check "os-update", judged by the system's half, check_os_update_*.c. */
#include "check_os_update.h"

const char check_plugin_id[] = "check-os-update";
const char check_plugin_check_id[] = "os-update";

rj_status os_update_read_settings(check_task *task, os_update_settings *ret_settings)
{
    os_update_settings read = {.max_age_days = 14};
    rj_status status = check_task_integer(task, "maxAgeDays", 0, 3650, &read.max_age_days);

    if (!status)
        status = check_task_integer(task, "maxPendingSecurity", 0, 100000, &read.max_pending);
    if (!status)
        status = check_task_boolean(task, "allowPendingReboot", &read.allow_pending_reboot);
    if (!status)
        *ret_settings = read;
    return status;
}
