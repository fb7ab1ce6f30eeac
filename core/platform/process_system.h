/* SPDX-License-Identifier: MIT */
/* What process.c and the system's half have of each other. */
#ifndef RJ_PLATFORM_PROCESS_SYSTEM_H
#define RJ_PLATFORM_PROCESS_SYSTEM_H

#include "platform/process.h"

rj_status rj_process_check_spec(const rj_process_spec *spec, rj_error *err);
/* The system's: as its own calls see it, so that on Windows a device is one, too. */
bool rj_process_is_absolute(const char *path);

#endif
