/* SPDX-License-Identifier: MIT */
/* How the plugin test host starts programs on Windows: as the agent does. */
#ifndef TEST_SUPPORT_PLUGIN_HOST_COMMAND_H
#define TEST_SUPPORT_PLUGIN_HOST_COMMAND_H

#include <windows.h>

#include <realmjoin/plugin.h>

typedef struct host_command {
    wchar_t *program;
    wchar_t *line;
    wchar_t *directory;
    wchar_t *environment;
} host_command;

/* .cmd by System32\cmd.exe, .ps1 by Windows PowerShell, anything else itself.  Fails the running
 * test on arguments that cmd would not leave alone: a plugin has to refuse them. */
void host_command_make(const rj_spawn *spawn, host_command *ret_command);
void host_command_free(host_command *command);

#endif
