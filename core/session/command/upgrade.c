/* SPDX-License-Identifier: MIT */
/* realmjoin upgrade [ID] */
#include "session/command/follow.h"

static const rj_option options[] = {RJ_FOLLOW_OPTIONS, {NULL, 0, NULL, NULL}};

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    json_t *params = json_object();
    if (arguments->operand_count > 0 &&
        json_object_set_new(params, "id", json_string(arguments->operands[0])) != 0) {
        json_decref(params);
        return rj_cli_fail_usage(cli, "upgrade", "the id of a package is plain text");
    }
    return rj_follow_run(cli, arguments, "upgrade", params);
}

const rj_command rj_command_upgrade = {
    .name = "upgrade",
    .synopsis = "[--no-wait] [--exit-restart] [ID]",
    .summary = "upgrade a package, or all that are outdated",
    .help = "Installs the wanted version where an older one is installed; nothing else.\n",
    .options = options,
    .operands_most = 1,
    .run = run,
};
