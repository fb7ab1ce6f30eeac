/* SPDX-License-Identifier: MIT */
/* What starting a program and starting a worker share: a process in a job, which inherits what it is
 * given and nothing else. */
#ifndef RJ_PLATFORM_WIN32_LAUNCH_H
#define RJ_PLATFORM_WIN32_LAUNCH_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

/* The exit code of what we killed. */
#define RJ_KILLED_CODE 0xE0524A4Bu

#define RJ_LAUNCH_HANDLES 8

typedef struct rj_launch {
    const wchar_t *program;
    wchar_t *command_line; /* the system may write into it */
    wchar_t *environment;
    const wchar_t *directory;
    HANDLE token;                      /* NULL: our own */
    HANDLE job;                        /* it is in there before its first instruction */
    HANDLE output;                     /* stdout and stderr */
    HANDLE handles[RJ_LAUNCH_HANDLES]; /* further ones; all inheritable */
    size_t handle_count;
    DWORD flags; /* CREATE_NO_WINDOW, DETACHED_PROCESS */
} rj_launch;

/* The process runs; its handle is the caller's.  0, or a code of GetLastError() with *ret_what. */
DWORD rj_launch_start(const rj_launch *launch, HANDLE *ret_process, DWORD *ret_pid,
                      const char **ret_what);

/* What a new process may inherit and nothing else: the first `count` handles, all inheritable and each
 * there once; they must outlive the list.  0 or a code; DeleteProcThreadAttributeList(), rj_free(). */
DWORD rj_launch_inherit(HANDLE *handles, size_t count, LPPROC_THREAD_ATTRIBUTE_LIST *ret_list);

/* A job whose processes end with its last handle.  NULL: see GetLastError().  `limits` may name more. */
HANDLE rj_job_make(const JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits);
/* Processes in the job other than `except` and the system's helpers for console windows. */
unsigned rj_job_count(HANDLE job, DWORD except);
/* Kill them all, and wait a moment until they are gone. */
void rj_job_kill(HANDLE job);
void rj_job_await_empty(HANDLE job, DWORD limit_ms);

/* How people know an exit code that the system itself gave; 0: it is the program's own. */
int rj_signal_of_exit_code(DWORD code);

#endif
