/* SPDX-License-Identifier: MIT */
/* Which event log there is, see event_log.h. */
#include "platform/event_log.h"

#include "platform/event_log_system.h"
#include <stddef.h>

static rj_event_log now;

void rj_event_log_open(const rj_event_log *log)
{
    now = log ? *log : (rj_event_log){.report = rj_event_log_system};
}

void rj_event_log_close(void)
{
    now = (rj_event_log){0};
}

void rj_event_log_report(rj_event event, const char *about, const char *why)
{
    if (now.report)
        now.report(now.data, event, about, why ? why : "");
}
