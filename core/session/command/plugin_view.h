/* SPDX-License-Identifier: MIT */
/* Plugins for people: all in a table, or everything about one in words.  Entries as in docs/ipc.md. */
#ifndef RJ_SESSION_COMMAND_PLUGIN_VIEW_H
#define RJ_SESSION_COMMAND_PLUGIN_VIEW_H

#include "session/cli/output.h"

/* Those in trouble first, and why. */
void rj_plugin_show_list(rj_output *out, const json_t *plugins);
/* With what to do next when it does not run. */
void rj_plugin_show(rj_output *out, const json_t *plugin);

#endif
