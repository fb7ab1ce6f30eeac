/* SPDX-License-Identifier: MIT */
/*
 * The program realmjoin-worker: one plugin, in a process of its own.
 *
 *     first frame --> sandbox --> greeting --> map the plugin's file --> create() --> ready
 *     --> questions, each an op under the core's own handle --> stop --> destroy() --> end
 *
 * Ops, lane and timers are the runtime's own, as in-process; what needs the core (log, values,
 * settings, notices, programs) is passed on.  A core that is gone ends the worker at once.
 */
#ifndef RJ_WORKER_WORKER_H
#define RJ_WORKER_WORKER_H

#include "runtime/channel.h"
#include "runtime/instance.h"
#include "runtime/setup.h"

#include <realmjoin/draft/secret.h>

typedef struct rj_worker {
    rj_loop *loop;
    rj_runtime *runtime;
    rj_instance *instance;
    rj_setup_copy setup;
    char *setup_bytes; /* what `setup` points into */
    rj_channel *frames;
    unsigned told_busy;
    _Atomic uint64_t *begun; /* the core reads it when we end */
    rj_op unsaid;            /* begun, and the core was not told by a frame; 0: none */
    bool stopped;
} rj_worker;

/* The one there is. */
extern rj_worker rj_the_worker;

/* worker_host.c: rj_host.query of the plugin. */
const void *RJ_CALL rj_worker_query(const rj_host *host, const char *id);
rj_kv_backend rj_worker_kv(void);
void rj_worker_log_misbehaviour(rj_op_owner *owner, rj_op op, const char *text);

/* worker_event.c, worker_spawn.c: notices and programs, with what the core tells of them. */
extern const rj_host_event rj_worker_event_table;
extern const rj_host_spawn rj_worker_spawn_table;
extern const rj_host_secret rj_worker_secret_table; /* worker_secret.c */
void rj_worker_on_event(uint64_t token, rj_wire_reader *reader);
void rj_worker_on_child_exit(uint64_t token, rj_wire_reader *reader);

/* worker_ask.c: questions. */
void rj_worker_on_ask(rj_op op, rj_wire_reader *reader);

#endif
