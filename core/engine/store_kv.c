/* SPDX-License-Identifier: MIT */
/* Small values of plugins, each plugin seeing its own only.  Called from any thread. */
#include "engine/store_internal.h"

#include "base/alloc.h"

#include <string.h>

#define MAX_KEYS 1024
#define MAX_VALUE ((size_t)64 * 1024)

/* The value is copied, so that the sink runs without the store's lock. */
static rj_status read_value(rj_store *store, const char *plugin_id, const char *key,
                            void **ret_bytes, size_t *ret_length, rj_error *err)
{
    sqlite3_stmt *get = NULL;
    rj_status status = rj_store_statement(
        store, RJ_STATEMENT_KV_GET, "SELECT value FROM kv WHERE plugin=? AND key=?", &get, err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(get, 1, plugin_id);
    rj_store_bind_text(get, 2, key);
    bool found = false;
    status = rj_store_next(store, get, &found, err);
    if (status != RJ_OK)
        return status;
    if (!found)
        return rj_fail(err, RJ_E_NOT_FOUND, "no value is kept under \"%s\"", key);
    const void *value = sqlite3_column_blob(get, 0);
    size_t length = (size_t)sqlite3_column_bytes(get, 0);
    void *copy = rj_malloc(length);
    if (copy && length)
        memcpy(copy, value, length);
    rj_store_reset(get);
    if (!copy)
        return rj_fail_memory(err, "reading a value of a plugin");
    *ret_bytes = copy;
    *ret_length = length;
    return RJ_OK;
}

static rj_status kv_get(void *data, const char *plugin_id, const char *key, rj_sink sink,
                        void *sink_data, rj_error *err)
{
    rj_store *store = data;
    rj_status status = rj_store_enter(store, RJ_STORE_READ, err);
    if (status != RJ_OK)
        return status;
    void *bytes = NULL;
    size_t length = 0;
    status = read_value(store, plugin_id, key, &bytes, &length, err);
    status = rj_store_leave(store, RJ_STORE_READ, status, err);
    if (status == RJ_OK)
        sink(sink_data, bytes, length);
    rj_free(bytes);
    return status;
}

/* A key that is there already may be replaced also when the plugin has as many as it may. */
static rj_status check_room(rj_store *store, const char *plugin_id, const char *key, rj_error *err)
{
    sqlite3_stmt *count = NULL;
    rj_status status =
        rj_store_statement(store, RJ_STATEMENT_KV_COUNT,
                           "SELECT count(*) FROM kv WHERE plugin=? AND key<>?", &count, err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(count, 1, plugin_id);
    rj_store_bind_text(count, 2, key);
    bool row = false;
    status = rj_store_next(store, count, &row, err);
    if (status != RJ_OK)
        return status;
    int others = row ? sqlite3_column_int(count, 0) : 0;
    rj_store_reset(count);
    if (others >= MAX_KEYS)
        return rj_fail(err, RJ_E_LIMIT, "\"%s\" keeps %d values already; remove some", plugin_id,
                       MAX_KEYS);
    return RJ_OK;
}

static rj_status write_value(rj_store *store, const char *plugin_id, const char *key,
                             const void *bytes, size_t length, rj_error *err)
{
    rj_status status = check_room(store, plugin_id, key, err);
    if (status != RJ_OK)
        return status;
    sqlite3_stmt *set = NULL;
    status = rj_store_statement(store, RJ_STATEMENT_KV_SET,
                                "INSERT OR REPLACE INTO kv(plugin, key, value) VALUES(?,?,?)", &set,
                                err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(set, 1, plugin_id);
    rj_store_bind_text(set, 2, key);
    if (length)
        sqlite3_bind_blob64(set, 3, bytes, length, SQLITE_STATIC);
    else
        sqlite3_bind_zeroblob(set, 3, 0);
    return rj_store_run(store, set, err);
}

static rj_status kv_set(void *data, const char *plugin_id, const char *key, const void *bytes,
                        size_t length, rj_error *err)
{
    rj_store *store = data;
    if (length > MAX_VALUE)
        return rj_fail(err, RJ_E_LIMIT, "the value of \"%s\" has %zu bytes, at most %zu are kept",
                       key, length, MAX_VALUE);
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    status = write_value(store, plugin_id, key, bytes, length, err);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

static rj_status kv_remove(void *data, const char *plugin_id, const char *key, rj_error *err)
{
    rj_store *store = data;
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    sqlite3_stmt *remove = NULL;
    status = rj_store_statement(store, RJ_STATEMENT_KV_REMOVE,
                                "DELETE FROM kv WHERE plugin=? AND key=?", &remove, err);
    if (status == RJ_OK) {
        rj_store_bind_text(remove, 1, plugin_id);
        rj_store_bind_text(remove, 2, key);
        status = rj_store_run(store, remove, err);
    }
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

rj_kv_backend rj_store_kv(rj_store *store)
{
    return (rj_kv_backend){.data = store, .get = kv_get, .set = kv_set, .remove = kv_remove};
}
