/* SPDX-License-Identifier: MIT */
/* realmjoin help [COMMAND], and --help everywhere. */
#include "session/command/command.h"
#include "session/program.h"
#include <string.h>

static const rj_option instead[] = {
    {"--version", 0, NULL, "the same as the command version"},
    {"--dump-menu", 0, NULL, "the same as menu --json: the menu's model"},
    {NULL, 0, NULL, NULL},
};

static void show_options(rj_output *out, const rj_option *options)
{
    for (; options && options->name; options++) {
        char left[64];
        snprintf(left, sizeof left, "%s%c%s%s%s%s", options->letter ? "-" : "",
                 options->letter ? options->letter : ' ', options->letter ? ", " : "",
                 options->name, options->value ? " " : "", options->value ? options->value : "");
        rj_say(out, RJ_STYLE_NONE, "  %-20s %s\n", left[0] == ' ' ? left + 1 : left, options->help);
    }
}

static void show_all(rj_output *out)
{
    rj_say(out, RJ_STYLE_NONE,
           "Usage: realmjoin COMMAND [OPTIONS] [ARGUMENTS]\n"
           "       realmjoin realmjoin:install:ID\n"
           "\n"
           "Software that your organisation assigned to this device and to you.\n"
           "\n"
           "Commands:\n");
    for (size_t i = 0; rj_commands[i]; i++)
        rj_say(out, RJ_STYLE_NONE, "  %-10s %s\n", rj_commands[i]->name, rj_commands[i]->summary);
    rj_say(out, RJ_STYLE_NONE, "\nOptions of every command:\n");
    show_options(out, rj_global_options);
    rj_say(out, RJ_STYLE_NONE, "\nOptions instead of a command:\n");
    show_options(out, instead);
    rj_say(out, RJ_STYLE_NONE,
           "\n"
           "Exit codes:\n"
           "  0  done, or nothing was left to do\n"
           "  1  tried and failed\n"
           "  2  wrong usage or bad input; nothing was done\n"
           "  3  the service is not running or does not answer\n"
           "  4  refused: not assigned, not known, or not allowed\n"
           "  5  must wait: a check, a session, a dependency\n"
           "  6  done, and a restart is needed (only with --exit-restart)\n"
           "\n"
           "`realmjoin COMMAND --help` explains a command%s.\n",
           rj_program_manual);
}

static void show_command(rj_output *out, const rj_command *command)
{
    rj_say(out, RJ_STYLE_NONE, "Usage: realmjoin %s%s%s\n\n", command->name,
           command->synopsis[0] ? " " : "", command->synopsis);
    rj_say(out, RJ_STYLE_NONE, "%s\n", command->summary);
    if (command->help[0])
        rj_say(out, RJ_STYLE_NONE, "\n%s", command->help);
    if (command->options) {
        rj_say(out, RJ_STYLE_NONE, "\nOptions:\n");
        show_options(out, command->options);
    }
    rj_say(out, RJ_STYLE_NONE, "\nOptions of every command:\n");
    show_options(out, rj_global_options);
}

/* What tests and completion read: every command with its options. */
static void show_json(rj_output *out)
{
    json_t *commands = json_array();
    for (size_t i = 0; rj_commands[i]; i++) {
        json_t *options = json_array();
        for (const rj_option *at = rj_commands[i]->options; at && at->name; at++)
            json_array_append_new(options, json_string(at->name));
        json_array_append_new(commands,
                              json_pack("{s:s, s:s, s:s, s:o}", "name", rj_commands[i]->name,
                                        "synopsis", rj_commands[i]->synopsis, "summary",
                                        rj_commands[i]->summary, "options", options));
    }
    json_t *document = json_pack("{s:o}", "commands", commands);
    rj_say_json(out, document);
    json_decref(document);
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    if (arguments->operand_count == 0) {
        if (cli->json)
            show_json(&cli->out);
        else
            show_all(&cli->out);
        return RJ_EXIT_OK;
    }
    const rj_command *command = rj_command_find(arguments->operands[0]);
    if (!command)
        return rj_cli_fail_usage(cli, NULL, "there is no command of this name");
    show_command(&cli->out, command);
    return RJ_EXIT_OK;
}

const rj_command rj_command_help = {
    .name = "help",
    .synopsis = "[COMMAND]",
    .summary = "explain a command, or list all",
    .help = "",
    .operands_most = 1,
    .run = run,
};
