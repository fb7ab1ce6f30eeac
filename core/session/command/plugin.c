/* SPDX-License-Identifier: MIT */
/* realmjoin plugin list | info ID | enable ID | disable ID | quarantine [--clear] ID */
#include "session/command/command.h"
#include "session/command/plugin_view.h"
#include <string.h>

enum { CLEAR };

static const rj_option options[] = {
    {"--clear", 0, NULL, "with quarantine: lift it"},
    {NULL, 0, NULL, NULL},
};

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

/* ---- Looking --------------------------------------------------------------------------------- */

static int list(rj_cli *cli)
{
    json_t *answer = NULL;
    int code = rj_cli_ask(cli, "plugins", NULL, &answer);
    if (code != RJ_EXIT_OK)
        return code;
    if (cli->json)
        rj_say_json(&cli->out, answer);
    else
        rj_plugin_show_list(&cli->out, json_object_get(answer, "plugins"));
    json_decref(answer);
    return RJ_EXIT_OK;
}

/* Another folder may claim the same id; it is refused, and worth knowing. */
static void show_rivals(rj_output *out, const json_t *plugins, const json_t *shown)
{
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *plugin = json_array_get(plugins, i);
        if (plugin != shown && strcmp(text_of(plugin, "id"), text_of(shown, "id")) == 0)
            rj_say(out, RJ_STYLE_CARE, "Also there  %s: %s\n",
                   rj_clean(out, text_of(plugin, "folder")),
                   rj_clean(out, text_of(plugin, "reason")));
    }
}

static const json_t *find(const json_t *plugins, const char *id)
{
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        if (strcmp(text_of(json_array_get(plugins, i), "id"), id) == 0)
            return json_array_get(plugins, i);
    }
    return NULL;
}

static int info(rj_cli *cli, const char *id)
{
    json_t *answer = NULL;
    int code = rj_cli_ask(cli, "plugins", NULL, &answer);
    if (code != RJ_EXIT_OK)
        return code;
    const json_t *plugins = json_object_get(answer, "plugins");
    const json_t *plugin = find(plugins, id);
    if (!plugin) {
        rj_error error = RJ_ERROR_NONE;
        rj_fail(&error, RJ_E_NOT_FOUND, "there is no plugin \"%.64s\"; see `realmjoin plugin list`",
                id);
        code = rj_cli_fail(cli, RJ_E_NOT_FOUND, &error);
    } else if (cli->json) {
        rj_say_json(&cli->out, plugin);
    } else {
        rj_plugin_show(&cli->out, plugin);
        show_rivals(&cli->out, plugins, plugin);
    }
    json_decref(answer);
    return code;
}

/* ---- Orders ---------------------------------------------------------------------------------- */

static void show_outcome(rj_output *out, const json_t *plugin)
{
    const char *state = text_of(plugin, "state"), *reason = text_of(plugin, "reason");
    bool ready = strcmp(state, "ready") == 0;
    rj_say(out, RJ_STYLE_STRONG, "%s", rj_clean(out, text_of(plugin, "id")));
    if (ready)
        rj_say(out, RJ_STYLE_GOOD, " is ready\n");
    else
        rj_say(out, RJ_STYLE_NONE, ": %s\n", rj_clean(out, reason[0] ? reason : state));
}

static int order(rj_cli *cli, const char *method, json_t *params)
{
    json_t *answer = NULL;
    if (!params)
        return rj_cli_fail_usage(cli, "plugin", "the id of a plugin is plain text");
    int code = rj_cli_ask(cli, method, params, &answer);
    if (code != RJ_EXIT_OK)
        return code;
    const json_t *plugin = json_object_get(answer, "plugin");
    if (cli->json)
        rj_say_json(&cli->out, plugin);
    else
        show_outcome(&cli->out, plugin);
    json_decref(answer);
    return RJ_EXIT_OK;
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    const char *what = arguments->operands[0];
    const char *id = arguments->operand_count == 2 ? arguments->operands[1] : NULL;
    bool clear = arguments->values[CLEAR] != NULL;
    if (clear && strcmp(what, "quarantine") != 0)
        return rj_cli_fail_usage(cli, "plugin", "--clear belongs to `plugin quarantine ID`");
    if (strcmp(what, "list") == 0 && !id)
        return list(cli);
    if (strcmp(what, "info") == 0 && id)
        return info(cli, id);
    if (strcmp(what, "enable") == 0 && id)
        return order(cli, "plugin.enable", json_pack("{s:s}", "id", id));
    if (strcmp(what, "disable") == 0 && id)
        return order(cli, "plugin.disable", json_pack("{s:s}", "id", id));
    if (strcmp(what, "quarantine") == 0 && id)
        return order(cli, "plugin.quarantine",
                     json_pack("{s:s, s:b}", "id", id, "clear", (int)clear));
    return rj_cli_fail_usage(cli, "plugin",
                             "it is `plugin list` or `plugin info|enable|disable|quarantine ID`");
}

const rj_command rj_command_plugin = {
    .name = "plugin",
    .synopsis = "list | info ID | enable ID | disable ID | quarantine [--clear] ID",
    .summary = "look at the agent's plugins, and rule over them",
    .help =
        "list        all plugins, those in trouble first\n"
        "info        everything about one, and what to do when it does not run\n"
        "enable      use it again, or try to load again one that was not loaded (administrators)\n"
        "disable     use it no more, also after a restart (administrators)\n"
        "quarantine  never run its file as it is now, by its SHA-256; another file under the\n"
        "            same id may run (administrators)\n",
    .options = options,
    .operands_least = 1,
    .operands_most = 2,
    .run = run,
};
