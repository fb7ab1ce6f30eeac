/* SPDX-License-Identifier: MIT */
/* realmjoin policy check FILE | show */
#include "engine/policy.h"
#include "base/alloc.h"
#include "platform/file.h"
#include "session/command/command.h"
#include "session/program.h"
#include <string.h>

#define POLICY_MAX ((size_t)128 * 1024 * 1024)

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

/* ---- check ----------------------------------------------------------------------------------- */

static rj_status parse_file(const char *path, rj_policy **ret_policy, rj_error *err)
{
    char *absolute = NULL, *bytes = NULL;
    size_t length = 0;
    rj_status status = rj_program_absolute(path, &absolute, err);
    if (status == RJ_OK)
        status = rj_file_read(absolute, POLICY_MAX, &bytes, &length, err);
    if (status == RJ_OK) {
        rj_policy_source source = {path, bytes, length, RJ_UID_MACHINE};
        status = rj_policy_parse(&source, 1, ret_policy, err);
    }
    rj_free(bytes);
    rj_free(absolute);
    return status;
}

static void show_good(rj_cli *cli, const rj_policy *policy)
{
    rj_output *out = &cli->out;
    if (cli->json) {
        json_t *warnings = json_array();
        for (size_t i = 0; i < policy->warning_count; i++)
            json_array_append_new(warnings, json_string(policy->warnings[i]));
        json_t *document = json_pack("{s:b, s:I, s:s, s:o}", "ok", 1, "packages",
                                     (json_int_t)policy->assignment_count, "revision",
                                     policy->revision, "warnings", warnings);
        rj_say_json(out, document);
        json_decref(document);
        return;
    }
    rj_say(out, RJ_STYLE_GOOD, "ok");
    rj_say(out, RJ_STYLE_NONE, "  %zu package%s, revision %.12s", policy->assignment_count,
           policy->assignment_count == 1 ? "" : "s", policy->revision);
    if (policy->warning_count > 0)
        rj_say(out, RJ_STYLE_CARE, ", %zu warning%s", policy->warning_count,
               policy->warning_count == 1 ? "" : "s");
    rj_say(out, RJ_STYLE_NONE, "\n");
    for (size_t i = 0; i < policy->warning_count; i++)
        rj_say(out, RJ_STYLE_CARE, "warning: %s\n", rj_clean(out, policy->warnings[i]));
}

static int check(rj_cli *cli, const char *path)
{
    rj_policy *policy = NULL;
    rj_error error = RJ_ERROR_NONE;
    rj_status status = parse_file(path, &policy, &error);
    if (status == RJ_OK) {
        show_good(cli, policy);
        rj_policy_free(policy);
        return RJ_EXIT_OK;
    }
    if (cli->json) {
        json_t *document = json_pack("{s:b, s:s, s:s}", "ok", 0, "status", rj_status_name(status),
                                     "message", error.text);
        rj_say_json(&cli->out, document);
        json_decref(document);
    }
    rj_say_error(&cli->out, error.text);
    return status == RJ_E_NO_MEMORY ? RJ_EXIT_FAILED : RJ_EXIT_USAGE;
}

/* ---- show ------------------------------------------------------------------------------------ */

static void show_list(rj_output *out, const json_t *list, const char *word, rj_style style)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *text = json_is_string(item) ? json_string_value(item) : text_of(item, "name");
        rj_say(out, style, "%s%s\n", word, rj_clean(out, text));
    }
}

static void show_packages(rj_output *out, const json_t *packages)
{
    rj_table *table = rj_table_new(5);
    for (size_t i = 0; i < json_array_size(packages); i++) {
        const json_t *package = json_array_get(packages, i);
        bool mandatory = json_is_true(json_object_get(package, "mandatory"));
        bool hidden = json_is_true(json_object_get(package, "hidden"));
        rj_table_add(table, RJ_STYLE_STRONG, text_of(package, "id"));
        rj_table_add(table, RJ_STYLE_NONE, text_of(package, "version"));
        rj_table_add(table, RJ_STYLE_NONE, text_of(package, "scope"));
        rj_table_add(table, RJ_STYLE_NONE, text_of(package, "format"));
        rj_table_add(table, RJ_STYLE_NONE,
                     mandatory ? (hidden ? "mandatory, hidden" : "mandatory")
                               : (hidden ? "hidden" : "available"));
    }
    rj_table_print(table, out);
}

static void show_settings(rj_output *out, const json_t *settings)
{
    rj_table *table = rj_table_new(2);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)settings, key, value)
    {
        char *text = rj_json_print(value, NULL);
        rj_table_add(table, RJ_STYLE_NONE, key);
        rj_table_add(table, RJ_STYLE_FAINT, text);
        rj_free(text);
    }
    rj_table_print(table, out);
}

static int show(rj_cli *cli)
{
    json_t *policy = NULL;
    int code = rj_cli_ask_pages(cli, "policy", &policy);
    if (code != RJ_EXIT_OK)
        return code;
    rj_output *out = &cli->out;
    if (cli->json) {
        rj_say_json(out, policy);
    } else {
        const json_t *packages = json_object_get(policy, "packages");
        const char *revision = text_of(policy, "revision");
        if (revision[0])
            rj_say(out, RJ_STYLE_STRONG, "Revision %.12s, %zu packages\n", rj_clean(out, revision),
                   json_array_size(packages));
        else
            rj_say(out, RJ_STYLE_CARE, "There is no policy.\n");
        show_list(out, json_object_get(policy, "documents"), "document: ", RJ_STYLE_NONE);
        show_list(out, json_object_get(policy, "warnings"), "warning: ", RJ_STYLE_CARE);
        show_packages(out, packages);
        show_settings(out, json_object_get(policy, "settings"));
    }
    json_decref(policy);
    return RJ_EXIT_OK;
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    const char *what = arguments->operands[0];
    if (strcmp(what, "check") == 0 && arguments->operand_count == 2)
        return check(cli, arguments->operands[1]);
    if (strcmp(what, "show") == 0 && arguments->operand_count == 1)
        return show(cli);
    return rj_cli_fail_usage(cli, "policy", "it is `policy check FILE` or `policy show`");
}

const rj_command rj_command_policy = {
    .name = "policy",
    .synopsis = "check FILE | show",
    .summary = "check a policy file, or show the policy in force",
    .help =
        "check  needs no service: names file, place, what was expected and what was found, and\n"
        "       exits with 2 when the file is not a policy\n"
        "show   the caller's part; all of it for an administrator\n",
    .operands_least = 1,
    .operands_most = 2,
    .run = run,
};
