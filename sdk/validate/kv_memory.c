/* SPDX-License-Identifier: MIT */
/* A list of keys under a lock; there are few. */
#include "kv_memory.h"

#include "base/alloc.h"

#include <string.h>
#include <uv.h>

#define KEYS_MAX 1024u

typedef struct entry {
    struct entry *next;
    char *key;
    char *bytes;
    size_t length;
} entry;

struct rj_kv_memory {
    uv_mutex_t lock;
    entry *first;
    unsigned count;
};

rj_status rj_kv_memory_new(rj_kv_memory **ret_kv, rj_error *err)
{
    rj_kv_memory *kv = rj_calloc(1, sizeof *kv);
    if (!kv || uv_mutex_init(&kv->lock)) {
        rj_free(kv);
        return rj_fail_memory(err, "making the plugin's values");
    }
    *ret_kv = kv;
    return RJ_OK;
}

static void free_entry(entry *e)
{
    rj_free(e->key);
    rj_free(e->bytes);
    rj_free(e);
}

void rj_kv_memory_free(rj_kv_memory *kv)
{
    if (!kv)
        return;
    for (entry *at = kv->first; at;) {
        entry *next = at->next;
        free_entry(at);
        at = next;
    }
    uv_mutex_destroy(&kv->lock);
    rj_free(kv);
}

/* Under the lock: where the entry is, or would be, hung in. */
static entry **find(rj_kv_memory *kv, const char *key)
{
    entry **at = &kv->first;
    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

static rj_status get(void *data, const char *plugin_id, const char *key, rj_sink sink,
                     void *sink_data, rj_error *err)
{
    rj_kv_memory *kv = data;
    char *copy = NULL;
    size_t length = 0;
    (void)plugin_id;
    uv_mutex_lock(&kv->lock);
    const entry *found = *find(kv, key);
    if (found) {
        length = found->length;
        copy = rj_malloc(length + 1);
        if (copy && length)
            memcpy(copy, found->bytes, length);
    }
    uv_mutex_unlock(&kv->lock);
    if (!found)
        return RJ_E_NOT_FOUND;
    if (!copy)
        return rj_fail_memory(err, "reading a value");
    sink(sink_data, copy, length);
    rj_free(copy);
    return RJ_OK;
}

static rj_status set(void *data, const char *plugin_id, const char *key, const void *bytes,
                     size_t length, rj_error *err)
{
    rj_kv_memory *kv = data;
    entry *made = rj_calloc(1, sizeof *made);
    (void)plugin_id;
    if (made) {
        made->key = rj_strdup(key);
        made->bytes = rj_malloc(length + 1);
        made->length = length;
    }
    if (!made || !made->key || !made->bytes) {
        if (made)
            free_entry(made);
        return rj_fail_memory(err, "keeping a value");
    }
    if (length)
        memcpy(made->bytes, bytes, length);
    rj_status status = RJ_OK;
    uv_mutex_lock(&kv->lock);
    entry **at = find(kv, key);
    entry *former = *at;
    if (!former && kv->count == KEYS_MAX) {
        status = rj_fail(err, RJ_E_LIMIT, "a plugin has at most %u keys", KEYS_MAX);
        former = made;
    } else {
        made->next = former ? former->next : NULL;
        *at = made;
        kv->count += !former;
    }
    uv_mutex_unlock(&kv->lock);
    if (former)
        free_entry(former);
    return status;
}

static rj_status remove_key(void *data, const char *plugin_id, const char *key, rj_error *err)
{
    rj_kv_memory *kv = data;
    (void)plugin_id;
    (void)err;
    uv_mutex_lock(&kv->lock);
    entry **at = find(kv, key);
    entry *former = *at;
    if (former) {
        *at = former->next;
        kv->count--;
    }
    uv_mutex_unlock(&kv->lock);
    if (former)
        free_entry(former);
    return RJ_OK;
}

rj_kv_backend rj_kv_memory_backend(rj_kv_memory *kv)
{
    return (rj_kv_backend){.data = kv, .get = get, .set = set, .remove = remove_key};
}
