/* SPDX-License-Identifier: MIT */
/*
 * The plugin test host's second way to run a plugin: the built module in the real worker program, through
 * the agent's own proxy, confined by the grants its manifest asks for.
 *
 * A shared library of its own: the agent and the plugins have functions of the same names.
 * From the environment: RJ_TEST_PLUGIN, the folder with plugin.json and module; RJ_TEST_WORKER, the
 * program.
 */
#ifndef TEST_SUPPORT_PLUGIN_HOST_WORKER_H
#define TEST_SUPPORT_PLUGIN_HOST_WORKER_H

#include <realmjoin/plugin.h>
#include <stdbool.h>

typedef struct plugin_worker plugin_worker;

typedef struct plugin_worker_options {
    const rj_host *host; /* whose services the plugin gets */
    const char *root;    /* prefix of system paths */
    const char *scratch; /* a copy of program and module goes to "worker" below it */
    const char *state;
    const char *cache;
    bool without_root; /* whatever its manifest asks for */
    void *data;
    void (*misuse)(void *data, rj_op op, const char *text);
} plugin_worker_options;

/* NULL, or why it cannot be (static text). */
RJ_EXPORT const char *plugin_worker_open(const plugin_worker_options *options,
                                         plugin_worker **ret_worker);
/* After destroy(). */
RJ_EXPORT void plugin_worker_close(plugin_worker *worker);
/* To be used with plugin_worker_plugin(). */
RJ_EXPORT const rj_plugin_desc *plugin_worker_desc(void);
RJ_EXPORT rj_plugin *plugin_worker_plugin(const plugin_worker *worker);
RJ_EXPORT const char *plugin_worker_id(const plugin_worker *worker);

/* Turn when the descriptor is readable, or after at most `limit` ms as this changes it. */
RJ_EXPORT int plugin_worker_descriptor(const plugin_worker *worker);
RJ_EXPORT int plugin_worker_wait(const plugin_worker *worker, int limit);
RJ_EXPORT void plugin_worker_turn(plugin_worker *worker);

#endif
