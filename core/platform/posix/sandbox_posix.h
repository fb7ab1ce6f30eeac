/* SPDX-License-Identifier: MIT */
/* What the parts of the sandbox (sandbox.h) and their test must agree on. */
#ifndef RJ_PLATFORM_POSIX_SANDBOX_H
#define RJ_PLATFORM_POSIX_SANDBOX_H

#include "platform/sandbox.h"

/*
 * Step 1, in the child between fork and exec: session and process group of its own, limits, no core
 * dumps, account, no new privileges, death with the parent.  Async-signal-safe, nothing is allocated.
 * `parent_pid` is the process that forked; the thread of it that did so must live as long as the
 * child shall, because the kernel watches the thread.
 * Returns 0, or an errno with *ret_what naming the step; the child must end then.
 */
int rj_sandbox_before_exec(const rj_sandbox *sandbox, long parent_pid, const char **ret_what);

/* Address and thread sanitizers reserve terabytes and make calls of their own (ptrace, clone): under
 * them there are no memory limits and no seccomp filter. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define RJ_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RJ_SANITIZED 1
#endif
#endif
#ifndef RJ_SANITIZED
#define RJ_SANITIZED 0
#endif

#endif
