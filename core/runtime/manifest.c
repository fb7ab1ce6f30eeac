/* SPDX-License-Identifier: MIT */
/* plugin.json, taken whole or not at all: every key known, every value of its form. */
#include "runtime/manifest.h"

#include "base/alloc.h"
#include "base/json.h"
#include "platform/file.h"
#include "platform/paths.h"
#include "runtime/signature_rule.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LIST_MAX 64u
#define LIST_OPTIONAL SIZE_MAX /* in place of the least number of entries: may be left out */
#define ABI_MAJOR 1

typedef struct reader {
    const char *name; /* of the document */
    const json_t *root;
    rj_error *err;
} reader;

/* ---- Forms of text --------------------------------------------------------------------------- */

static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

/* Words of [a-z0-9] with single '.' or '-' between them. */
static bool is_id(const char *text)
{
    for (;;) {
        size_t length = strspn(text, lower);
        if (!length)
            return false;
        text += length;
        if (!*text)
            return true;
        if (*text != '.' && *text != '-')
            return false;
        text++;
    }
}

/* 2 to 4 numbers with dots, optionally "-label". */
static bool is_version(const char *text)
{
    for (int numbers = 1; numbers <= 4; numbers++) {
        size_t length = strspn(text, "0123456789");
        if (!length)
            return false;
        text += length;
        if (numbers > 1 && (!*text || *text == '-'))
            break;
        if (numbers == 4 || *text != '.')
            return false;
        text++;
    }
    if (!*text)
        return true;
    return text[1] && strspn(text + 1, word) == strlen(text + 1) && !strchr(text, '_');
}

/* "rj.check/1" */
static bool is_interface(const char *text)
{
    size_t length = strspn(text, lower);
    if (!length || text[length] != '.')
        return false;
    text += length;
    while (*text == '.') {
        length = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789-");
        if (!length)
            return false;
        text += 1 + length;
    }
    return *text == '/' && text[1] >= '1' && text[1] <= '9' &&
           strspn(text + 1, "0123456789") == strlen(text + 1);
}

/* "spawn", "spawn:/usr/bin/x" */
static bool is_capability(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    if (!length || *text < 'a' || *text > 'z')
        return false;
    return !text[length] || (text[length] == ':' && text[length + 1]);
}

static bool is_file_name(const char *text)
{
    return *text && *text != '.' && *text != '_' && *text != '-' &&
           strspn(text, word) == strlen(text);
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool is_any(const char *text)
{
    return *text != '\0';
}

/* ---- Members --------------------------------------------------------------------------------- */

static rj_status wrong(const reader *r, const char *key, const char *expected)
{
    return rj_fail(r->err, RJ_E_INVALID, "%s: /%s: expected is %s", r->name, key, expected);
}

static rj_status take_text(const reader *r, const char *key, size_t max, bool (*form)(const char *),
                           const char *expected, bool required, char **ret_text)
{
    const json_t *value = json_object_get(r->root, key);
    if (!value && !required)
        return RJ_OK;
    const char *text = json_string_value(value);
    if (!text || strlen(text) > max || !form(text))
        return wrong(r, key, expected);
    *ret_text = rj_strdup(text);
    return *ret_text ? RJ_OK : rj_fail_memory(r->err, "reading a manifest");
}

static bool appears_before(const json_t *list, size_t index, const char *text)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

static rj_status take_list(const reader *r, const char *key, bool (*form)(const char *),
                           const char *expected, size_t minimum, char ***ret_list,
                           size_t *ret_count)
{
    const json_t *list = json_object_get(r->root, key);
    size_t count = json_array_size(list);
    if (!list && minimum == LIST_OPTIONAL)
        return RJ_OK;
    minimum = minimum == LIST_OPTIONAL ? 0 : minimum;
    if (!json_is_array(list) || count < minimum || count > LIST_MAX)
        return wrong(r, key, expected);
    char **texts = rj_calloc(count + 1, sizeof *texts);
    if (!texts)
        return rj_fail_memory(r->err, "reading a manifest");
    *ret_list = texts; /* freed with the manifest, also after a failure */
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || strlen(text) > 256 || !form(text) || appears_before(list, i, text)) {
            char place[64];
            snprintf(place, sizeof place, "%s/%zu", key, i);
            return wrong(r, place, expected);
        }
        texts[i] = rj_strdup(text);
        if (!texts[i])
            return rj_fail_memory(r->err, "reading a manifest");
        *ret_count = i + 1;
    }
    return RJ_OK;
}

static rj_status check_keys(const reader *r)
{
    static const char *const known[] = {"$schema", "id",       "name",         "version",
                                        "abi",     "provides", "checks",       "formats",
                                        "binary",  "sha256",   "capabilities", "isolation"};
    void *at = json_object_iter((json_t *)(uintptr_t)r->root);
    for (; at; at = json_object_iter_next((json_t *)(uintptr_t)r->root, at)) {
        const char *key = json_object_iter_key(at);
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0] && !found; i++)
            found = strcmp(key, known[i]) == 0;
        if (!found)
            return rj_fail(r->err, RJ_E_INVALID, "%s: key \"%.64s\" is not known", r->name, key);
    }
    return RJ_OK;
}

static rj_status take_abi(const reader *r, int *ret_abi)
{
    const json_t *value = json_object_get(r->root, "abi");
    if (!json_is_integer(value) || json_integer_value(value) < 1)
        return wrong(r, "abi", "the ABI's major number, such as 1");
    if (json_integer_value(value) != ABI_MAJOR)
        return rj_fail(r->err, RJ_E_INVALID, "%s: made for plugin ABI %lld; this agent speaks %d",
                       r->name, (long long)json_integer_value(value), ABI_MAJOR);
    *ret_abi = ABI_MAJOR;
    return RJ_OK;
}

static rj_status take_isolation(const reader *r, bool *ret_worker)
{
    const json_t *value = json_object_get(r->root, "isolation");
    const char *text = json_string_value(value);
    *ret_worker = true;
    if (!value || (text && strcmp(text, "worker") == 0))
        return RJ_OK;
    *ret_worker = false;
    return text && strcmp(text, "in-process") == 0
               ? RJ_OK
               : wrong(r, "isolation", "\"in-process\" or \"worker\"");
}

static rj_status take_all(const reader *r, rj_manifest *m)
{
    rj_status status = check_keys(r);
    if (!status)
        status =
            take_text(r, "id", 64, is_id, "lower-case words joined by '.' or '-'", true, &m->id);
    if (!status && rj_signature_rule_is_setting(m->id, strlen(m->id)))
        status = rj_fail(r->err, RJ_E_INVALID,
                         "%s: /id: \"%s\" is a setting of the policy; give the plugin another id",
                         r->name, m->id);
    if (!status)
        status = take_text(r, "name", 128, is_any, "a name of at most 128 bytes", true, &m->name);
    if (!status)
        status = take_text(r, "version", 64, is_version, "a version such as \"1.2.3\"", true,
                           &m->version);
    if (!status)
        status = take_abi(r, &m->abi);
    if (!status)
        status = take_list(r, "provides", is_interface,
                           "a list of different interface ids such as \"rj.check/1\"", 1,
                           &m->provides, &m->provides_count);
    size_t count = 0;
    if (!status)
        status = take_list(r, "checks", is_id, "a list of different check ids", LIST_OPTIONAL,
                           &m->checks, &count);
    if (!status)
        status = take_list(r, "formats", is_id, "a list of different package formats",
                           LIST_OPTIONAL, &m->formats, &count);
    if (!status)
        status = take_list(r, "capabilities", is_capability,
                           "a list of different capabilities such as \"spawn\"", 0,
                           &m->capabilities, &m->capability_count);
    if (!status)
        status = take_isolation(r, &m->wants_worker);
    if (!status)
        status = take_text(r, "binary", 128, is_file_name, "the plain name of a file beside it",
                           true, &m->binary);
    if (!status)
        status = take_text(r, "sha256", 64, is_sha256, "64 lower-case hexadecimal digits", false,
                           &m->sha256);
    return status;
}

/* ---- Documents ------------------------------------------------------------------------------- */

rj_status rj_manifest_parse(const char *name, const char *bytes, size_t length,
                            rj_manifest **ret_manifest, rj_error *err)
{
    static const rj_json_limits limits = {
        .max_bytes = RJ_MANIFEST_MAX, .max_depth = 4, .fold_keys = true};
    json_t *root = NULL;
    rj_status status = rj_json_parse(name, bytes, length, &limits, &root, err);
    if (status)
        return status;
    rj_manifest *manifest = rj_calloc(1, sizeof *manifest);
    reader r = {.name = name, .root = root, .err = err};
    if (!manifest)
        status = rj_fail_memory(err, "reading a manifest");
    else if (!json_is_object(root))
        status = rj_fail(err, RJ_E_INVALID, "%s: a manifest is one JSON object", name);
    else
        status = take_all(&r, manifest);
    json_decref(root);
    if (status)
        rj_manifest_free(manifest);
    else
        *ret_manifest = manifest;
    return status;
}

rj_status rj_manifest_read(const char *folder, rj_manifest **ret_manifest, rj_error *err)
{
    char *path = NULL;
    rj_status status = rj_path_join(folder, "plugin.json", &path, err);
    if (status)
        return status;
    char *bytes = NULL;
    size_t length = 0;
    rj_manifest *manifest = NULL;
    status = rj_file_read(path, RJ_MANIFEST_MAX, &bytes, &length, err);
    if (!status)
        status = rj_manifest_parse(path, bytes, length, &manifest, err);
    const char *slash = strrchr(folder, '/');
    if (!status && slash && strcmp(slash + 1, manifest->id) != 0) {
        status = rj_fail(err, RJ_E_INVALID, "%s: id \"%s\" differs from the folder's name", path,
                         manifest->id);
        rj_manifest_free(manifest);
    }
    if (!status)
        *ret_manifest = manifest;
    rj_free(bytes);
    rj_free(path);
    return status;
}

static void free_list(char **list)
{
    for (char **at = list; at && *at; at++)
        rj_free(*at);
    rj_free(list);
}

void rj_manifest_free(rj_manifest *manifest)
{
    if (!manifest)
        return;
    rj_free(manifest->id);
    rj_free(manifest->name);
    rj_free(manifest->version);
    free_list(manifest->provides);
    free_list(manifest->checks);
    free_list(manifest->formats);
    free_list(manifest->capabilities);
    rj_free(manifest->binary);
    rj_free(manifest->sha256);
    rj_free(manifest);
}
