/* SPDX-License-Identifier: MIT */
#include "platform/event_log_system.h"

void rj_event_log_system(void *data, rj_event event, const char *about, const char *why)
{
    (void)data, (void)event, (void)about, (void)why;
}
