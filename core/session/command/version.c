/* SPDX-License-Identifier: MIT */
/* realmjoin version */
#include "session/command/command.h"

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

/* The service's answer, NULL when it is not running: that is no failure of this command. */
static json_t *ask_service(rj_cli *cli)
{
    json_t *result = NULL;
    if (rj_cli_make_loop(cli) != RJ_EXIT_OK)
        return NULL;
    rj_client_options options = {.loop = cli->loop,
                                 .socket_path = rj_path(cli->paths, RJ_PATH_SOCKET)};
    if (rj_client_connect(&options, &cli->client, NULL) != RJ_OK)
        return NULL;
    rj_client_call(cli->client, "version", NULL, RJ_CLI_DEADLINE_MS, &result, NULL, NULL);
    return result;
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    (void)arguments;
    json_t *service = ask_service(cli);
    if (cli->json) {
        json_t *document = json_pack("{s:s, s:O*}", "version", RJ_VERSION, "service", service);
        rj_say_json(&cli->out, document);
        json_decref(document);
    } else {
        rj_say(&cli->out, RJ_STYLE_NONE, "realmjoin %s\n", RJ_VERSION);
        if (service)
            rj_say(&cli->out, RJ_STYLE_NONE, "realmjoinservice %s, plugin ABI %s, pid %lld\n",
                   rj_clean(&cli->out, text_of(service, "version")),
                   rj_clean(&cli->out, text_of(service, "abi")),
                   (long long)json_integer_value(json_object_get(service, "pid")));
        else
            rj_say(&cli->out, RJ_STYLE_NONE, "realmjoinservice is not running\n");
    }
    json_decref(service);
    return RJ_EXIT_OK;
}

const rj_command rj_command_version = {
    .name = "version",
    .synopsis = "",
    .summary = "print the versions of this program and of the running service",
    .help = "",
    .run = run,
};
