/* SPDX-License-Identifier: MIT */
/* Landlock: which files a process may open, and which sockets and processes it may reach. */
#ifndef RJ_PLATFORM_POSIX_LANDLOCK_H
#define RJ_PLATFORM_POSIX_LANDLOCK_H

#include "platform/sandbox.h"

typedef struct rj_landlock_result {
    int abi;    /* of the running kernel; 0: it has no Landlock, nothing is restricted */
    int reason; /* the errno that said so */
    const char *out_of_reach;  /* first path of the sandbox that this account cannot even look up */
    size_t out_of_reach_count; /* these add nothing to the grant */
} rj_landlock_result;

/* Restrict the calling thread and all it will start.  Needs no_new_privs. */
rj_status rj_landlock_restrict(const rj_sandbox *sandbox, rj_landlock_result *ret_result,
                               rj_error *err);

#endif
