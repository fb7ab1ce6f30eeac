/* SPDX-License-Identifier: MIT */
/*
 * One command of `realmjoin` is one file with one const descriptor; commands.c lists them.  Help,
 * parsing of arguments and the tests of man page and completion are made from the descriptors.
 */
#ifndef RJ_SESSION_COMMAND_COMMAND_H
#define RJ_SESSION_COMMAND_COMMAND_H

#include "base/status.h"
#include "session/cli/cli.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct rj_option {
    const char *name;  /* "--lines"; NULL ends the list */
    char letter;       /* 'n' for "-n"; 0: none */
    const char *value; /* what it takes: "N"; NULL: it is a switch */
    const char *help;
} rj_option;

enum { RJ_OPTIONS_MAX = 8, RJ_OPERANDS_MAX = 3 };

/* Values in the order of the command's options: NULL if not given, "" for a switch. */
typedef struct rj_arguments {
    const char *values[RJ_OPTIONS_MAX];
    const char *operands[RJ_OPERANDS_MAX];
    size_t operand_count;
} rj_arguments;

typedef struct rj_command {
    const char *name;
    const char *synopsis;     /* behind the name */
    const char *summary;      /* one line, no full stop */
    const char *help;         /* more, may be "" */
    const rj_option *options; /* NULL: none of its own */
    size_t operands_least, operands_most;
    int (*run)(rj_cli *cli, const rj_arguments *arguments); /* returns the exit code */
} rj_command;

extern const rj_command *const rj_commands[]; /* NULL ends the list */
extern const rj_option rj_global_options[];

extern const rj_command rj_command_status, rj_command_list, rj_command_install,
    rj_command_uninstall, rj_command_upgrade, rj_command_sync, rj_command_why, rj_command_check,
    rj_command_log, rj_command_plugin, rj_command_policy, rj_command_service, rj_command_version,
    rj_command_session, rj_command_tray, rj_command_menu, rj_command_link, rj_command_help;

const rj_command *rj_command_find(const char *name); /* NULL: none */

/* Global options go into `cli`, wherever they stand; "--" ends the options.  `command` NULL: only
 * global options, reading stops at the first operand.  *ret_used: how many were read. */
rj_status rj_arguments_read(rj_cli *cli, const rj_command *command, int count,
                            const char *const *arguments, rj_arguments *ret_arguments,
                            int *ret_used, rj_error *err);

#endif
