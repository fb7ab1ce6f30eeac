/* SPDX-License-Identifier: MIT */
/*
 * Keys: "quarantine.SHA256" holds an entry, "quarantined.ID" the SHA-256 of the plugin's latest one,
 * so that a plugin that is updated and set aside again and again keeps one entry; "disabled.ID" is
 * there or not.
 */
#include "runtime/quarantine.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX 300
#define ENTRY_MAX 4096

/* ---- The backend ----------------------------------------------------------------------------- */

static rj_status absent(rj_error *err)
{
    return rj_fail(err, RJ_E_IO, "there is nothing to keep values in");
}

typedef struct read_value {
    char bytes[ENTRY_MAX];
    size_t length;
    bool too_long;
} read_value;

static void RJ_CALL keep_value(void *data, const void *bytes, size_t length)
{
    read_value *value = data;
    if (length > sizeof value->bytes - value->length) {
        value->too_long = true;
        return;
    }
    if (length)
        memcpy(value->bytes + value->length, bytes, length);
    value->length += length;
}

static rj_status get(const rj_kv_backend *kv, const char *key, read_value *ret_value, rj_error *err)
{
    ret_value->length = 0;
    ret_value->too_long = false;
    if (!kv->get)
        return absent(err);
    rj_status status = kv->get(kv->data, RJ_QUARANTINE_OWNER, key, keep_value, ret_value, err);
    if (status == RJ_OK && ret_value->too_long)
        status =
            rj_fail(err, RJ_E_CORRUPT, "the value \"%s\" is longer than any that was written", key);
    return status;
}

static rj_status get_if_there(const rj_kv_backend *kv, const char *key, read_value *ret_value,
                              bool *ret_found, rj_error *err)
{
    rj_error error = RJ_ERROR_NONE;
    rj_status status = get(kv, key, ret_value, &error);
    if (status && status != RJ_E_NOT_FOUND)
        return rj_fail(err, status, "%s", error.text);
    *ret_found = status == RJ_OK;
    return RJ_OK;
}

static rj_status set(const rj_kv_backend *kv, const char *key, const char *text, size_t length,
                     rj_error *err)
{
    return kv->set ? kv->set(kv->data, RJ_QUARANTINE_OWNER, key, text, length, err) : absent(err);
}

static rj_status remove_key(const rj_kv_backend *kv, const char *key, rj_error *err)
{
    if (!kv->remove)
        return absent(err);
    rj_status status = kv->remove(kv->data, RJ_QUARANTINE_OWNER, key, err);
    return status == RJ_E_NOT_FOUND ? RJ_OK : status;
}

/* ---- Files set aside ------------------------------------------------------------------------- */

static rj_status read_entry(const char *key, const read_value *value, rj_quarantine *ret_found,
                            rj_error *err)
{
    static const rj_json_limits limits = {.max_bytes = ENTRY_MAX, .max_depth = 4};
    json_t *entry = NULL;
    rj_status status = rj_json_parse(key, value->bytes, value->length, &limits, &entry, err);
    if (status == RJ_E_NO_MEMORY)
        return status;
    const char *why = json_string_value(json_object_get(entry, "why"));
    const char *by = json_string_value(json_object_get(entry, "by"));
    const json_t *when = json_object_get(entry, "when");
    bool by_admin = by && strcmp(by, "admin") == 0;
    bool sound = why && json_is_integer(when) && (by_admin || (by && strcmp(by, "crashes") == 0));
    if (sound) {
        ret_found->when_wall_ms = json_integer_value(when);
        ret_found->by_admin = by_admin;
        rj_text_to_line(ret_found->why, sizeof ret_found->why, why, strlen(why));
    }
    json_decref(entry);
    return sound ? RJ_OK
                 : rj_fail(err, RJ_E_CORRUPT,
                           "the entry \"%s\" is damaged; set it anew or clear it", key);
}

rj_status rj_quarantine_find(const rj_kv_backend *kv, const char *sha256, rj_quarantine *ret_found,
                             rj_error *err)
{
    char key[KEY_MAX];
    read_value value;
    snprintf(key, sizeof key, "quarantine.%s", sha256);
    rj_status status = get(kv, key, &value, err);
    return status ? status : read_entry(key, &value, ret_found, err);
}

/* Before the new entry is written, as it makes the room for it. */
static rj_status forget_former(const rj_kv_backend *kv, const char *pointer, const char *sha256,
                               rj_error *err)
{
    char key[KEY_MAX];
    read_value value;
    bool found = false;
    rj_status status = get_if_there(kv, pointer, &value, &found, err);
    if (status || !found)
        return status;
    size_t length = strlen(sha256);
    bool same = value.length == length && memcmp(value.bytes, sha256, length) == 0;
    if (same || value.length > 64)
        return RJ_OK;
    snprintf(key, sizeof key, "quarantine.%.*s", (int)value.length, value.bytes);
    return remove_key(kv, key, err);
}

rj_status rj_quarantine_put(const rj_kv_backend *kv, const char *sha256, const char *plugin_id,
                            const rj_quarantine *quarantine, rj_error *err)
{
    char key[KEY_MAX], pointer[KEY_MAX], why[RJ_QUARANTINE_WHY];
    size_t length = 0;
    rj_text_to_line(why, sizeof why, quarantine->why, strlen(quarantine->why));
    snprintf(key, sizeof key, "quarantine.%s", sha256);
    snprintf(pointer, sizeof pointer, "quarantined.%s", plugin_id);
    json_t *entry = json_pack("{s:s, s:s, s:I, s:s}", "id", plugin_id, "why", why, "when",
                              (json_int_t)quarantine->when_wall_ms, "by",
                              quarantine->by_admin ? "admin" : "crashes");
    char *text = entry ? rj_json_print(entry, &length) : NULL;
    json_decref(entry);
    if (!text)
        return rj_fail_memory(err, "setting a plugin's file aside");
    rj_status status = forget_former(kv, pointer, sha256, err);
    if (!status)
        status = set(kv, key, text, length, err);
    if (!status)
        status = set(kv, pointer, sha256, strlen(sha256), err);
    rj_free(text);
    return status;
}

rj_status rj_quarantine_clear(const rj_kv_backend *kv, const char *sha256, rj_error *err)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "quarantine.%s", sha256);
    return remove_key(kv, key, err);
}

/* ---- Plugins disabled ------------------------------------------------------------------------ */

rj_status rj_disabled_find(const rj_kv_backend *kv, const char *plugin_id, bool *ret_disabled,
                           rj_error *err)
{
    char key[KEY_MAX];
    read_value value;
    snprintf(key, sizeof key, "disabled.%s", plugin_id);
    return get_if_there(kv, key, &value, ret_disabled, err);
}

rj_status rj_disabled_put(const rj_kv_backend *kv, const char *plugin_id, bool disabled,
                          rj_error *err)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "disabled.%s", plugin_id);
    return disabled ? set(kv, key, "1", 1, err) : remove_key(kv, key, err);
}
