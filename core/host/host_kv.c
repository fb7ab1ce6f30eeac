/* SPDX-License-Identifier: MIT */
/* "rj.host.kv/1": checks form and size, then hands over to the backend under the plugin's id. */
#include "host_internal.h"

#include "base/log.h"

#include <string.h>

#define KEY_MAX 128u
#define VALUE_MAX (64u * 1024)

static bool key_is_good(const char *key)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = key ? strnlen(key, KEY_MAX + 1) : 0;
    return length >= 1 && length <= KEY_MAX && strspn(key, allowed) == length;
}

static rj_status report(rj_instance *instance, const char *what, const char *key, rj_status status,
                        const rj_error *err)
{
    if (status && status != RJ_E_NOT_FOUND)
        rj_host_complain(instance, "host.kv", NULL, "plugin %s: value \"%s\" cannot be %s: %s",
                         instance->id, key, what, *err->text ? err->text : rj_status_name(status));
    return status;
}

static rj_status RJ_CALL get(const rj_host *host, const char *key, rj_sink sink, void *data)
{
    rj_instance *instance = rj_host_instance(host);
    const rj_kv_backend *kv = &instance->runtime->options.kv;
    if (!key_is_good(key) || !sink)
        return RJ_E_INVALID;
    if (!kv->get)
        return RJ_E_NOT_FOUND;
    rj_error err = RJ_ERROR_NONE;
    return report(instance, "read", key, kv->get(kv->data, instance->id, key, sink, data, &err),
                  &err);
}

static rj_status RJ_CALL set(const rj_host *host, const char *key, const void *bytes, size_t length)
{
    rj_instance *instance = rj_host_instance(host);
    const rj_kv_backend *kv = &instance->runtime->options.kv;
    if (!key_is_good(key) || (length && !bytes))
        return RJ_E_INVALID;
    if (length > VALUE_MAX)
        return RJ_E_LIMIT;
    if (!kv->set)
        return RJ_E_IO;
    rj_error err = RJ_ERROR_NONE;
    return report(instance, "written", key,
                  kv->set(kv->data, instance->id, key, bytes, length, &err), &err);
}

static rj_status RJ_CALL remove_key(const rj_host *host, const char *key)
{
    rj_instance *instance = rj_host_instance(host);
    const rj_kv_backend *kv = &instance->runtime->options.kv;
    if (!key_is_good(key))
        return RJ_E_INVALID;
    if (!kv->remove)
        return RJ_OK;
    rj_error err = RJ_ERROR_NONE;
    rj_status status = kv->remove(kv->data, instance->id, key, &err);
    return status == RJ_E_NOT_FOUND ? RJ_OK : report(instance, "removed", key, status, &err);
}

const rj_host_kv rj_host_kv_table = {.size = sizeof(rj_host_kv),
                                     .minor = RJ_ABI_MINOR,
                                     .get = get,
                                     .set = set,
                                     .remove = remove_key};
