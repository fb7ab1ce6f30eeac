/* SPDX-License-Identifier: MIT */
/*
 * What a process that runs foreign code may still do.  It is entered in two steps: what must be done
 * before the program is executed, and what the program does to itself before it maps foreign code.
 * Nothing of it can be undone by that process.  docs/security.md says what each layer stops.
 *
 * A layer that the system does not offer is left out and reported as a note; one that is offered and
 * fails is an error, and the foreign code must not be run.
 */
#ifndef RJ_PLATFORM_SANDBOX_H
#define RJ_PLATFORM_SANDBOX_H

#include "base/status.h"
#include "platform/system.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sockets that may be made: TCP and UDP; UNIX sockets of this machine; the kernel's netlink. */
enum { RJ_NETWORK_INTERNET = 1, RJ_NETWORK_LOCAL = 2, RJ_NETWORK_NETLINK = 4 };

/* A file, or a folder with all below it. `write` includes reading.  An absent one is skipped. */
typedef struct rj_sandbox_path {
    const char *path; /* absolute */
    bool write;
} rj_sandbox_path;

#define RJ_SANDBOX_KEEP_ACCOUNT ((rj_uid)-1)
#define RJ_SANDBOX_NOBODY ((rj_uid)65534) /* where the system does not have the wanted one */

typedef struct rj_sandbox {
    rj_uid uid; /* change to it and the group of the same number, without other groups; or
                            * RJ_SANDBOX_KEEP_ACCOUNT */
    uint64_t memory_bytes;        /* data, heap and thread stacks; 0: no limit */
    uint64_t file_bytes;          /* of one file; writing more fails with EFBIG; 0: no limit */
    uint32_t files;               /* open descriptors; 0: no limit */
    uint32_t processes;           /* threads of the account; not with a kept account; 0: no limit */
    uint32_t cpu_seconds;         /* then SIGXCPU, one second later SIGKILL; 0: no limit */
    unsigned network;             /* RJ_NETWORK_* */
    const rj_sandbox_path *paths; /* beside the fixed system paths, which may only be read */
    size_t path_count;
} rj_sandbox;

/* Whether a process can be given an account of a number that nobody has.  Else it keeps ours. */
bool rj_sandbox_has_accounts(void);

#define RJ_SANDBOX_NOTES 8

/* What is weaker than it should be, and why; one sentence each.  None: every layer is complete. */
typedef struct rj_sandbox_report {
    char notes[RJ_SANDBOX_NOTES][160];
    size_t count;
} rj_sandbox_report;

/*
 * Step 2, in the program itself with the same `sandbox`, while it has one thread: capabilities,
 * Landlock, seccomp.  Open descriptors keep working; what is opened from now on is restricted.
 * After a failure the process may be restricted in part and must end.
 */
rj_status rj_sandbox_enter(const rj_sandbox *sandbox, rj_sandbox_report *ret_report, rj_error *err);

#endif
