/* SPDX-License-Identifier: MIT */
/*
 * A host for one plugin in a unit test: every always-granted service plus spawn, on the calling
 * thread, without the agent.  Link the plugin's objects directly; the entry function is a symbol of
 * the test.
 *
 * With RJ_TEST_PLACEMENT=worker the same test is about the built module in a worker instead: the entry
 * function is not used (plugin_host_worker.h).
 *
 * Happy path: plugin_host_open() -> plugin_host_call() per method -> plugin_host_close().
 * Every misuse of the ABI by the plugin (no answer, two answers, failure without a message, result
 * that is not JSON, work left at close) is recorded and makes plugin_host_close() return it.
 */
#ifndef TEST_SUPPORT_PLUGIN_HOST_H
#define TEST_SUPPORT_PLUGIN_HOST_H

#include <realmjoin/plugin.h>
#include <stdbool.h>

typedef struct plugin_host plugin_host;

/* What came of one op. */
typedef struct plugin_answer {
    rj_status status;
    char message[4096]; /* finish()'s text, "" if none */
    char *result;       /* the pushed document, NULL if none; owned by the host until close */
    unsigned progress_calls;
} plugin_answer;

/* Whether this run is about plugins in workers. */
bool plugin_host_in_worker(void);
/* For plugins that are opened from now on: a service they do not get; NULL: none. */
void plugin_host_refuse(const char *service);
/* From now on plugins are opened and asked without root's rights, as "nobody", or with them again.
 * Does nothing where the test itself is not root. */
void plugin_host_without_root(bool without);

/*
 * `root` is the prefix of system paths; state and cache folders are made below `scratch`;
 * `settings_json` is the plugin's policy section ("{}").  Fails the running test on any error.
 */
plugin_host *plugin_host_open(const rj_plugin_desc *(*entry)(void), const char *root,
                              const char *scratch, const char *settings_json);
/* The plugin's table, or NULL. */
const void *plugin_host_table(plugin_host *host, const char *interface_id);
rj_plugin *plugin_host_plugin(plugin_host *host);

/* Make an op with a deadline and hand it to `call`; run loop and lane until it is answered (or
 * until deadline + 5 s: then status is RJ_E_ABANDONED).  `call` is where the test calls a method. */
plugin_answer plugin_host_call(plugin_host *host, int64_t deadline_ms,
                               void (*call)(rj_plugin *plugin, rj_op op, void *data), void *data);
/* The same, cancelled after `cancel_after_ms`. */
plugin_answer plugin_host_call_cancelled(plugin_host *host, int64_t deadline_ms,
                                         int64_t cancel_after_ms,
                                         void (*call)(rj_plugin *plugin, rj_op op, void *data),
                                         void *data);
/* All log lines so far, newline-separated. */
const char *plugin_host_log(plugin_host *host);
/* Stop and destroy the plugin; NULL if it behaved, else a text naming each misuse (static). */
const char *plugin_host_close(plugin_host *host);

#endif
