/* SPDX-License-Identifier: MIT */
/* realmjoin uninstall ID */
#include "session/command/follow.h"

static const rj_option options[] = {RJ_FOLLOW_OPTIONS, {NULL, 0, NULL, NULL}};

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    json_t *params = json_pack("{s:s}", "id", arguments->operands[0]);
    if (!params)
        return rj_cli_fail_usage(cli, "uninstall", "the id of a package is plain text");
    return rj_follow_run(cli, arguments, "uninstall", params);
}

const rj_command rj_command_uninstall = {
    .name = "uninstall",
    .synopsis = "[--no-wait] [--exit-restart] ID",
    .summary = "remove an installed package",
    .help = "Packages of the machine are removed by an administrator only, packages of a user by "
            "that user.\n"
            "A mandatory package comes back with the next sync.\n",
    .options = options,
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
