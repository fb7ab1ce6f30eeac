/* SPDX-License-Identifier: MIT */
/* A file of the cache while it is being written (cache_part_posix.c, cache_part_win32.c). */
#ifndef RJ_PLUGINS_CACHE_PART_H
#define RJ_PLUGINS_CACHE_PART_H

#include "failure.h"

#include <stddef.h>

#define RJ_PART_PREFIX ".part-"

typedef struct rj_part rj_part;
/* A new, empty file in `folder` with a name of its own. */
rj_status rj_part_new(const char *folder, rj_part **ret_part, rj_failure *failure);
rj_status rj_part_write(rj_part *part, const void *bytes, size_t length, rj_failure *failure);
/* Make it durable under the name `path` in the same folder. */
rj_status rj_part_keep(rj_part *part, const char *path, rj_failure *failure);
/* The part is over; its file goes unless it was kept.  NULL is fine. */
void rj_part_free(rj_part *part);

/* Remove the parts that a crash has left. */
void rj_part_remove_old(const char *folder);
/* Remove a file of the cache. */
void rj_part_remove(const char *path);

#endif
