/* SPDX-License-Identifier: MIT */
/* realmjoin menu: the menu of the tray, in a terminal.  Not answering services are part of it. */
#include "session/cli/on_demand.h"
#include "session/command/command.h"
#include "session/ui/look.h"
#include <string.h>

static const char *text_of(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));
    return text ? text : "";
}

static void show_items(rj_output *out, const json_t *items, int level)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *kind = text_of(item, "kind");
        bool grey = !json_is_true(json_object_get(item, "enabled"));
        rj_style style = strcmp(kind, "heading") == 0 ? RJ_STYLE_STRONG
                         : grey                       ? RJ_STYLE_FAINT
                                                      : RJ_STYLE_NONE;
        if (strcmp(kind, "separator") == 0)
            rj_say(out, RJ_STYLE_NONE, "\n");
        else
            rj_say(out, style, "%*s%s\n", 2 * level, "", rj_clean(out, text_of(item, "text")));
        show_items(out, json_object_get(item, "items"), level + 1);
    }
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    (void)arguments;
    rj_error error = RJ_ERROR_NONE;
    json_t *model = NULL;
    rj_client_options options = {.loop = NULL};
    int code = rj_cli_make_loop(cli);
    if (code != RJ_EXIT_OK)
        return code;
    options.loop = cli->loop;
    options.socket_path = rj_path(cli->paths, RJ_PATH_SOCKET);
    if (rj_on_demand_connect(cli, &options, NULL, &cli->client, &error) != RJ_OK)
        rj_say_error(&cli->out, error.text); /* the menu says so, too, and what this device is */
    rj_status status = rj_ui_look(cli->loop, cli->client, cli->paths, false, &model, &error);
    if (status != RJ_OK)
        return rj_cli_fail(cli, status, &error);
    if (cli->json)
        rj_say_json(&cli->out, model);
    else
        show_items(&cli->out, json_object_get(model, "menu"), 0);
    json_decref(model);
    return RJ_EXIT_OK;
}

const rj_command rj_command_menu = {
    .name = "menu",
    .synopsis = "",
    .summary = "show the menu of the tray",
    .help =
        "The same menu as behind the icon, from the same model, in the same language; lines that\n"
        "do nothing on a click are faint.  --json prints the whole model; so does\n"
        "`realmjoin --dump-menu`, which starts no service.\n",
    .run = run,
};
