/* SPDX-License-Identifier: MIT */
/* What the parts of the sandbox (sandbox.h) and their test must agree on. */
#ifndef RJ_PLATFORM_POSIX_SANDBOX_H
#define RJ_PLATFORM_POSIX_SANDBOX_H

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
