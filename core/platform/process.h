/* SPDX-License-Identifier: MIT */
/*
 * Child processes with their whole tree under control.
 *
 * On POSIX systems, between us and the program stands a tiny supervisor (a fork of ours that adopts orphans): when the
 * program has ended, or we ask, or we die, it kills every descendant, also those that changed their
 * session or were daemonised, and only then ends itself.  Its end is seen through a descriptor that
 * becomes readable, so no SIGCHLD handler is needed.  On Windows the tree is a job, whose processes end
 * with it, and the descriptors are numbers of its own (win32/descriptor_win32.h).
 *
 * What a program of Windows may be: a plain one, or a script (*.cmd, *.bat, *.ps1), which is handed to
 * its interpreter in System32.  Its exit code has 32 bits.
 */
#ifndef RJ_PLATFORM_PROCESS_H
#define RJ_PLATFORM_PROCESS_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct rj_process rj_process;

/* How a process is said to have ended, also where the system has other words for it. */
enum {
    RJ_SIGNAL_ILLEGAL = 4,
    RJ_SIGNAL_TRAP = 5,
    RJ_SIGNAL_ABORT = 6,
    RJ_SIGNAL_BUS = 7,
    RJ_SIGNAL_ARITHMETIC = 8,
    RJ_SIGNAL_KILL = 9,
    RJ_SIGNAL_SEGMENT = 11,
    RJ_SIGNAL_CPU = 24 /* its processor time is used up */
};

typedef struct rj_process_spec {
    const char *program; /* absolute */
    const char *const *arguments;
    const char *const *environment;
    const char *directory;
} rj_process_spec;

typedef struct rj_process_end {
    bool signalled;
    int value;          /* exit code or signal number */
    unsigned survivors; /* descendants that had to be killed */
} rj_process_end;

/* Output (stdout and stderr together) comes through rj_process_output_fd(), non-blocking.  When the
 * program cannot be executed at all, this fails with the system's reason. */
rj_status rj_process_start(const rj_process_spec *spec, rj_process **ret_process, rj_error *err);
int rj_process_output_fd(const rj_process *process);
/* Bytes of output; 0: there will be no more; -1: none now. */
long rj_process_read(rj_process *process, void *buffer, size_t size);
int rj_process_end_fd(const rj_process *process); /* readable: rj_process_collect() will answer */
long rj_process_pid(const rj_process *process);   /* of the program itself */
/* Once end_fd is readable.  RJ_E_BUSY: not ended yet. */
rj_status rj_process_collect(rj_process *process, rj_process_end *ret_end);
/* Ask the supervisor to kill the tree (SIGKILL); end_fd follows.  May be repeated. */
void rj_process_kill_tree(rj_process *process);
/* Frees; kills the tree first if it still runs. */
void rj_process_free(rj_process *process);

#endif
