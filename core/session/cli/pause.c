/* SPDX-License-Identifier: MIT */
#include "session/cli/cli.h"

static void on_due(void *data)
{
    rj_loop_stop(data);
}

void rj_cli_pause(rj_cli *cli, uint64_t time_ms)
{
    rj_timer *timer = NULL;
    if (rj_timer_start(cli->loop, time_ms, 0, on_due, cli->loop, &timer, NULL) == RJ_OK)
        rj_loop_run(cli->loop);
    rj_timer_stop(timer);
}
