/* SPDX-License-Identifier: MIT */
/*
 * The one error convention of the core.
 *
 * A function that can fail returns rj_status and takes `rj_error *err` last.  Where the failure is
 * known the text is set once with rj_fail(): what, where, what to do.  Callers return the status
 * unchanged, or put words in front with rj_fail_prefix() when these tell the reader more.
 * `err` may be NULL when nobody reads the text.  No allocation happens here.
 */
#ifndef RJ_BASE_STATUS_H
#define RJ_BASE_STATUS_H

#include <realmjoin/plugin.h>
#include <stdarg.h>

#define RJ_ERROR_TEXT 1024

typedef struct rj_error {
    char text[RJ_ERROR_TEXT]; /* valid UTF-8, "" before a failure */
} rj_error;

#define RJ_ERROR_NONE                                                                              \
    {                                                                                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* Set the text and return `status`, so that failing is one line: return rj_fail(err, ...). */
rj_status rj_fail(rj_error *err, rj_status status, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
/* Put "words: " in front of the text that is there. */
rj_status rj_fail_prefix(rj_error *err, rj_status status, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
/* The same with an errno value, whose meaning is put behind the text: "...: No space left". */
rj_status rj_fail_errno(rj_error *err, int error_number, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
/* "out of memory while <what>". */
rj_status rj_fail_memory(rj_error *err, const char *what);

/* Stable lower-case word for logs and JSON: "ok", "not-found", ... ; "unknown-status" otherwise. */
const char *rj_status_name(rj_status status);
/* The rj_status that fits an errno value. */
rj_status rj_status_of_errno(int error_number);

#endif
