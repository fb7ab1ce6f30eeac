/* SPDX-License-Identifier: MIT */
/* A checked copy of what a plugin wants to run. */
#ifndef RJ_HOST_SPAWN_SPEC_H
#define RJ_HOST_SPAWN_SPEC_H

#include "base/status.h"

#include <stdbool.h>

typedef struct rj_spawn_spec {
    rj_spawn spec; /* everything it points to belongs to this copy */
    void *lists[2];
    char *texts;
} rj_spawn_spec;

/* RJ_E_INVALID: a path is not absolute, an entry is no "NAME=value", something is missing;
 * RJ_E_LIMIT: more than 4,096 entries or 1 MiB of text. */
rj_status rj_spawn_spec_copy(const rj_spawn *spawn, rj_spawn_spec **ret_spec, rj_error *err);
/* `path` is a file somewhere below `folder`, without "." and ".." on the way. */
bool rj_spawn_is_below(const char *path, const char *folder);
/*
 * For a plugin that may start this one program and no other: neither its environment, nor the name it is
 * called by, nor the folder it works in (spawn_folder.h) makes another one of it.  RJ_E_DENIED.
 */
rj_status rj_spawn_check_narrow(const rj_spawn *spawn, rj_error *err);
void rj_spawn_spec_free(rj_spawn_spec *spec);

#endif
