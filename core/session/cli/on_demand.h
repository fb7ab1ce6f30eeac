/* SPDX-License-Identifier: MIT */
/*
 * The service is started when somebody needs it and the system's service manager can do that; whoever
 * needs it is told, on stderr.
 */
#ifndef RJ_SESSION_CLI_ON_DEMAND_H
#define RJ_SESSION_CLI_ON_DEMAND_H

#include "session/cli/cli.h"

/* After a connection failed because nobody listens.  RJ_OK: it was started and shall be tried again, for
 * RJ_ON_DEMAND_LIMIT_MS at most.  RJ_E_NOT_APPLICABLE: nothing can be done here, and `err` is as before. */
#define RJ_ON_DEMAND_LIMIT_MS 30000u
rj_status rj_on_demand_start(rj_cli *cli, rj_error *err);

/* Like rj_client_connect(), and starts the service if it is not running.  `meanwhile`, NULL: nothing, gets the
 * options' data between the tries; false: it is not wanted any more. */
rj_status rj_on_demand_connect(rj_cli *cli, const rj_client_options *options,
                               bool (*meanwhile)(void *data), rj_client **ret_client,
                               rj_error *err);

#endif
