/* SPDX-License-Identifier: MIT */
/* What paths.c leaves to the system's half: where its folders are, and what a path may look like. */
#ifndef RJ_PLATFORM_PATHS_SYSTEM_H
#define RJ_PLATFORM_PATHS_SYSTEM_H

#include "platform/paths.h"

struct rj_paths {
    char *root;
    char *path[RJ_PATH_COUNT];
};

/* What no name of a file may hold, control characters aside. */
extern const char rj_paths_not_in_names[];
/* What rj_paths_plain() takes, as an order's object: "an absolute path ...". */
extern const char rj_paths_plain_rule[];

/* All of them, below the root; then those that are the user's in their place. */
rj_status rj_paths_set_machine(rj_paths *paths, rj_error *err);
rj_status rj_paths_set_user(rj_paths *paths, rj_error *err);
/* `value` as the agent writes it, without the slashes at its end (rj_free).  RJ_E_INVALID: not absolute,
 * or with a "." or ".." in it; RJ_E_NO_MEMORY. */
rj_status rj_paths_plain(const char *value, char **ret_path);
/* They are the ones of this program from now on. */
void rj_paths_made(const rj_paths *paths);

#endif
