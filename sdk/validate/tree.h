/* SPDX-License-Identifier: MIT */
/* Files below a folder: what was made, changed or removed; and making such a folder. */
#ifndef RJ_VALIDATE_TREE_H
#define RJ_VALIDATE_TREE_H

#include "base/status.h"

#include <jansson.h>

/* Path below the folder -> what the entry is like.  New reference; NULL: out of memory. */
json_t *rj_tree_take(const char *folder);
/* Calls `differs` for each entry that is new, changed or gone and stands in no folder of `allowed`
 * (paths below the folder, NULL-terminated). */
void rj_tree_compare(const json_t *before, const json_t *after, const char *const *allowed,
                     void (*differs)(void *data, const char *path, const char *how), void *data);

/* A new empty folder that others may enter; ret_path has room for `size` bytes. */
rj_status rj_tree_temporary(char *ret_path, size_t size, rj_error *err);
/* Not durable, so faster than rj_file_write(). */
rj_status rj_tree_copy(const char *from, const char *to, unsigned mode, rj_error *err);
/* Regular files and folders below it; anything else is left out. */
rj_status rj_tree_copy_all(const char *from, const char *to, rj_error *err);
rj_status rj_tree_link(const char *from, const char *to, rj_error *err);
rj_status rj_tree_make(const char *folder, rj_error *err); /* mode 0755 whatever the umask */
/* Absolute, without links; ret_path has room for 4096 bytes. */
rj_status rj_tree_real_path(const char *path, char *ret_path, rj_error *err);
/* Standard output and error of this process go to these files from now on. */
rj_status rj_tree_capture(const char *out, const char *error, rj_error *err);

#endif
