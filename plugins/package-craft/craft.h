/* SPDX-License-Identifier: MIT */
/*
 * The plugin's inside: one task per op, driven by craft.c, given its meaning by craft_verbs.c.
 *
 *     method called         [loop]  craft_task made from the request
 *       verb->before()      [lane]  everything that blocks; may name a script to run
 *       the script          [host]  only if one was named
 *       verb->after()       [lane]  judges how it ended (on the loop if the lane no longer takes
 *                                   the op because it was cancelled: therefore it is short)
 *     finish()              [loop]
 *
 * A task is touched by one side at a time: by the lane between exec.run() and `done`, else by the
 * loop.  Tasks that change or run something of one craft exclude each other.
 */
#ifndef PACKAGE_CRAFT_H
#define PACKAGE_CRAFT_H

#include <realmjoin/package.h>

#include "craft_store.h"

typedef struct craft_task craft_task;

typedef struct craft_verb {
    const char *name;
    int32_t shared; /* may run beside others on the same craft */
    rj_status (*before)(craft_task *task);
    rj_status (*after)(craft_task *task); /* NULL: runs no script */
} craft_verb;

extern const craft_verb craft_verb_detect;
extern const craft_verb craft_verb_fetch;
extern const craft_verb craft_verb_install;
extern const craft_verb craft_verb_uninstall;
extern const craft_verb craft_verb_recover;

/* How a script ended: rj_spawn_exit, kept. */
typedef struct craft_ended {
    int32_t kind;
    int32_t value;
    uint32_t survivors;
    char tail[4097];
} craft_ended;

struct craft_task {
    craft_task *next;
    rj_plugin *plugin;
    rj_op op;
    const craft_verb *verb;
    craft_request request;

    /* set by before(): what to run, NULL for nothing */
    const char *script; /* the name, for messages */
    char *program;      /* its path; free() */
    char *directory;    /* free() */
    int64_t script_limit_ms;
    uint64_t child;
    int32_t start_tried;
    craft_ended ended;

    /* carried from before() to after() */
    craft_record record;
    craft_trace trace;

    /* the answer */
    rj_status status;
    rj_failure failure;
    json_t *result;
};

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *ops;
    const rj_host_exec *exec;
    const rj_host_log *log;
    const rj_host_spawn *spawn; /* NULL: not granted */
    craft_store store;
    craft_task *tasks;
    rj_op stop_op; /* 0 until stop() */
};

/* One log line that belongs to the task. */
void craft_log(const craft_task *task, int32_t level, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));

#endif
