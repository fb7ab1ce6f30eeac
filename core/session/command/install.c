/* SPDX-License-Identifier: MIT */
/* realmjoin install ID */
#include "session/command/follow.h"

static const rj_option options[] = {
    RJ_FOLLOW_OPTIONS,
    {"--retry", 0, NULL, "try again although it failed before"},
    {NULL, 0, NULL, NULL},
};

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    json_t *params = json_pack("{s:s}", "id", arguments->operands[0]);
    if (!params)
        return rj_cli_fail_usage(cli, "install", "the id of a package is plain text");
    if (arguments->values[RJ_FOLLOW_OPTION_COUNT])
        json_object_set_new(params, "retry", json_true());
    return rj_follow_run(cli, arguments, "install", params);
}

const rj_command rj_command_install = {
    .name = "install",
    .synopsis = "[--retry] [--no-wait] [--exit-restart] ID",
    .summary = "install a package that is assigned to you",
    .help = "Makes sure that the package is installed, with what it depends on.  Shows the plan,\n"
            "the progress and the result.  Nothing happens when it is installed already.\n"
            "Ctrl-C leaves; the installation goes on.\n",
    .options = options,
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
