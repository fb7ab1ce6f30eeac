/* SPDX-License-Identifier: MIT */
/*
 * The process of a worker: started with two sockets to us, one pipe for what it prints, and the file
 * of its plugin; nothing else is open in it.
 *
 *     descriptor  0, 1   /dev/null
 *                 2      output: becomes lines of our log
 *                 3      frames, both ways
 *                 4      calls of the worker, one answer each
 *                 5      the plugin's file, as it was checked
 *                 6      a page of memory for one number, see rj_worker_process_begun()
 *
 * On Windows these are numbers of our own for inherited handles (win32/descriptor_win32.h), and the
 * sockets are pipes.
 */
#ifndef RJ_PLATFORM_WORKER_PROCESS_H
#define RJ_PLATFORM_WORKER_PROCESS_H

#include "base/status.h"
#include "platform/process.h"
#include "platform/sandbox.h"

enum { RJ_WORKER_FRAMES = 3, RJ_WORKER_CALLS = 4, RJ_WORKER_PLUGIN = 5, RJ_WORKER_BEGUN = 6 };

typedef struct rj_worker_process rj_worker_process;

typedef struct rj_worker_spec {
    const char *program;       /* absolute */
    const char *name;          /* shown by ps: the plugin's id */
    const char *temporary;     /* TMPDIR */
    int plugin_file;           /* stays the caller's */
    const rj_sandbox *sandbox; /* its first step is taken before the program is executed */
} rj_worker_spec;

/* Returns once there is a process; on POSIX systems, that its program cannot be executed shows as its
 * end with code 127 and a line of output that says why. */
rj_status rj_worker_process_start(const rj_worker_spec *spec, rj_worker_process **ret_process,
                                  rj_error *err);
/* Sockets; reading and writing them by stream.h. */
int rj_worker_process_frames(const rj_worker_process *process);
int rj_worker_process_calls(const rj_worker_process *process);
int rj_worker_process_output(const rj_worker_process *process);
long rj_worker_process_pid(const rj_worker_process *process);
/* What the worker wrote last to its page: the question it began last, also after a sudden end. */
uint64_t rj_worker_process_begun(const rj_worker_process *process);
/* Kill it and its process group (SIGKILL). */
void rj_worker_process_kill(rj_worker_process *process);
/* True once it has ended; then *ret_end is how, each time the same. */
bool rj_worker_process_ended(rj_worker_process *process, rj_process_end *ret_end);
/* False: not known (it has ended).  Resident memory, and processor time used so far. */
bool rj_worker_process_usage(const rj_worker_process *process, uint64_t *ret_memory_kb,
                             uint64_t *ret_cpu_ms);
/* Once it has ended: the most memory it had. */
uint64_t rj_worker_process_peak_kb(const rj_worker_process *process);
/* Frees; kills it first and waits, if it still runs. */
void rj_worker_process_free(rj_worker_process *process);

/* The worker's side, before all else: what it was started with is there by its numbers. */
rj_status rj_worker_adopt(int argc, char **argv, rj_error *err);
/* The worker's side: the page, and its descriptor closed.  NULL: it cannot be mapped. */
_Atomic uint64_t *rj_worker_map_begun(void);

/* "Segmentation fault"; "" for a number that is no signal. */
const char *rj_signal_text(int number);

#endif
