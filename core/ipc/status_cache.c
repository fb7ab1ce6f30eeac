/* SPDX-License-Identifier: MIT */
/* The last status answer, ready to send; see status_cache.h. */
#include "ipc/status_cache.h"
#include "base/alloc.h"
#include "base/json.h"

const rj_text *rj_status_cache_get(const rj_status_cache *cache, rj_uid uid, bool admin,
                                   uint64_t now_ms)
{
    if (cache->text.length == 0 || cache->uid != uid || cache->admin != admin ||
        now_ms - cache->made_ms >= RJ_STATUS_CACHE_MS)
        return NULL;
    return &cache->text;
}

void rj_status_cache_put(rj_status_cache *cache, rj_uid uid, bool admin, uint64_t now_ms,
                         const json_t *status)
{
    rj_status_cache_clear(cache);
    size_t length;
    char *text = rj_json_print(status, &length);
    if (!text)
        return;
    rj_text_append(&cache->text, text, length);
    rj_free(text);
    if (rj_text_failed(&cache->text))
        rj_status_cache_clear(cache);
    cache->uid = uid;
    cache->admin = admin;
    cache->made_ms = now_ms;
}

void rj_status_cache_clear(rj_status_cache *cache)
{
    rj_text_free(&cache->text);
}
