/* SPDX-License-Identifier: MIT */
/* The system's own part of event_log.h. */
#ifndef RJ_PLATFORM_EVENT_LOG_SYSTEM_H
#define RJ_PLATFORM_EVENT_LOG_SYSTEM_H

#include "platform/event_log.h"

/* What cannot be written is left out: the agent's log has it. */
void rj_event_log_system(void *data, rj_event event, const char *about, const char *why);

#endif
