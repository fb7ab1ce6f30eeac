/* SPDX-License-Identifier: MIT */
/*
 * One question to a check plugin, on the system that runs, through the plugin host.
 *
 * An answer that is no verdict, and a plugin that breaks the contract, fail the running test.
 */
#ifndef TEST_SUPPORT_CHECK_VERDICT_H
#define TEST_SUPPORT_CHECK_VERDICT_H

#include "plugin_host.h"

typedef struct check_verdict {
    char state[32];
    char summary[600];
    char document[16384]; /* the answer as it came */
} check_verdict;

void check_verdict_ask(const rj_plugin_desc *(*entry)(void), const char *check_id,
                       const char *settings_json, check_verdict *ret_verdict);

#endif
