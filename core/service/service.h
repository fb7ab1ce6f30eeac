/* SPDX-License-Identifier: MIT */
/*
 * The program realmjoinservice: one per machine, as root.
 *
 *     options, paths --> instance lock --> log --> socket --> store --> plugins --> agent --> loop
 *
 * The socket comes early: a client that connects while the rest is made simply waits.  When the
 * store cannot be opened (locked, read-only disk), the service stays up, says so to everybody who
 * asks, and tries again.  The service manager, a signal and service.stop end it in the reverse order; what still
 * runs after STOP_LIMIT_MS is killed with the process, and the journal tells the next start.
 */
#ifndef RJ_SERVICE_SERVICE_H
#define RJ_SERVICE_SERVICE_H

#include "base/status.h"
#include <stdbool.h>
#include <stdio.h>

enum { RJ_SERVICE_OK = 0, RJ_SERVICE_FAILED = 1, RJ_SERVICE_USAGE = 2, RJ_SERVICE_BUSY = 3 };

typedef struct rj_service_options {
    const char *root;
    const char *plugins;
    bool foreground;
    bool service;      /* started by the system's service manager */
    bool remove_data;  /* remove what the agent keeps, instead of running */
    bool end_sessions; /* end people's session programs, instead of running */
    int log_level;
    unsigned kill_at;
    bool show_help;
    bool show_version;
} rj_service_options;

/* RJ_E_INVALID with the reason. */
rj_status rj_service_read_options(int count, char **arguments, rj_service_options *ret_options,
                                  rj_error *err);
void rj_service_print_help(FILE *out);
/* Until it was asked to end; returns the exit code. */
int rj_service_run(const rj_service_options *options);

#endif
