/* SPDX-License-Identifier: MIT */
/* realmjoin list: every package the caller may see, with its state and the deciding reason. */
#include "session/command/command.h"
#include <string.h>

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

static rj_style style_of(const char *state)
{
    if (strcmp(state, "installed") == 0)
        return RJ_STYLE_GOOD;
    return strcmp(state, "not-installed") == 0 ? RJ_STYLE_NONE : RJ_STYLE_CARE;
}

static const char *next_word(const char *verdict)
{
    return strcmp(verdict, "nothing") == 0 ? "" : verdict;
}

static void add_row(rj_table *table, const json_t *package)
{
    const char *state = text_of(package, "state");
    const char *verdict = text_of(package, "verdict");
    bool trouble = strcmp(verdict, "held") == 0 || strcmp(verdict, "refused") == 0;
    rj_table_add(table, RJ_STYLE_STRONG, text_of(package, "id"));
    rj_table_add(table, style_of(state), state);
    rj_table_add(table, RJ_STYLE_NONE, text_of(package, "installed_version"));
    rj_table_add(table, RJ_STYLE_NONE, text_of(package, "version"));
    const char *next = next_word(verdict), *why = text_of(package, "reason");
    bool restart = !*next && json_is_true(json_object_get(package, "restart_pending"));
    if (restart)
        why = "a restart completes what was done last";
    rj_table_add(table, trouble || restart ? RJ_STYLE_CARE : RJ_STYLE_NONE,
                 restart ? "restart" : next);
    rj_table_add(table, RJ_STYLE_FAINT, why);
}

static void show(rj_output *out, const json_t *packages)
{
    static const char *const heads[] = {"PACKAGE", "STATE", "INSTALLED", "WANTED", "NEXT", "WHY"};
    if (json_array_size(packages) == 0) {
        rj_say(out, RJ_STYLE_NONE, "No package is assigned to you, and none is installed.\n");
        return;
    }
    rj_table *table = rj_table_new(sizeof heads / sizeof heads[0]);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        rj_table_add(table, RJ_STYLE_FAINT, heads[i]);
    for (size_t i = 0; i < json_array_size(packages); i++)
        add_row(table, json_array_get(packages, i));
    rj_table_print(table, out);
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    json_t *list = NULL;
    (void)arguments;
    int code = rj_cli_ask_pages(cli, "list", &list);
    if (code != RJ_EXIT_OK)
        return code;
    if (cli->json)
        rj_say_json(&cli->out, list);
    else
        show(&cli->out, json_object_get(list, "packages"));
    json_decref(list);
    return RJ_EXIT_OK;
}

const rj_command rj_command_list = {
    .name = "list",
    .synopsis = "",
    .summary = "show the packages that are assigned to you or installed",
    .help =
        "NEXT is what the next sync would do, or \"restart\" if one is needed, WHY the deciding\n"
        "reason; `realmjoin why ID` has the whole chain.\n",
    .run = run,
};
