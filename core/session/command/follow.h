/* SPDX-License-Identifier: MIT */
/*
 * Ask for a run and follow it to its end: install, uninstall, upgrade, sync and links.
 *
 *     connect --> subscribe --> be the user's session if there is none --> ask --> show events --> end
 *
 * Ctrl-C leaves; the run goes on in the service.
 */
#ifndef RJ_SESSION_COMMAND_FOLLOW_H
#define RJ_SESSION_COMMAND_FOLLOW_H

#include "session/command/command.h"

/* The options that all these commands share, first in their lists. */
#define RJ_FOLLOW_OPTIONS                                                                          \
    {"--no-wait", 0, NULL, "only ask; do not wait for the end"},                                   \
    {                                                                                              \
        "--exit-restart", 0, NULL, "exit with code 6 when a restart is needed"                     \
    }
enum { RJ_FOLLOW_NO_WAIT, RJ_FOLLOW_EXIT_RESTART, RJ_FOLLOW_OPTION_COUNT };

/* `params` is taken.  Returns the exit code. */
int rj_follow_run(rj_cli *cli, const rj_arguments *arguments, const char *method, json_t *params);

#endif
