/* SPDX-License-Identifier: MIT */
/* realmjoin check [ID]: is this device safe, and how is that known? */
#include "session/command/command.h"
#include <string.h>

enum { REFRESH, VERBOSE };

static const rj_option options[] = {
    {"--refresh", 0, NULL, "look again now instead of showing the last result"},
    {"--verbose", 'v', NULL, "show the evidence"},
    {NULL, 0, NULL, NULL},
};

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

/* Red is kept for what blocks; a recommendation that is not met asks for care. */
static rj_style style_of(const json_t *check)
{
    const char *state = text_of(check, "state");
    if (strcmp(state, "ok") == 0)
        return RJ_STYLE_GOOD;
    if (strcmp(state, "not-met") == 0)
        return strcmp(text_of(check, "enforcement"), "enforced") == 0 ? RJ_STYLE_BAD
                                                                      : RJ_STYLE_CARE;
    return strcmp(state, "unknown") == 0 ? RJ_STYLE_CARE : RJ_STYLE_FAINT;
}

static bool blocks(const json_t *check)
{
    const char *state = text_of(check, "state");
    return strcmp(text_of(check, "enforcement"), "enforced") == 0 &&
           (strcmp(state, "not-met") == 0 || strcmp(state, "unknown") == 0);
}

static void show_evidence(rj_output *out, const json_t *check)
{
    const json_t *evidence = json_object_get(check, "evidence");
    rj_say(out, RJ_STYLE_STRONG, "\n%s", rj_clean(out, text_of(check, "id")));
    rj_say(out, RJ_STYLE_FAINT, "  %s\n", rj_clean(out, text_of(check, "plugin")));
    for (size_t i = 0; i < json_array_size(evidence); i++) {
        const json_t *item = json_array_get(evidence, i);
        rj_say(out, RJ_STYLE_NONE, "  %s: %s\n", rj_clean(out, text_of(item, "source")),
               rj_clean(out, text_of(item, "found")));
        if (text_of(item, "means")[0])
            rj_say(out, RJ_STYLE_FAINT, "      %s\n", rj_clean(out, text_of(item, "means")));
    }
    if (json_array_size(evidence) == 0)
        rj_say(out, RJ_STYLE_FAINT, "  no evidence\n");
}

static void show(rj_output *out, const json_t *checks, bool verbose)
{
    rj_table *table = rj_table_new(4);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        rj_table_add(table, style_of(check), text_of(check, "state"));
        rj_table_add(table, RJ_STYLE_STRONG, text_of(check, "id"));
        rj_table_add(table, RJ_STYLE_FAINT, text_of(check, "enforcement"));
        rj_table_add(table, RJ_STYLE_NONE, text_of(check, "summary"));
    }
    rj_table_print(table, out);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        if (text_of(check, "remedy")[0] && strcmp(text_of(check, "state"), "ok") != 0)
            rj_say(out, RJ_STYLE_NONE, "  -> %s: %s\n", rj_clean(out, text_of(check, "id")),
                   rj_clean(out, text_of(check, "remedy")));
    }
    for (size_t i = 0; verbose && i < json_array_size(checks); i++)
        show_evidence(out, json_array_get(checks, i));
}

/* A fresh look may take as long as its slowest check. */
static int ask_fresh(rj_cli *cli, json_t *params, json_t **ret_result)
{
    enum { DEADLINE_MS = 180000 };
    rj_error error = RJ_ERROR_NONE;
    int code = rj_cli_connect(cli, NULL, NULL, NULL);
    if (code != RJ_EXIT_OK) {
        json_decref(params);
        return code;
    }
    json_object_set_new(params, "refresh", json_true());
    rj_status status =
        rj_client_call(cli->client, "check", params, DEADLINE_MS, ret_result, NULL, &error);
    return status == RJ_OK ? RJ_EXIT_OK : rj_cli_fail(cli, status, &error);
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    json_t *params = json_object(), *result = NULL;
    if (arguments->operand_count > 0 &&
        json_object_set_new(params, "id", json_string(arguments->operands[0])) != 0) {
        json_decref(params);
        return rj_cli_fail_usage(cli, "check", "the id of a check is plain text");
    }
    int code = arguments->values[REFRESH] ? ask_fresh(cli, params, &result)
                                          : rj_cli_ask(cli, "check", params, &result);
    if (code != RJ_EXIT_OK)
        return code;
    const json_t *checks = json_object_get(result, "checks");
    if (cli->json)
        rj_say_json(&cli->out, result);
    else if (json_array_size(checks) == 0)
        rj_say(&cli->out, RJ_STYLE_CARE, "No check has been made yet; try --refresh.\n");
    else
        show(&cli->out, checks, arguments->values[VERBOSE] != NULL);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        if (blocks(json_array_get(checks, i)))
            code = RJ_EXIT_HELD;
    }
    json_decref(result);
    return code;
}

const rj_command rj_command_check = {
    .name = "check",
    .synopsis = "[--refresh] [--verbose] [ID]",
    .summary = "show the security checks of this device",
    .help =
        "Exits with 5 when an enforced check is not met, then mandatory software waits for it, or\n"
        "when it is unknown whether it is met.\n",
    .options = options,
    .operands_most = 1,
    .run = run,
};
