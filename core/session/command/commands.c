/* SPDX-License-Identifier: MIT */
/* The commands of `realmjoin`, in the order of the help. */
#include "session/command/command.h"
#include <string.h>

const rj_command *const rj_commands[] = {
    &rj_command_status,
    &rj_command_list,
    &rj_command_install,
    &rj_command_uninstall,
    &rj_command_upgrade,
    &rj_command_sync,
    &rj_command_why,
    &rj_command_check,
    &rj_command_log,
    &rj_command_policy,
    &rj_command_plugin,
    &rj_command_service,
    &rj_command_session,
    &rj_command_tray,
    &rj_command_menu,
    &rj_command_link,
    &rj_command_version,
    &rj_command_help,
    NULL,
};

const rj_command *rj_command_find(const char *name)
{
    for (size_t i = 0; rj_commands[i]; i++) {
        if (strcmp(rj_commands[i]->name, name) == 0)
            return rj_commands[i];
    }
    return NULL;
}
