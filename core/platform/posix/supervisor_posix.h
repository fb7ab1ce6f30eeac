/* SPDX-License-Identifier: MIT */
/* The process between us and a program (process.h); shared by its two halves. */
#ifndef RJ_PLATFORM_POSIX_SUPERVISOR_H
#define RJ_PLATFORM_POSIX_SUPERVISOR_H

#include "platform/process.h"

#include <stdint.h>
#include <sys/types.h>

/* Messages on the control socket, one a packet. */
enum {
    SUPERVISOR_STARTED = 1, /* value = pid of the program */
    SUPERVISOR_NO_START,    /* value = errno, stage says what failed */
    SUPERVISOR_ENDED        /* value = wait status of the program, survivors */
};
enum { STAGE_SUPERVISOR = 1, STAGE_DIRECTORY, STAGE_EXECUTE };

typedef struct supervisor_message {
    int32_t kind;
    int32_t stage;
    int32_t value;
    uint32_t survivors;
} supervisor_message;

#define SUPERVISOR_KILL 'k' /* the one request */

/* Runs in the forked child, with all signals blocked; never returns.  Only async-signal-safe calls:
 * another thread may have held any lock at the fork. */
_Noreturn void rj_supervisor_run(const rj_process_spec *spec, int control, int output);

#endif
