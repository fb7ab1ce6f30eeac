/* SPDX-License-Identifier: MIT */
/*
 * What stands for the exit code of a program that ended without one: killed at its time limit, stopped on
 * request, never started.
 *
 * win32: an error code of the system as other products know it, never 0, which they take for success.
 * posix: 0; the message says how it ended.
 */
#ifndef RJ_ENGINE_END_CODE_H
#define RJ_ENGINE_END_CODE_H

#include "base/status.h"
#include <stdint.h>

int32_t rj_end_code(rj_status status);

#endif
