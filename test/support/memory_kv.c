/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory_kv.h"

#include <stdio.h>
#include <string.h>

void memory_kv_open(memory_kv *kv)
{
    memset(kv, 0, sizeof *kv);
    kv->capacity = MEMORY_KV_ENTRIES;
    assert_int_equal(uv_mutex_init(&kv->lock), 0);
}

void memory_kv_close(memory_kv *kv)
{
    uv_mutex_destroy(&kv->lock);
}

/* The entry of the key, or else a free one; MEMORY_KV_ENTRIES: there is none. */
static size_t place_of(const memory_kv *kv, const char *plugin, const char *key)
{
    size_t free_one = MEMORY_KV_ENTRIES, used = 0;
    for (size_t i = 0; i < MEMORY_KV_ENTRIES; i++) {
        used += kv->entries[i].used;
        if (!kv->entries[i].used)
            free_one = i;
        else if (strcmp(kv->entries[i].plugin, plugin) == 0 && strcmp(kv->entries[i].key, key) == 0)
            return i;
    }
    return used < kv->capacity ? free_one : MEMORY_KV_ENTRIES;
}

static rj_status get(void *data, const char *plugin, const char *key, rj_sink sink, void *sink_data,
                     rj_error *err)
{
    memory_kv *kv = data;
    char value[sizeof kv->entries[0].value];
    size_t length = 0;
    if (kv->fail_get)
        return rj_fail(err, kv->fail_get, "the memory cannot be read");
    uv_mutex_lock(&kv->lock);
    size_t at = place_of(kv, plugin, key);
    bool found = at < MEMORY_KV_ENTRIES && kv->entries[at].used;
    if (found) {
        length = kv->entries[at].length;
        memcpy(value, kv->entries[at].value, length);
    }
    uv_mutex_unlock(&kv->lock);
    if (!found)
        return rj_fail(err, RJ_E_NOT_FOUND, "no value is kept under \"%s\"", key);
    sink(sink_data, value, length);
    return RJ_OK;
}

static rj_status set(void *data, const char *plugin, const char *key, const void *bytes,
                     size_t length, rj_error *err)
{
    memory_kv *kv = data;
    if (kv->fail_set)
        return rj_fail(err, kv->fail_set, "the memory cannot be written");
    assert_true(length <= sizeof kv->entries[0].value);
    uv_mutex_lock(&kv->lock);
    size_t at = place_of(kv, plugin, key);
    if (at < MEMORY_KV_ENTRIES) {
        snprintf(kv->entries[at].plugin, sizeof kv->entries[at].plugin, "%s", plugin);
        snprintf(kv->entries[at].key, sizeof kv->entries[at].key, "%s", key);
        memcpy(kv->entries[at].value, bytes, length);
        kv->entries[at].length = length;
        kv->entries[at].used = true;
    }
    uv_mutex_unlock(&kv->lock);
    return at < MEMORY_KV_ENTRIES ? RJ_OK : rj_fail(err, RJ_E_LIMIT, "the memory is full");
}

static rj_status remove_key(void *data, const char *plugin, const char *key, rj_error *err)
{
    memory_kv *kv = data;
    if (kv->fail_remove)
        return rj_fail(err, kv->fail_remove, "the memory cannot be changed");
    uv_mutex_lock(&kv->lock);
    size_t at = place_of(kv, plugin, key);
    if (at < MEMORY_KV_ENTRIES)
        kv->entries[at].used = false;
    uv_mutex_unlock(&kv->lock);
    return RJ_OK;
}

rj_kv_backend memory_kv_backend(memory_kv *kv)
{
    return (rj_kv_backend){.data = kv, .get = get, .set = set, .remove = remove_key};
}

size_t memory_kv_count(memory_kv *kv, const char *key_prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < MEMORY_KV_ENTRIES; i++)
        count += kv->entries[i].used && strcmp(kv->entries[i].plugin, "_runtime") == 0 &&
                 strncmp(kv->entries[i].key, key_prefix, strlen(key_prefix)) == 0;
    return count;
}
