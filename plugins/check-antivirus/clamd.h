/* SPDX-License-Identifier: MIT */
/*
 * One question to a ClamAV daemon over its UNIX socket.
 *
 * Happy path: connect, send "zCOMMAND\0", read one answer that ends in NUL.
 * Failure modes: the outcome says which.  Nothing blocks for longer than CLAMD_TIME_LIMIT_MS, and
 * no more than CLAMD_MAX_ANSWER bytes are read.
 */
#ifndef PLUGINS_CHECK_ANTIVIRUS_CLAMD_H
#define PLUGINS_CHECK_ANTIVIRUS_CLAMD_H

#include <stdbool.h>
#include <stddef.h>

#define CLAMD_TIME_LIMIT_MS 2000
#define CLAMD_MAX_ANSWER 256

typedef enum clamd_outcome {
    CLAMD_ANSWERED,
    CLAMD_NO_SOCKET,  /* nothing at that path */
    CLAMD_NOT_SOCKET, /* something else at that path */
    CLAMD_REFUSED,    /* no permission */
    CLAMD_DEAD,       /* a socket nobody listens on */
    CLAMD_SILENT,     /* no answer, or half of one, within the time limit */
    CLAMD_GARBAGE,    /* more than an answer can be */
    CLAMD_STOPPED,    /* `stop` said so */
} clamd_outcome;

/* `ret_answer` has CLAMD_MAX_ANSWER bytes and is set with CLAMD_ANSWERED alone. */
clamd_outcome clamd_ask(const char *root, const char *path, const char *command,
                        bool (*stop)(const void *data), const void *data, char *ret_answer);
/* The outcome in words, to stand after the path. */
const char *clamd_outcome_text(clamd_outcome outcome);

#endif
