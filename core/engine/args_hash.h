/* SPDX-License-Identifier: MIT */
/*
 * ArgsHash: with which arguments a package was installed.
 *
 * SHA-256 over the canonical arguments: without blanks at both ends, every run of blanks outside
 * quotes as one space.  So a policy that only moved blanks does not install anything again.
 */
#ifndef RJ_ENGINE_ARGS_HASH_H
#define RJ_ENGINE_ARGS_HASH_H

#include "base/status.h"

/* Lower-case hex; "" when there are no arguments (NULL, empty, only blanks). */
rj_status rj_args_hash(const char *args, char ret_hex[65], rj_error *err);

#endif
