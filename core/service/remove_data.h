/* SPDX-License-Identifier: MIT */
/*
 * realmjoinservice --remove-data: for the uninstallation.  State, policy, cache, own logs and settings of
 * the agent go, in the profiles of people as well; what packages have installed stays, and so does a
 * chocolatey/lib that is not empty.
 *
 * posix: the package manager's purge does that.
 */
#ifndef RJ_SERVICE_REMOVE_DATA_H
#define RJ_SERVICE_REMOVE_DATA_H

#include "service/service.h"

/* The exit code; RJ_SERVICE_BUSY while the service runs.  Says on stderr what it could not remove. */
int rj_service_remove_data(const rj_service_options *options);

#endif
