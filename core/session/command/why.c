/* SPDX-License-Identifier: MIT */
/* realmjoin why ID: the answer, then the chain of reasons, then what happened before. */
#include "session/command/command.h"
#include <string.h>

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

static const char *verdict_words(const char *verdict)
{
    static const struct {
        const char *verdict, *words;
    } all[] = {{"install", "will be installed"},
               {"upgrade", "will be upgraded"},
               {"reinstall", "will be reinstalled"},
               {"uninstall", "will be removed"},
               {"nothing", "nothing to do"},
               {"held", "must wait"},
               {"refused", "refused"}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].verdict, verdict) == 0)
            return all[i].words;
    }
    return "unknown";
}

static void show_answer(rj_output *out, const json_t *why)
{
    const json_t *package = json_object_get(why, "package");
    const char *installed = text_of(package, "installed_version");
    rj_say(out, RJ_STYLE_STRONG, "%s", rj_clean(out, text_of(package, "id")));
    rj_say(out, RJ_STYLE_NONE, "  %s", rj_clean(out, text_of(package, "state")));
    if (installed[0])
        rj_say(out, RJ_STYLE_NONE, " %s", rj_clean(out, installed));
    rj_say(out, RJ_STYLE_NONE, ", %s\n", verdict_words(text_of(why, "verdict")));
    if (text_of(package, "reason")[0])
        rj_say(out, RJ_STYLE_NONE, "%s\n", rj_clean(out, text_of(package, "reason")));
}

static void show_reasons(rj_output *out, const json_t *reasons)
{
    if (json_array_size(reasons) > 0)
        rj_say(out, RJ_STYLE_FAINT, "\nReasons, in order of thought\n");
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const json_t *reason = json_array_get(reasons, i);
        const char *text = text_of(reason, "text");
        rj_say(out, RJ_STYLE_NONE, "  %zu. %s", i + 1,
               rj_clean(out, text[0] ? text : text_of(reason, "code")));
        rj_say(out, RJ_STYLE_FAINT, "  (%s)\n", rj_clean(out, text_of(reason, "code")));
    }
}

static void show_history(rj_output *out, const json_t *history)
{
    if (json_array_size(history) == 0)
        return;
    rj_say(out, RJ_STYLE_FAINT, "\nWhat happened before\n");
    rj_table *table = rj_table_new(5);
    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *entry = json_array_get(history, i);
        const json_t *success = json_object_get(entry, "success");
        rj_table_add(table, RJ_STYLE_NONE, "");
        rj_table_add(table, RJ_STYLE_NONE, text_of(entry, "when"));
        rj_table_add(table, json_is_false(success) ? RJ_STYLE_BAD : RJ_STYLE_GOOD,
                     json_is_false(success) ? "failed" : "ok");
        rj_table_add(table, RJ_STYLE_NONE, text_of(entry, "version"));
        rj_table_add(table, RJ_STYLE_FAINT, text_of(entry, "message"));
    }
    rj_table_print(table, out);
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    json_t *params = json_pack("{s:s}", "id", arguments->operands[0]);
    json_t *why = NULL;
    if (!params)
        return rj_cli_fail_usage(cli, "why", "the id of a package is plain text");
    int code = rj_cli_ask(cli, "why", params, &why);
    if (code != RJ_EXIT_OK)
        return code;
    if (cli->json) {
        rj_say_json(&cli->out, why);
    } else {
        show_answer(&cli->out, why);
        show_reasons(&cli->out, json_object_get(why, "reasons"));
        show_history(&cli->out, json_object_get(why, "history"));
    }
    json_decref(why);
    return RJ_EXIT_OK;
}

const rj_command rj_command_why = {
    .name = "why",
    .synopsis = "ID",
    .summary = "explain what is or is not done with a package",
    .help = "The answer first, then the chain of reasons that led to it.\n",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
