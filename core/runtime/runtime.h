/* SPDX-License-Identifier: MIT */
/*
 * What the rest of the core sees of plugins: load them, ask them, stop them.
 *
 * Behind this: manifest.c (plugin.json before any code), loader.c (checks, then maps), registry.c
 * (who offers what), grant.c (what each may do), op.c (checked handles, deadlines, exactly one
 * answer), lane.c (a thread a plugin for blocking work), runner.c (the only file that calls a
 * plugin's table), host/ (the services plugins call).
 *
 * Every question is answered exactly once, on the loop, on a later turn than the one that asked --
 * also when the plugin is missing, refused, crashed its promise or does not answer.
 */
#ifndef RJ_RUNTIME_RUNTIME_H
#define RJ_RUNTIME_RUNTIME_H

#include "base/status.h"
#include "platform/paths.h"
#include "runtime/loop.h"
#include <jansson.h>
#include <stdbool.h>

typedef struct rj_runtime rj_runtime;

/* Durable small values of plugins; called from any thread.  Implemented by the engine's store. */
typedef struct rj_kv_backend {
    void *data;
    rj_status (*get)(void *data, const char *plugin_id, const char *key, rj_sink sink,
                     void *sink_data, rj_error *err);
    rj_status (*set)(void *data, const char *plugin_id, const char *key, const void *bytes,
                     size_t length, rj_error *err);
    rj_status (*remove)(void *data, const char *plugin_id, const char *key, rj_error *err);
} rj_kv_backend;

typedef struct rj_runtime_options {
    rj_loop *loop;
    const rj_paths *paths;
    rj_role role;
    rj_kv_backend kv;
    /* The "Plugins" section of the policy: {"<id>": {"Enabled": true, "Settings": {...},
     * "Grant": ["spawn:/usr/bin/true"]}}; NULL for none.  Borrowed; changes by
     * rj_runtime_configure().  Built-in plugins (below RJ_PATH_PLUGINS) get what their manifest
     * asks for unless the policy names a Grant list; third-party ones get only what it names. */
    const json_t *plugins_policy;
    /* There is a policy and it cannot be read: plugins of others are refused until
     * rj_runtime_configure() says what it allows them. */
    bool policy_unknown;
    uint64_t grace_ms;        /* after a deadline, before an op is abandoned; 0: 5,000 */
    uint64_t worker_idle_ms;  /* a worker without work ends after that; 0: 60,000 */
    uint64_t worker_start_ms; /* a worker must be ready by then; 0: 10,000 */
    uint64_t crash_wait_ms;   /* before the start after a crash, see crash_policy.h; 0: 1,000 */
} rj_runtime_options;

rj_status rj_runtime_new(const rj_runtime_options *options, rj_runtime **ret_runtime,
                         rj_error *err);
/* Scan the plugin folders, read manifests, load and create what is enabled.  A plugin that cannot
 * be loaded is logged, kept with its reason for rj_runtime_describe(), and does not stop others.
 * [loop] */
rj_status rj_runtime_load(rj_runtime *runtime, rj_error *err);
/* New policy section: settings are pushed (event "host.config"), Enabled and Grant applied at the
 * next start; what was refused while the policy was unknown is judged again.  [loop] */
void rj_runtime_configure(rj_runtime *runtime, const json_t *plugins_policy);
/* Refuse new questions, cancel what runs, stop plugins in reverse order of loading, then call
 * `stopped`.  Takes at most grace_ms beyond the longest cancellation.  [loop] */
void rj_runtime_stop(rj_runtime *runtime, void (*stopped)(void *data), void *data);
/* Only after `stopped` was called.  False: a plugin did not end and is left behind with all it uses;
 * then leave the program without freeing the loop and the backends. */
bool rj_runtime_free(rj_runtime *runtime);

/*
 * The administrator's word, kept beyond a restart.  Both end what the plugin is doing; an unknown id
 * is RJ_E_NOT_FOUND, what came of a plugin that was to be put back and cannot be is the error.
 * Disabling and setting aside that cannot be kept fail, and hold until the next start.  The policy's
 * "Enabled": false cannot be lifted here.  [loop]
 */
rj_status rj_runtime_set_enabled(rj_runtime *runtime, const char *id, bool enabled, rj_error *err);
/* The plugin's file as it is loaded, or else as it lies in its folder. */
rj_status rj_runtime_set_quarantined(rj_runtime *runtime, const char *id, bool quarantined,
                                     rj_error *err);
/* Look whether plugins in workers, or such as could not be loaded, have other files by now, and load
 * those again.  [loop] */
void rj_runtime_refresh(rj_runtime *runtime);
/* `changed` is called on a later turn whenever plugins came into or went out of service.  [loop] */
void rj_runtime_on_changed(rj_runtime *runtime, void (*changed)(void *data), void *data);

/* [{"id","version","state":"ready|refused|failed|disabled|quarantined|stopping|stopped","reason",
 *   "folder","sha256","built_in","provides":[..],"checks":[..],
 *   "formats":[..],"granted":[..],"refused":[..],"ops":n,"last_error","isolation"}] new reference */
json_t *rj_runtime_describe(rj_runtime *runtime);
/* All in-flight work, one text a line, for stop and for logs: ops, lane jobs, children, timers. */
json_t *rj_runtime_in_flight(rj_runtime *runtime);

/* ---- Questions ------------------------------------------------------------------------------- */

/* What a plugin attached to its answer: wiped after `answered` has returned. */
typedef struct rj_attached_secret {
    const struct rj_attached_secret *next;
    const char *name;
    const void *bytes;
    size_t length;
} rj_attached_secret;

typedef struct rj_answer {
    rj_status status;
    const char *message;   /* "<plugin id>: ..." on failure, never "" then; "" on success */
    json_t *result;        /* parsed result document, borrowed; NULL if none */
    const char *plugin_id; /* who answered; "" if nobody could be asked */
    const rj_attached_secret *secrets; /* NULL: none; only with RJ_OK */
} rj_answer;

typedef struct rj_question {
    const char *correlation; /* copied; goes into every log line of the op */
    int64_t deadline_ms;     /* from now */
    void (*answered)(void *data, const rj_answer *answer);
    void (*progressed)(void *data, int permille, const char *text); /* may be NULL; coalesced */
    /* What the programs of this question write, as it comes: any bytes (output_feed.h).  `line`: number of the
     * first line, 0: not counted.  May be NULL.  Never with a secret, which a program could write. */
    void (*wrote)(void *data, uint64_t line, const char *bytes, size_t length);
    void *data;
    const void *secret; /* for the plugin to read while it works; copied; NULL: none */
    size_t secret_length;
} rj_question;

/* A number to cancel the question with; 0 only when out of memory -- then it is still answered. */
typedef uint64_t rj_question_id;

/* "firewall", ...: ids of every check some loaded plugin offers; NULL-terminated, owned by the
 * runtime until the next load. */
const char *const *rj_runtime_check_ids(rj_runtime *runtime);
rj_question_id rj_runtime_evaluate(rj_runtime *runtime, const char *check_id,
                                   const rj_question *question);

typedef enum rj_package_verb {
    RJ_PACKAGE_DETECT,
    RJ_PACKAGE_FETCH,
    RJ_PACKAGE_INSTALL,
    RJ_PACKAGE_UNINSTALL,
    RJ_PACKAGE_RECOVER
} rj_package_verb;

bool rj_runtime_has_format(rj_runtime *runtime, const char *format);
/* `request` as in package.h; only "format" is looked at here, to find the plugin. */
rj_question_id rj_runtime_package(rj_runtime *runtime, rj_package_verb verb, const json_t *request,
                                  const rj_question *question);
/* Ask for an early end; the answer still comes.  A stale number is ignored. */
void rj_runtime_cancel(rj_runtime *runtime, rj_question_id question);

/* ---- Views: plugins that show something to the person, in the session role alone [loop] ------- */

/* Give every view its life.  `act` is called when the person has chosen something (rj_host_ui.act), from
 * any thread; it says at once whether it will be done.  How many views there are. */
size_t rj_runtime_begin_views(rj_runtime *runtime,
                              rj_status (*act)(void *data, int64_t revision, const char *action),
                              void *data);
/* All views show this model from now on. */
void rj_runtime_show(rj_runtime *runtime, const json_t *model);
/* One view asks the person; RJ_E_NOT_APPLICABLE if none can. */
rj_question_id rj_runtime_ask(rj_runtime *runtime, const json_t *prompt,
                              const rj_question *question);

/* Notices published by plugins or by the core ("host.*"). */
void rj_runtime_publish(rj_runtime *runtime, const char *topic, const json_t *document);

#endif
