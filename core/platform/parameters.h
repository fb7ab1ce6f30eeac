/* SPDX-License-Identifier: MIT */
/*
 * The few whole numbers an installer or administrator sets: NoGraph, DeploymentPhase.
 *
 * posix: members of the object in parameters.json.  win32: REG_DWORD values of
 * HKLM\SYSTEM\CurrentControlSet\Services\realmjoin\Parameters.  Names compare without case.
 */
#ifndef RJ_PLATFORM_PARAMETERS_H
#define RJ_PLATFORM_PARAMETERS_H

#include "platform/paths.h"
#include <stdint.h>

/* RJ_E_NOT_FOUND: absent.  RJ_E_INVALID: there, but not a whole number (`true`/`false` count as 1 and 0
 * where the place knows them). */
rj_status rj_parameters_get(const rj_paths *paths, const char *name, int64_t *ret_value,
                            rj_error *err);
/* Durable when it returns; other parameters stay as they are.  0 to 4294967295, else RJ_E_INVALID. */
rj_status rj_parameters_set(const rj_paths *paths, const char *name, int64_t value, rj_error *err);

#endif
