/* SPDX-License-Identifier: MIT */
/* Programs and paths as the command line needs them: where it lies, and starting the service. */
#ifndef RJ_SESSION_PROGRAM_H
#define RJ_SESSION_PROGRAM_H

#include "base/status.h"
#include <stdbool.h>

typedef struct rj_program rj_program;

/* The running program and its folder, links resolved; rj_free(). */
rj_status rj_program_own_path(char **ret_path, rj_error *err);
rj_status rj_program_folder(char **ret_folder, rj_error *err);
/* Where the service's program may lie, seen from there; NULL ends the list. */
extern const char *const rj_program_service_places[];
/* The folder of the service's log, as this system writes paths; `root` NULL: the real system.  rj_free(),
 * NULL: out of memory. */
char *rj_program_service_log(const char *root);
/* Where more than the help stands; "" if this system has none. */
extern const char rj_program_manual[];
/* `path` made absolute by the current folder; rj_free(). */
rj_status rj_program_absolute(const char *path, char **ret_path, rj_error *err);

/* Start in the background: a session of its own, no terminal, an environment with a PATH alone. */
rj_status rj_program_start(const char *path, const char *const *arguments, rj_program **ret_program,
                           rj_error *err);
bool rj_program_has_ended(rj_program *program, int *ret_code);
void rj_program_forget(rj_program *program); /* it goes on */

#endif
