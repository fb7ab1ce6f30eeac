/* SPDX-License-Identifier: MIT */
/*
 * The last status answer, ready to send, for clients that ask again and again.
 *
 * It is good for one caller, until something happens (rj_status_cache_clear() from every event), and
 * for RJ_STATUS_CACHE_MS at most, whatever happens.
 */
#ifndef RJ_IPC_STATUS_CACHE_H
#define RJ_IPC_STATUS_CACHE_H

#include "base/text.h"
#include "platform/system.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define RJ_STATUS_CACHE_MS 100

typedef struct rj_status_cache {
    rj_text text; /* empty: nothing is kept */
    rj_uid uid;
    bool admin;
    uint64_t made_ms;
} rj_status_cache;

/* NULL: there is none that is good for this caller now. */
const rj_text *rj_status_cache_get(const rj_status_cache *cache, rj_uid uid, bool admin,
                                   uint64_t now_ms);
/* Out of memory: nothing is kept, and that is all. */
void rj_status_cache_put(rj_status_cache *cache, rj_uid uid, bool admin, uint64_t now_ms,
                         const json_t *status);
void rj_status_cache_clear(rj_status_cache *cache);

#endif
