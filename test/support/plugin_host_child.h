/* SPDX-License-Identifier: MIT */
/*
 * What plugin_host_spawn.c leaves to the system's half: one child process.
 *
 * Everything is called with the host's lock held, but for host_process_settle().
 */
#ifndef TEST_SUPPORT_PLUGIN_HOST_CHILD_H
#define TEST_SUPPORT_PLUGIN_HOST_CHILD_H

#include "plugin_host_internal.h"

struct host_process; /* the system's */

typedef struct host_child {
    struct host_child *next;
    uint64_t id;
    rj_op op;
    struct host_process *process;
    int32_t start_error; /* the system's number for a start that failed, 0 if it runs */
    int64_t kill_at;     /* monotonic ms, 0: never */
    int32_t killed_as;
    void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how);
    void *data;
    char tail[4096]; /* of its output */
    size_t tail_length;
} host_child;

/* For host_wait(): lowers *timeout_ms to when the child has to be looked at. */
void host_child_lower_timeout(plugin_host *host, const host_child *child, int *timeout_ms);
/* Keep the end of the output. */
void host_child_keep_tail(host_child *child, const char *bytes, size_t length);

bool host_process_path_is_absolute(const char *path);
/* Start it, or set `start_error`.  False: out of memory. */
bool host_process_start(host_child *child, const rj_spawn *spawn);
/* Take what it has said so far, where nobody else does. */
void host_process_read(host_child *child);
void host_process_kill(host_child *child);
bool host_process_has_ended(host_child *child);
/* After its end: count and end what it left, take the rest of its output as valid UTF-8, and say how it
 * ended unless it was killed or never started. */
void host_process_settle(host_child *child, rj_spawn_exit *how);
void host_process_free(host_child *child);

#endif
