/* SPDX-License-Identifier: MIT */
/*
 * realmjoin link TEXT, or the link alone: what a browser or the desktop calls.
 *
 * The text is data from anywhere: it is parsed by its grammar here, and the service decides with the
 * knowledge that a link asked.
 */
#include "engine/policy.h"
#include "session/command/follow.h"
#include <string.h>

static const rj_option options[] = {RJ_FOLLOW_OPTIONS, {NULL, 0, NULL, NULL}};

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    static const char *const methods[] = {"install", "upgrade", "sync"};
    const char *text = arguments->operands[0];
    rj_link_verb verb;
    char id[132] = "";
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_link_parse(text, strlen(text), &verb, id, &error);
    if (status != RJ_OK)
        return rj_cli_fail(cli, status, &error);
    json_t *params = json_pack("{s:b}", "link", 1);
    if (id[0])
        json_object_set_new(params, "id", json_string(id));
    return rj_follow_run(cli, arguments, methods[verb], params);
}

const rj_command rj_command_link = {
    .name = "link",
    .synopsis = "[--no-wait] [--exit-restart] TEXT",
    .summary = "do what a realmjoin: link says",
    .help = "Links: realmjoin:install:ID, realmjoin:upgrade:ID, realmjoin:sync:\n"
            "`realmjoin realmjoin:install:ID` means the same; it takes exactly one argument.\n"
            "A link installs only what is assigned to you, and no hidden packages.\n",
    .options = options,
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
