/* SPDX-License-Identifier: MIT */
/*
 * Between the program and the system's service manager: how it is run, and what it is asked.
 *
 * posix: signals; SIGTERM and SIGINT end, SIGHUP reads the policy again.  win32: the service control
 * manager when it started the program (`--service`), the console otherwise.
 */
#ifndef RJ_SERVICE_SERVICE_MAIN_H
#define RJ_SERVICE_SERVICE_MAIN_H

#include "base/status.h"
#include "runtime/loop.h"
#include "service/service.h"

/* May the option --service be given on this system? */
bool rj_service_knows_manager(void);
const char *rj_service_manager_help(void); /* lines for --help */

/* Calls `run` once, under the service manager with `options->service`, and returns its exit code.  It
 * must not be run by a service manager after all: then it runs in the foreground. */
int rj_service_main(const rj_service_options *options, int (*run)(const rj_service_options *));

typedef enum rj_service_asked {
    RJ_SERVICE_ASKED_STOP,
    RJ_SERVICE_ASKED_SYNC,    /* read the policy again */
    RJ_SERVICE_ASKED_SESSION, /* somebody signed in or out */
    RJ_SERVICE_ASKED_RETURN   /* bring session programs back, should no installer end the service */
} rj_service_asked;

/* From now on `asked` is called on the loop. */
rj_status rj_service_listen(rj_loop *loop,
                            void (*asked)(void *data, rj_service_asked what, const char *why),
                            void *data, rj_error *err);
void rj_service_unlisten(void);

#endif
