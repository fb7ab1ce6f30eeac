/* SPDX-License-Identifier: MIT */
#include "session/cli/on_demand.h"
#include "platform/system.h"
#include "session/service_control.h"

#define POLL_MS 50u

rj_status rj_on_demand_start(rj_cli *cli, rj_error *err)
{
    rj_service_state state = RJ_SERVICE_STOPPED;
    rj_error error = RJ_ERROR_NONE;
    if (cli->root || cli->stay_down) /* a root of its own is no installed service */
        return RJ_E_NOT_APPLICABLE;
    rj_status status = rj_service_control_query(&state, &error);
    if (status == RJ_OK && state == RJ_SERVICE_STOPPED) {
        rj_say_error(&cli->out, "The RealmJoin service is not running; starting it…");
        status = rj_service_control_start(&error);
    }
    if (status != RJ_OK && status != RJ_E_NOT_APPLICABLE && err)
        *err = error;
    return status;
}

/* It stops, or it ended as soon as it was started. */
static rj_status judge_silence(bool *started_again, rj_error *err)
{
    rj_service_state state = RJ_SERVICE_RUNS;
    rj_status status = rj_service_control_query(&state, err);
    if (status != RJ_OK || state != RJ_SERVICE_STOPPED)
        return status;
    if (*started_again)
        return rj_fail(err, RJ_E_NOT_STARTED,
                       "the RealmJoin service ended right after its start; its log says why");
    *started_again = true;
    return rj_service_control_start(err);
}

rj_status rj_on_demand_connect(rj_cli *cli, const rj_client_options *options,
                               bool (*meanwhile)(void *data), rj_client **ret_client, rj_error *err)
{
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_client_connect(options, ret_client, &error);
    bool started_again = false;
    if (status == RJ_E_NOT_FOUND) {
        rj_status started = rj_on_demand_start(cli, &error);
        if (started != RJ_OK && started != RJ_E_NOT_APPLICABLE)
            status = started;
        uint64_t end = rj_clock_monotonic_ms() + RJ_ON_DEMAND_LIMIT_MS;
        while (started == RJ_OK && status == RJ_E_NOT_FOUND && rj_clock_monotonic_ms() < end &&
               (!meanwhile || meanwhile(options->data))) {
            rj_cli_pause(cli, POLL_MS);
            status = rj_client_connect(options, ret_client, &error);
            if (status == RJ_E_NOT_FOUND)
                started = judge_silence(&started_again, &error);
        }
        if (status == RJ_E_NOT_FOUND && started != RJ_OK && started != RJ_E_NOT_APPLICABLE)
            status = started;
    }
    if (status != RJ_OK && err)
        *err = error;
    return status;
}
