/* SPDX-License-Identifier: MIT */
/*
 * realmjoinservice --remove-data: for the uninstallation.  State, policy, cache, own logs and settings of
 * the agent go; what packages have installed stays, and so does chocolatey/lib.
 *
 * posix: the package manager's purge does that.
 */
#ifndef RJ_SERVICE_REMOVE_DATA_H
#define RJ_SERVICE_REMOVE_DATA_H

#include "service/service.h"

/* The exit code; RJ_SERVICE_BUSY while the service runs.  Says on stderr what it could not remove. */
int rj_service_remove_data(const rj_service_options *options);

#endif
