/* SPDX-License-Identifier: MIT */
/*
 * rj_failure -- why something did not work: one status, one sentence for a person.
 *
 * Set once, where the failure is known; callers above hand it on and add only a prefix that says
 * more.  A NULL rj_failure is allowed everywhere: the caller is then interested in the status alone.
 */
#ifndef RJ_PLUGINS_FAILURE_H
#define RJ_PLUGINS_FAILURE_H

#include <realmjoin/plugin.h>

typedef struct rj_failure {
    rj_status status;
    char text[1024];
} rj_failure;

/* Sets the failure (text cut at its size, never in the middle of a character) and returns status. */
rj_status rj_fail(rj_failure *failure, rj_status status, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
/* Puts "prefix: " before the text that is there; returns the failure's status. */
rj_status rj_fail_prefix(rj_failure *failure, const char *prefix);
/* RJ_E_NO_MEMORY with a text. */
rj_status rj_fail_memory(rj_failure *failure);

#endif
