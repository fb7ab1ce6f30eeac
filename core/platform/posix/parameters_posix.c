/* SPDX-License-Identifier: MIT */
/* Parameters as members of the object in parameters.json. */
#include "platform/parameters.h"

#include "base/alloc.h"
#include "base/json.h"
#include "platform/file.h"

#include <string.h>

#define FILE_MAX_BYTES (64u * 1024)

/* The object in the file, an empty one if there is no file. */
static rj_status read_object(const char *path, json_t **ret_object, rj_error *err)
{
    static const rj_json_limits limits = {FILE_MAX_BYTES, 8, true};
    char *bytes = NULL;
    size_t length = 0;
    rj_status status = rj_file_read(path, FILE_MAX_BYTES, &bytes, &length, err);
    json_t *value = NULL;
    if (status == RJ_E_NOT_FOUND)
        value = json_object();
    else if (status || (status = rj_json_parse(path, bytes, length, &limits, &value, err)) != RJ_OK)
        goto out;
    status = RJ_OK;
    if (!value)
        status = rj_fail_memory(err, "reading the parameters");
    else if (!json_is_object(value))
        status = rj_fail(err, RJ_E_INVALID, "%s does not hold a JSON object", path);
    if (status)
        json_decref(value);
    else
        *ret_object = value;
out:
    rj_free(bytes);
    return status;
}

rj_status rj_parameters_get(const rj_paths *paths, const char *name, int64_t *ret_value,
                            rj_error *err)
{
    const char *path = rj_path(paths, RJ_PATH_PARAMETERS);
    json_t *object = NULL;
    rj_status status = read_object(path, &object, err);
    if (status)
        return status;
    const json_t *value = rj_json_get(object, name);
    bool flag = false;
    if (!value)
        status = rj_fail(err, RJ_E_NOT_FOUND, "there is no %s in %s", name, path);
    else if (json_is_integer(value))
        *ret_value = json_integer_value(value);
    else if (rj_json_read_bool(value, &flag))
        *ret_value = flag;
    else
        status = rj_fail(err, RJ_E_INVALID, "%s in %s must be a whole number", name, path);
    json_decref(object);
    return status;
}

/* The member keeps the spelling it has. */
static bool put(json_t *object, const char *name, int64_t value)
{
    json_t *there = rj_json_get(object, name);
    if (json_is_integer(there))
        return json_integer_set(there, value) == 0;
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member)
    {
        if (member == there)
            return json_object_set_new(object, key, json_integer(value)) == 0;
    }
    return json_object_set_new(object, name, json_integer(value)) == 0;
}

rj_status rj_parameters_set(const rj_paths *paths, const char *name, int64_t value, rj_error *err)
{
    const char *path = rj_path(paths, RJ_PATH_PARAMETERS);
    json_t *object = NULL;
    if (value < 0 || value > (int64_t)UINT32_MAX)
        return rj_fail(err, RJ_E_INVALID, "parameter %s cannot be %lld; give 0 to 4294967295", name,
                       (long long)value);
    rj_status status = read_object(path, &object, err);
    if (status)
        return status;
    size_t length = 0;
    char *text = put(object, name, value) ? rj_json_print(object, &length) : NULL;
    char *folder = rj_strndup(path, (size_t)(strrchr(path, '/') - path));
    if (!text || !folder)
        status = rj_fail_memory(err, "writing the parameters");
    if (!status)
        status = rj_dir_make(folder, 0755, err);
    if (!status)
        status = rj_file_write(path, text, length, 0644, err);
    rj_free(folder);
    rj_free(text);
    json_decref(object);
    return status;
}
