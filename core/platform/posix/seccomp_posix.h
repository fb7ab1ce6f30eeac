/* SPDX-License-Identifier: MIT */
/* The filter of system calls: an allow list, as seccomp program of the process. */
#ifndef RJ_PLATFORM_POSIX_SECCOMP_H
#define RJ_PLATFORM_POSIX_SECCOMP_H

#include "base/status.h"

#include <stdbool.h>

typedef struct rj_seccomp_rules {
    unsigned network; /* RJ_NETWORK_* (sandbox.h) */
    bool own_account; /* no other process has the account: modes, owners, times may be changed */
} rj_seccomp_rules;

/* For all threads of the process and for ever.  Needs no_new_privs.  *ret_installed false: this
 * kernel has no filters, or there is none for this processor. */
rj_status rj_seccomp_install(const rj_seccomp_rules *rules, bool *ret_installed, rj_error *err);

#endif
