/* SPDX-License-Identifier: MIT */
/* Options and operands of a command line, by the command's descriptor. */
#include "session/command/command.h"
#include <stdio.h>
#include <string.h>

const rj_option rj_global_options[] = {
    {"--root", 0, "DIR", "use the agent whose paths lie below DIR (or the environment's RJ_ROOT)"},
    {"--json", 0, NULL, "print the result as JSON"},
    {"--plain", 0, NULL, "no colour, no redrawing: one line an event"},
    {"--help", 'h', NULL, "explain the command"},
    {NULL, 0, NULL, NULL},
};

typedef struct reader {
    rj_cli *cli;
    const rj_command *command;
    int count;
    const char *const *arguments;
    int at;
    rj_arguments result;
} reader;

static bool is_named(const rj_option *option, const char *argument, size_t length)
{
    if (option->letter && length == 2 && argument[0] == '-' && argument[1] == option->letter)
        return true;
    return strlen(option->name) == length && strncmp(option->name, argument, length) == 0;
}

static const rj_option *find(const rj_option *options, const char *argument, size_t length)
{
    for (const rj_option *option = options; option && option->name; option++) {
        if (is_named(option, argument, length))
            return option;
    }
    return NULL;
}

static rj_status take_value(reader *self, const rj_option *option, const char *attached,
                            const char **ret_value, rj_error *err)
{
    if (!option->value) {
        if (attached)
            return rj_fail(err, RJ_E_INVALID, "%s takes no value", option->name);
        *ret_value = "";
        return RJ_OK;
    }
    if (!attached && self->at + 1 < self->count)
        attached = self->arguments[++self->at];
    if (!attached)
        return rj_fail(err, RJ_E_INVALID, "%s needs a value: %s", option->name, option->value);
    *ret_value = attached;
    return RJ_OK;
}

static void set_global(rj_cli *cli, const rj_option *option, const char *value)
{
    if (strcmp(option->name, "--root") == 0)
        cli->root = value;
    else if (strcmp(option->name, "--json") == 0)
        cli->json = true;
    else if (strcmp(option->name, "--plain") == 0)
        cli->plain = true;
    else
        cli->help = true;
}

static rj_status take_option(reader *self, rj_error *err)
{
    const char *argument = self->arguments[self->at];
    const char *equals = strncmp(argument, "--", 2) == 0 ? strchr(argument, '=') : NULL;
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    const rj_option *own = self->command ? self->command->options : NULL;
    const rj_option *option = find(own, argument, length);
    bool global = !option;
    if (global)
        option = find(rj_global_options, argument, length);
    if (!option)
        return rj_fail(err, RJ_E_INVALID, "unknown option \"%s\"", argument);
    const char *value = NULL;
    rj_status status = take_value(self, option, equals ? equals + 1 : NULL, &value, err);
    if (status != RJ_OK)
        return status;
    if (global)
        set_global(self->cli, option, value);
    else
        self->result.values[option - own] = value;
    return RJ_OK;
}

static rj_status take_operand(reader *self, rj_error *err)
{
    if (self->result.operand_count >= self->command->operands_most)
        return rj_fail(err, RJ_E_INVALID, "unexpected argument \"%s\"", self->arguments[self->at]);
    self->result.operands[self->result.operand_count++] = self->arguments[self->at];
    return RJ_OK;
}

rj_status rj_arguments_read(rj_cli *cli, const rj_command *command, int count,
                            const char *const *arguments, rj_arguments *ret_arguments,
                            int *ret_used, rj_error *err)
{
    reader self = {.cli = cli, .command = command, .count = count, .arguments = arguments};
    bool only_operands = false;
    for (; self.at < count; self.at++) {
        const char *argument = arguments[self.at];
        bool is_option = !only_operands && argument[0] == '-' && argument[1];
        rj_status status = RJ_OK;
        if (is_option && strcmp(argument, "--") == 0)
            only_operands = true;
        else if (is_option)
            status = take_option(&self, err);
        else if (!command)
            break;
        else
            status = take_operand(&self, err);
        if (status != RJ_OK)
            return status;
    }
    if (command && !cli->help && self.result.operand_count < command->operands_least)
        return rj_fail(err, RJ_E_INVALID, "an argument is missing");
    *ret_arguments = self.result;
    *ret_used = self.at;
    return RJ_OK;
}
