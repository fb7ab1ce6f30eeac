/* SPDX-License-Identifier: MIT */
/* Shared libraries: opened by the descriptor that was checked, so that a swapped file is not run. */
#ifndef RJ_PLATFORM_LIBRARY_H
#define RJ_PLATFORM_LIBRARY_H

#include "base/status.h"

typedef struct rj_library rj_library;

/*
 * Check trust (file.h), hash what the descriptor holds, compare with `sha256` (64 hex digits, NULL:
 * no comparison), then load exactly that: everything bound now, nothing visible to others.
 * `boundary` as in rj_file_check_trusted().
 */
rj_status rj_library_open(const char *path, const char *boundary, const char *sha256,
                          rj_library **ret_library, rj_error *err);

/* The same in two steps, for a library that another process of ours maps: the checked file, and, there,
 * what `file` holds.  The file is closed by rj_library_close_file(), once mapped with the library. */
rj_status rj_library_check(const char *path, const char *boundary, const char *sha256,
                           int *ret_file, rj_error *err);
rj_status rj_library_map(int file, const char *name, rj_library **ret_library, rj_error *err);
void rj_library_close_file(int file); /* below 0: nothing */

void *rj_library_symbol(rj_library *library, const char *name); /* NULL: none */
void rj_library_close(rj_library *library);

#endif
