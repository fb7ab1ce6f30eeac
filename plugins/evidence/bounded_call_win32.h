/* SPDX-License-Identifier: MIT */
/*
 * A call that may hang, with a time limit: it runs on a thread of its own, which is left behind when
 * its time is up.
 *
 * They do not pile up: until what was left behind has ended, a new call is CALL_BUSY.  The thread keeps
 * the module loaded, so that a plugin may be unloaded meanwhile.
 */
#ifndef PLUGINS_EVIDENCE_BOUNDED_CALL_WIN32_H
#define PLUGINS_EVIDENCE_BOUNDED_CALL_WIN32_H

#include <stdbool.h>
#include <stdint.h>

typedef enum bounded_outcome {
    CALL_DONE,
    CALL_LATE,
    CALL_STOPPED, /* `stop` said so */
    CALL_BUSY,
    CALL_FAILED, /* no memory, no thread */
} bounded_outcome;

/* `data` is malloc()ed.  After CALL_DONE it is the caller's again; else it is, or will be, freed. */
bounded_outcome bounded_call(void (*work)(void *data), void *data, uint32_t limit_ms,
                             bool (*stop)(const void *stop_data), const void *stop_data);

#endif
