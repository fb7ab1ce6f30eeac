/* SPDX-License-Identifier: MIT */
/*
 * A cache of package files, named by their SHA-256: the same content is kept once, and a file under
 * its name was complete when it got it.
 *
 * The source is read once, hashed while it is copied, and put under its name by rename only if it
 * is what was wanted; on any failure nothing is left behind.
 */
#ifndef RJ_PLUGINS_CACHE_H
#define RJ_PLUGINS_CACHE_H

#include "archive_hash.h"

typedef struct rj_cache_request {
    const char *source; /* a regular file; a link at its end is followed */
    const char *folder; /* exists, private to the plugin */
    const char *suffix; /* of the cached name: ".zip" */
    const char *sha256; /* 64 hex digits it must have, in either case; NULL: any */
    uint64_t max_bytes; /* a larger source is refused */
    void *data;         /* for the two functions, each of which may be NULL */
    int (*cancelled)(void *data);
    void (*progress)(void *data, uint64_t done_bytes, uint64_t of_bytes);
} rj_cache_request;

typedef struct rj_cached {
    char *path; /* <folder>/<sha256><suffix>; free() it */
    char sha256[RJ_SHA256_HEX];
    uint64_t bytes;
} rj_cached;

/*
 * RJ_E_CORRUPT: another hash than wanted (the text names both); RJ_E_NOT_FOUND, RJ_E_DENIED,
 * RJ_E_INVALID (no regular file, malformed `sha256`), RJ_E_LIMIT, RJ_E_CANCELLED, RJ_E_IO.
 */
rj_status rj_cache_add(const rj_cache_request *request, rj_cached *ret_cached, rj_failure *failure);

/* What stands under this hash, read and verified again.  A damaged one is removed: RJ_E_NOT_FOUND,
 * as if it had never been there. */
rj_status rj_cache_find(const char *folder, const char *sha256, const char *suffix,
                        rj_cached *ret_cached, rj_failure *failure);

/* NULL: 64 hex digits.  Otherwise what is wrong with it, a constant text. */
const char *rj_sha256_problem(const char *text);

#endif
