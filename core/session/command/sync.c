/* SPDX-License-Identifier: MIT */
/* realmjoin sync */
#include "session/command/follow.h"

static const rj_option options[] = {RJ_FOLLOW_OPTIONS, {NULL, 0, NULL, NULL}};

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    return rj_follow_run(cli, arguments, "sync", NULL);
}

const rj_command rj_command_sync = {
    .name = "sync",
    .synopsis = "[--no-wait] [--exit-restart]",
    .summary = "read the policy and do what it says now",
    .help = "The same that the service does by itself from time to time: read the policy, check\n"
            "the device, detect what is installed, install and upgrade what is mandatory.\n",
    .options = options,
    .run = run,
};
