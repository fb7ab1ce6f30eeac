/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/plugin.h -- the plugin ABI: what a plugin exports and what the host offers it.
 *
 * This header and the interface headers beside it (check.h, package.h, ...) are the whole contract.
 * A plugin is one shared library that exports exactly one symbol, rj_plugin_entry_v1, and links
 * against nothing of the host: every service comes from rj_host.query().
 *
 * Life of a plugin
 *
 *     load library, rj_plugin_entry_v1() --> descriptor (static, immutable)
 *     create(host, config) --> instance             [loop]  fast; may call host->query()
 *       query(instance, "rj.check/1") --> table     [any]   NULL: not offered
 *       table->method(instance, ..., op)            [loop]  returns at once ...
 *         ... host op finish(op, status, text)      [any]   ... and answers exactly once
 *     stop(instance, op)                            [loop]  finish(op) = nothing is running any more
 *     destroy(instance)                             [loop]  only after stop has been answered
 *
 * Threads.  [loop] is the host's one event loop thread: never block it.  [lane] is the plugin's own
 * worker thread, on which the host runs blocking work for it, one job at a time, in order (see
 * rj_host_exec).  [any] may be called from both.  A plugin starts no threads of its own.
 *
 * Memory.  Nobody frees the other side's memory.  Arguments are borrowed for the length of the
 * call.  Results are pushed to the side that wants them, which copies.
 *
 * Text is UTF-8 and NUL-terminated unless a length stands beside it.  Structured text is JSON
 * (RFC 8259), shapes in sdk/schema/.
 *
 * Tables.  Every table starts with `size` (sizeof as its provider was compiled) and `minor`.
 * Members are only ever appended.  A reader looks at a member only if RJ_HAS() says the other side
 * reaches it.  A member documented as optional may be NULL.  A changed meaning gets a new id.
 *
 * Process contract.  A plugin never calls exit, abort, fork, setlocale, chdir, umask, setenv or
 * signal, never touches descriptors 0-2, never reaps children, and keeps no state outside its
 * instance, so that several instances can live in one process and the same binary also works in a
 * process of its own: everything that crosses this border can be sent over a pipe.
 */
#ifndef REALMJOIN_PLUGIN_H
#define REALMJOIN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define RJ_EXPORT __declspec(dllexport)
#define RJ_CALL __cdecl
#else
#define RJ_EXPORT __attribute__((visibility("default")))
#define RJ_CALL
#endif

/* The revision of every table in this header set; grows when members are appended. */
#define RJ_ABI_MINOR 0u

/* True if TABLE, filled in by the other side, reaches MEMBER and MEMBER is set. */
#define RJ_HAS(TABLE, TYPE, MEMBER)                                                                \
    ((TABLE)->size >= offsetof(TYPE, MEMBER) + sizeof((TABLE)->MEMBER) && (TABLE)->MEMBER)

/* ---- Status ---------------------------------------------------------------------------------- */

/* Outcome of a call or an op: 0 is success, below 0 an error.  A value never changes its meaning. */
typedef int32_t rj_status;

#define RJ_OK ((rj_status)0)
#define RJ_E_FAILED ((rj_status)-1)         /* tried and did not work; the message says why */
#define RJ_E_NOT_APPLICABLE ((rj_status)-2) /* makes no sense on this machine; not a failure */
#define RJ_E_DENIED ((rj_status)-3)         /* not allowed: by the system, by policy, by grant */
#define RJ_E_BUSY ((rj_status)-4)           /* something else holds it; later may work */
#define RJ_E_CANCELLED ((rj_status)-5)      /* stopped on request; nothing is left half done */
#define RJ_E_NOT_STARTED ((rj_status)-6)    /* never began: asking again is safe */
#define RJ_E_ABANDONED ((rj_status)-7)      /* outcome unknown: detect before trying again */
#define RJ_E_INVALID ((rj_status)-8)        /* the input is wrong; trying again cannot help */
#define RJ_E_NOT_FOUND ((rj_status)-9)      /* what was asked for is not there */
#define RJ_E_NO_MEMORY ((rj_status)-10)     /* an allocation failed */
#define RJ_E_IO ((rj_status)-11)            /* reading or writing failed (disk full, permission) */
#define RJ_E_CORRUPT ((rj_status)-12)       /* data is damaged or its hash does not match */
#define RJ_E_LIMIT ((rj_status)-13)         /* larger, deeper or more than is accepted */
#define RJ_E_TIMEOUT ((rj_status)-14)       /* the deadline passed */
#define RJ_E_EXISTS ((rj_status)-15)        /* already there */

/* ---- Handles --------------------------------------------------------------------------------- */

/*
 * One asynchronous operation.  A checked number (slot and generation), never 0, never a pointer: a
 * stale or repeated use is caught by the host and reported as misbehaviour of the plugin.
 */
typedef uint64_t rj_op;

/* A plugin instance: the plugin's own memory, opaque to the host. */
typedef struct rj_plugin rj_plugin;

/* Receives bytes that are borrowed for the call. */
typedef void(RJ_CALL *rj_sink)(void *data, const void *bytes, size_t length);

/* ---- The host -------------------------------------------------------------------------------- */

/* Valid from create() until destroy() has returned.  Pointers from query() live as long. */
typedef struct rj_host {
    uint32_t size;
    uint32_t minor;
    void *ctx; /* the host's; pass the rj_host you were given, unchanged */
    /* A service table by id, e.g. "rj.host.op/1".  NULL: unknown id, or not granted.  [any] */
    const void *(RJ_CALL *query)(const struct rj_host *host, const char *id);
} rj_host;

/*
 * "rj.host.op/1" -- how a plugin answers.  Always granted.
 *
 * Every op handed to a plugin is answered by exactly one finish().  The deadline is absolute and
 * belongs to the host.  After the deadline the host asks for cancellation; a plugin that still does
 * not answer within the grace time is reported and the op counts as abandoned.
 */
#define RJ_HOST_OP "rj.host.op/1"
typedef struct rj_host_op {
    uint32_t size;
    uint32_t minor;
    /* How far it is: 0..1000, or -1 for unknown; `text` says what is being done, may be NULL.
     * Calls may be dropped when they come faster than a person can read.  [any] */
    void(RJ_CALL *progress)(const rj_host *host, rj_op op, int32_t permille, const char *text);
    /* The op's result document.  A later call replaces the former; at most 1 MiB.
     * RJ_E_INVALID: not JSON; RJ_E_LIMIT: too long; RJ_E_NOT_FOUND: the op is over.  [any] */
    rj_status(RJ_CALL *set_result)(const rj_host *host, rj_op op, const char *json, size_t length);
    /* The answer.  Every status but RJ_OK needs a message: what, where, what to do; with RJ_OK it may
     * be NULL.  A result pushed before counts with every status.  [any] */
    void(RJ_CALL *finish)(const rj_host *host, rj_op op, rj_status status, const char *message);
    /* 1 once the op should end early.  Cheap: poll it in loops.  [any] */
    int32_t(RJ_CALL *cancelled)(const rj_host *host, rj_op op);
    /* Milliseconds until the deadline, 0 when it has passed.  [any] */
    int64_t(RJ_CALL *remaining_ms)(const rj_host *host, rj_op op);
    /* Have `wake` called once on [loop] when the op is cancelled, to break a wait; replaces an
     * earlier one, NULL removes it.  Already cancelled: it is called on the next turn.  Never called
     * from inside this call, nor once a finish() on [loop] has returned; after a finish() from
     * [lane] it may still be running: free `data` in `done`.  [any] */
    rj_status(RJ_CALL *on_cancel)(const rj_host *host, rj_op op, void(RJ_CALL *wake)(void *data),
                                  void *data);
} rj_host_op;

/*
 * "rj.host.exec/1" -- blocking work on the plugin's lane.  Always granted.
 *
 * `work` runs on [lane] and may block; `done` runs on [loop] afterwards, always and once: the one
 * place to free `data`.  A job that waits in the queue when its op is cancelled or runs out of time
 * is not begun (`started` is 0); a job queued after that is run, so that a plugin can put things
 * back.  `work` may finish() the op itself.  If an op has no answer when `done` returns, and no
 * other job, child or timer of the plugin is left that could give one, the host reports it.
 */
#define RJ_HOST_EXEC "rj.host.exec/1"
typedef struct rj_host_exec {
    uint32_t size;
    uint32_t minor;
    /* RJ_E_BUSY: the lane's queue is full; then neither function is called.  [any] */
    rj_status(RJ_CALL *run)(const rj_host *host, rj_op op,
                            void(RJ_CALL *work)(rj_op op, void *data),
                            void(RJ_CALL *done)(rj_op op, void *data, int32_t started), void *data);
} rj_host_exec;

/* "rj.host.log/1" -- lines in the agent's log, marked with the plugin's id.  Always granted. */
#define RJ_HOST_LOG "rj.host.log/1"
#define RJ_LOG_ERROR 1
#define RJ_LOG_WARNING 2
#define RJ_LOG_INFO 3
#define RJ_LOG_DEBUG 4
typedef struct rj_host_log {
    uint32_t size;
    uint32_t minor;
    /* `op` ties the line to its operation, 0 for none.  One line; control characters are escaped,
     * text beyond 4 KiB is cut.  Never put a secret here.  [any] */
    void(RJ_CALL *write)(const rj_host *host, int32_t level, rj_op op, const char *text);
} rj_host_log;

/* "rj.host.config/1" -- the plugin's settings from policy.  Always granted. */
#define RJ_HOST_CONFIG "rj.host.config/1"
typedef struct rj_host_config {
    uint32_t size;
    uint32_t minor;
    /* Push the current document, shaped like create()'s `config_json`.  [any] */
    rj_status(RJ_CALL *read)(const rj_host *host, rj_sink sink, void *data);
} rj_host_config;

/*
 * "rj.host.kv/1" -- small durable values, private to the plugin id.  Always granted.
 * Keys are 1..128 characters of [A-Za-z0-9._-]; values at most 64 KiB; at most 1024 keys.
 */
#define RJ_HOST_KV "rj.host.kv/1"
typedef struct rj_host_kv {
    uint32_t size;
    uint32_t minor;
    /* Push the value.  RJ_E_NOT_FOUND: no such key.  [any] */
    rj_status(RJ_CALL *get)(const rj_host *host, const char *key, rj_sink sink, void *data);
    /* Durable once it has returned RJ_OK.  [any] */
    rj_status(RJ_CALL *set)(const rj_host *host, const char *key, const void *bytes, size_t length);
    /* RJ_OK also when there was none.  [any] */
    rj_status(RJ_CALL *remove)(const rj_host *host, const char *key);
} rj_host_kv;

/*
 * "rj.host.event/1" -- notices between host and plugins.  Always granted.
 * Topics are dotted words; a plugin publishes only below its own id ("com.vendor.x.changed").
 *
 * In a worker, which starts with the first question, notices are heard from then on: one that comes
 * while the worker sleeps starts it, if its plugin had subscribed before.
 */
#define RJ_HOST_EVENT "rj.host.event/1"
typedef struct rj_host_event {
    uint32_t size;
    uint32_t minor;
    /* RJ_E_DENIED: a topic that is not the plugin's own.  [any] */
    rj_status(RJ_CALL *publish)(const rj_host *host, const char *topic, const char *json,
                                size_t length);
    /* `listener` is called on [loop] for every topic equal to `prefix` or below it, until
     * unsubscribe.  At most 32 a plugin.  [loop] */
    rj_status(RJ_CALL *subscribe)(const rj_host *host, const char *prefix,
                                  void(RJ_CALL *listener)(void *data, const char *topic,
                                                          const char *json, size_t length),
                                  void *data, uint64_t *ret_subscription);
    /* No call comes after it has returned.  [loop] */
    void(RJ_CALL *unsubscribe)(const rj_host *host, uint64_t subscription);
} rj_host_event;

/* "rj.host.timer/1" -- timers on the loop.  Always granted.  A running timer keeps a worker awake. */
#define RJ_HOST_TIMER "rj.host.timer/1"
typedef struct rj_host_timer {
    uint32_t size;
    uint32_t minor;
    /* First call after `delay_ms`, then each `period_ms` (0: once).  At most 64 a plugin.  [loop] */
    rj_status(RJ_CALL *start)(const rj_host *host, uint64_t delay_ms, uint64_t period_ms,
                              void(RJ_CALL *fire)(void *data), void *data, uint64_t *ret_timer);
    /* No call comes after it has returned; a stale number is ignored.  [loop] */
    void(RJ_CALL *stop)(const rj_host *host, uint64_t timer);
} rj_host_timer;

/* ---- Child processes ------------------------------------------------------------------------- */

/* What to run.  Borrowed for the call to start(). */
typedef struct rj_spawn {
    uint32_t size;
    uint32_t minor;
    int64_t time_limit_ms;          /* 0: the op's deadline alone */
    const char *program;            /* absolute path; never searched, never given to a shell */
    const char *const *arguments;   /* argv, NULL-terminated, [0] included */
    const char *const *environment; /* "NAME=value", NULL-terminated; nothing is inherited */
    const char *directory;          /* working directory, absolute */
    /* stdout and stderr are appended here; NULL: only the tail.  Below the agent's folder of package
     * logs or the plugin's own state or cache folder: anything else is RJ_E_DENIED. */
    const char *log_path;
} rj_spawn;

/* How it ended.  Borrowed for the call. */
#define RJ_EXIT_CODE 0      /* value = exit code */
#define RJ_EXIT_SIGNAL 1    /* value = signal number */
#define RJ_EXIT_TIMEOUT 2   /* killed with all its descendants: time limit or deadline */
#define RJ_EXIT_CANCELLED 3 /* killed with all its descendants: the op was cancelled */
#define RJ_EXIT_NO_START 4  /* could not be started: value = 0, tail = why */
typedef struct rj_spawn_exit {
    uint32_t size;
    uint32_t minor;
    int32_t kind;
    int32_t value;
    uint32_t survivors; /* descendants that outlived the program and were killed */
    uint32_t reserved;
    const char *tail; /* the last lines of output, at most 4 KiB, valid UTF-8, NUL-terminated */
    size_t tail_length;
} rj_spawn_exit;

/*
 * "rj.host.spawn/1" -- child processes, started and reaped by the host.
 * Needs the capability "spawn" (any program) or "spawn:<absolute path>".
 *
 * stdin is empty, no descriptor is inherited.  When the program has ended, what is left of its
 * descendants is killed: no install leaves a process behind.
 */
#define RJ_HOST_SPAWN "rj.host.spawn/1"
typedef struct rj_host_spawn {
    uint32_t size;
    uint32_t minor;
    /* RJ_OK: `on_exit` will be called once, on [loop].  Otherwise it is never called:
     * RJ_E_DENIED no grant for this program or log, RJ_E_INVALID, RJ_E_NOT_FOUND (op over),
     * RJ_E_LIMIT (64 run already).
     * With a grant that names the program, argv[0] must be the program or the last part of it, and
     * of variables only LANG, LANGUAGE, LC_*, TERM, NO_COLOR (without '/'), a PATH of system
     * folders and DEBIAN_FRONTEND=noninteractive are passed: others can make it run other code.
     * Any else is RJ_E_DENIED.
     * *ret_child (NULL: not wanted) is set before `on_exit` can run.  [any] */
    rj_status(RJ_CALL *start)(const rj_host *host, rj_op op, const rj_spawn *spawn,
                              void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how),
                              void *data, uint64_t *ret_child);
    /* End it early with all its descendants; on_exit follows with RJ_EXIT_CANCELLED.  [any] */
    void(RJ_CALL *kill)(const rj_host *host, uint64_t child);
} rj_host_spawn;

/* ---- The plugin ------------------------------------------------------------------------------ */

/* What the one exported function returns: static, immutable. */
typedef struct rj_plugin_desc {
    uint32_t size;
    uint32_t minor;
    const char *id;              /* "check-firewall", "com.vendor.x": equal to the manifest's */
    const char *version;         /* "1.2.3": equal to the manifest's */
    const char *const *provides; /* interface ids, NULL-terminated: {"rj.check/1", NULL} */
    /*
     * Make an instance.  `config_json`, for the life of the instance unless host.config says new:
     *   {"root": "",             prefix of every absolute path of the system; "" in real life
     *    "role": "service",      or "session"
     *    "state_dir": "/...",    private to this plugin, exists, survives restarts
     *    "cache_dir": "/...",    private to this plugin, exists, may be emptied at any time
     *    "settings": {...}}      the plugin's section of the policy
     * On failure *ret_plugin stays untouched, no other function is called, and the log should hold
     * the reason.  New settings are announced by the event "host.config".  [loop]
     */
    rj_status(RJ_CALL *create)(const rj_host *host, const char *config_json,
                               rj_plugin **ret_plugin);
    /* An interface table by id; NULL for every id not listed in `provides`.  [any] */
    const void *(RJ_CALL *query)(rj_plugin *plugin, const char *id);
    /* No further questions will come.  End what runs, then finish(op); timers and subscriptions
     * that are left are removed by the host.  [loop] */
    void(RJ_CALL *stop)(rj_plugin *plugin, rj_op op);
    /* Free the instance.  Every op has been answered before.  [loop] */
    void(RJ_CALL *destroy)(rj_plugin *plugin);
} rj_plugin_desc;

#define RJ_PLUGIN_ENTRY "rj_plugin_entry_v1"
RJ_EXPORT const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void);

#ifdef __cplusplus
}
#endif

#endif
