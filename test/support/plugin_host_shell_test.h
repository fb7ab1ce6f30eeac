/* SPDX-License-Identifier: MIT */
/* What the tests of the plugin host let the system's shell do, and what has to be reported of it. */
#ifndef TEST_SUPPORT_PLUGIN_HOST_SHELL_TEST_H
#define TEST_SUPPORT_PLUGIN_HOST_SHELL_TEST_H

#include <stddef.h>
#include <stdint.h>

typedef struct shell_case {
    const char *script;
    int64_t time_limit_ms;
    const char *expected; /* "<kind> <value> <survivors> <output>" */
} shell_case;

extern const shell_case shell_cases[]; /* the last one has no script */
extern const char *const shell_program, *const shell_option, *const shell_path, *const shell_folder;

#endif
