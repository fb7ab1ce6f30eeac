/* SPDX-License-Identifier: MIT */
/*
 * Entries of SoftwarePackages to assignments.
 *
 * Each entry is judged by itself here; what it says about others is judged in policy_validate.c.
 */
#include "engine/policy_reader.h"

#include "base/alloc.h"
#include "base/text.h"
#include "engine/args_hash.h"
#include "engine/digest.h"

#include <string.h>

#define TIME_LIMIT_DEFAULT_MS ((int64_t)14400 * 1000)
#define TIME_LIMIT_LEAST_MS ((int64_t)1000)
#define TIME_LIMIT_MOST_MS ((int64_t)7 * 24 * 3600 * 1000)
#define VERSION_MAX 128
#define FORMAT_MAX 32

typedef struct entry {
    rj_assignment *assignment;
    const char *platform;
    const char *scope;
    bool pre_release;
} entry;

static bool is_lower_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* ---- Single values ---------------------------------------------------------------------------- */

static rj_status take_id(rj_policy_reader *reader, const rj_policy_path *path, const json_t *value,
                         const char **ret_id)
{
    if (!json_is_string(value) ||
        !rj_package_id_valid(json_string_value(value), json_string_length(value)))
        return rj_policy_unexpected(reader, path, value,
                                    "a package id (letters, digits, '.', '_' and '-', beginning "
                                    "with a letter or digit, at most 128, with an optional "
                                    "#suffix)");
    return rj_policy_string(reader, path, value, RJ_KIND_STRING, ret_id);
}

/* The name becomes part of a path in feeds. */
static rj_status take_package(rj_policy_reader *reader, const rj_policy_path *path,
                              const json_t *value, const char **ret_name)
{
    if (json_is_null(value))
        return RJ_OK;
    if (!json_is_string(value) || strchr(json_string_value(value), '#') ||
        !rj_package_id_valid(json_string_value(value), json_string_length(value)))
        return rj_policy_unexpected(reader, path, value,
                                    "a package name (letters, digits, '.', '_' and '-', at most "
                                    "128)");
    return rj_policy_string(reader, path, value, RJ_KIND_STRING, ret_name);
}

/* So does the version. */
static rj_status take_version(rj_policy_reader *reader, const rj_policy_path *path,
                              const json_t *value, const char **ret_version)
{
    if (json_is_null(value))
        return RJ_OK;
    const char *text = json_string_value(value);
    bool valid = text && is_lower_alnum(fold(text[0])) && strlen(text) <= VERSION_MAX;
    for (const char *at = text; valid && *at; at++)
        valid = is_lower_alnum(fold(*at)) || strchr(".-+_", *at);
    if (!valid)
        return rj_policy_unexpected(reader, path, value,
                                    "a version such as \"1.2.3\" or \"1.2.3-beta.1\"");
    return rj_policy_string(reader, path, value, RJ_KIND_STRING, ret_version);
}

static rj_status take_format(rj_policy_reader *reader, const rj_policy_path *path,
                             const json_t *value, const char **ret_format)
{
    if (json_is_null(value))
        return RJ_OK;
    const char *text = json_string_value(value);
    char folded[FORMAT_MAX + 1];
    size_t length = 0;
    for (; text && text[length] && length < FORMAT_MAX; length++) {
        folded[length] = fold(text[length]);
        if (!is_lower_alnum(folded[length]) && (folded[length] != '-' || length == 0))
            break;
    }
    if (!text || length == 0 || text[length])
        return rj_policy_unexpected(reader, path, value,
                                    "a package format such as \"nuget\" or \"craft\"");
    char *copy = rj_arena_strndup(&reader->whole->arena, folded, length);
    if (!copy)
        return rj_policy_no_memory(reader);
    *ret_format = copy;
    return RJ_OK;
}

/* Format decides; Platform is what the product's own entries say. */
static rj_status take_platform(rj_policy_reader *reader, const rj_policy_path *path,
                               const json_t *value, const char **ret_format)
{
    static const struct {
        const char *platform, *format;
    } known[] = {
        {"winchoco", "nuget"}, {"linuxchoco", "nuget"}, {"win", "craft"}, {"linux", "craft"}};

    if (json_is_null(value))
        return RJ_OK;
    for (size_t i = 0; json_is_string(value) && i < sizeof(known) / sizeof(known[0]); i++) {
        if (rj_ascii_casecmp(json_string_value(value), known[i].platform) == 0) {
            *ret_format = known[i].format;
            return RJ_OK;
        }
    }
    return rj_policy_unexpected(reader, path, value,
                                "\"winchoco\", \"linuxchoco\", \"win\" or \"linux\"");
}

static rj_status take_scope(rj_policy_reader *reader, const rj_policy_path *path,
                            const json_t *value, rj_scope *ret_scope)
{
    const char *text = json_string_value(value);
    if (json_is_null(value))
        return RJ_OK;
    if (text && rj_ascii_casecmp(text, "system") == 0)
        *ret_scope = RJ_SCOPE_SYSTEM;
    else if (text && rj_ascii_casecmp(text, "user") == 0)
        *ret_scope = RJ_SCOPE_USER;
    else
        return rj_policy_unexpected(reader, path, value, "\"system\" or \"user\"");
    return RJ_OK;
}

static rj_status take_hash(rj_policy_reader *reader, const rj_policy_path *path,
                           const json_t *value, const char **ret_hash)
{
    if (json_is_null(value))
        return RJ_OK;
    const char *text = json_string_value(value);
    size_t length = text ? strlen(text) : 0, hex = 0;
    char lower[65];
    while (hex < length && hex < 64) {
        lower[hex] = fold(text[hex]);
        if (!strchr("0123456789abcdef", lower[hex]))
            break;
        hex++;
    }
    if (length == 40 && hex == 40)
        return rj_policy_refuse(reader, RJ_E_INVALID, path,
                                "expected a SHA-256 (64 hex digits), found a SHA-1 (40), which is "
                                "no longer safe: give the SHA-256 of the same file");
    if (length != 64 || hex != 64)
        return rj_policy_unexpected(reader, path, value, "a SHA-256 (64 hex digits)");
    char *copy = rj_arena_strndup(&reader->whole->arena, lower, 64);
    if (!copy)
        return rj_policy_no_memory(reader);
    *ret_hash = copy;
    return RJ_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static rj_status take_args(rj_policy_reader *reader, const rj_policy_path *path,
                           const json_t *value, rj_assignment *assignment)
{
    const char *text = NULL;
    rj_status status = rj_policy_string(reader, path, value, RJ_KIND_TEXT, &text);
    if (status != RJ_OK || !text)
        return status;

    size_t length = strlen(text);
    while (length && is_blank(text[length - 1]))
        length--;
    while (length && is_blank(*text)) {
        text++;
        length--;
    }
    if (!length)
        return RJ_OK;
    char *trimmed = rj_arena_strndup(&reader->whole->arena, text, length);
    if (!trimmed)
        return rj_policy_no_memory(reader);

    char **list;
    size_t count;
    bool unclosed = false;
    if (!rj_text_split_arguments(trimmed, &list, &count, &unclosed))
        return unclosed ? rj_policy_unexpected(reader, path, value, "arguments with closed quotes")
                        : rj_policy_no_memory(reader);
    char **kept = rj_arena_alloc(&reader->whole->arena, count + 1, sizeof(*kept));
    for (size_t i = 0; kept && i < count; i++) {
        kept[i] = rj_arena_strdup(&reader->whole->arena, list[i]);
        if (!kept[i])
            kept = NULL;
    }
    rj_free(list);
    if (!kept)
        return rj_policy_no_memory(reader);
    assignment->args = trimmed;
    assignment->arguments = kept;
    return rj_args_hash(trimmed, assignment->args_hash, reader->err);
}

static bool lists(const char *const *ids, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (rj_ascii_casecmp(ids[i], id) == 0)
            return true;
    return false;
}

static rj_status take_depends_on(rj_policy_reader *reader, const rj_policy_path *path,
                                 const json_t *value, rj_assignment *assignment)
{
    if (json_is_null(value))
        return RJ_OK;
    if (!json_is_array(value) && !json_is_string(value))
        return rj_policy_unexpected(reader, path, value, "an array of package ids");
    size_t given = json_is_array(value) ? json_array_size(value) : 1;
    if (given > RJ_POLICY_MAX_DEPENDENCIES)
        return rj_policy_refuse(reader, RJ_E_LIMIT, path,
                                "%zu dependencies, at most %d are accepted", given,
                                RJ_POLICY_MAX_DEPENDENCIES);
    if (!given)
        return RJ_OK;

    const char **ids = rj_arena_alloc(&reader->whole->arena, given + 1, sizeof(*ids));
    if (!ids)
        return rj_policy_no_memory(reader);
    size_t count = 0;
    for (size_t i = 0; i < given; i++) {
        const rj_policy_path element = {.parent = path, .index = i};
        bool is_list = json_is_array(value);
        const char *id = NULL;
        rj_status status = take_id(reader, is_list ? &element : path,
                                   is_list ? json_array_get(value, i) : value, &id);
        if (status == RJ_OK && lists(ids, count, id))
            status = rj_policy_warn(reader, &element, "\"%s\" is listed twice", id);
        else if (status == RJ_OK)
            ids[count++] = id;
        if (status != RJ_OK)
            return status;
    }
    assignment->depends_on = ids;
    assignment->depends_count = count;
    return RJ_OK;
}

/* ---- The entry -------------------------------------------------------------------------------- */

static rj_status take_member(rj_policy_reader *reader, const rj_policy_key *key,
                             const rj_policy_path *path, json_t *value, void *data)
{
    entry *read = data;
    rj_assignment *a = read->assignment;
    switch (key->id) {
    case RJ_KEY_ID:
        return take_id(reader, path, value, &a->id);
    case RJ_KEY_NAME:
        return rj_policy_string(reader, path, value, key->kind, &a->name);
    case RJ_KEY_GROUP:
        return rj_policy_string(reader, path, value, key->kind, &a->group);
    case RJ_KEY_FORMAT:
        return take_format(reader, path, value, &a->format);
    case RJ_KEY_PLATFORM:
        return take_platform(reader, path, value, &read->platform);
    case RJ_KEY_PACKAGE:
        return take_package(reader, path, value, &a->package);
    case RJ_KEY_VERSION:
        return take_version(reader, path, value, &a->version);
    case RJ_KEY_ARGS:
        return take_args(reader, path, value, a);
    case RJ_KEY_LOCATION:
        return rj_policy_string(reader, path, value, key->kind, &a->location);
    case RJ_KEY_HASH:
        return take_hash(reader, path, value, &a->hash);
    case RJ_KEY_SCOPE:
        return take_scope(reader, path, value, &a->scope);
    case RJ_KEY_ORDER:
        return rj_policy_integer(reader, path, value, &a->order);
    case RJ_KEY_DEPENDS_ON:
        return take_depends_on(reader, path, value, a);
    case RJ_KEY_MANDATORY:
        return rj_policy_boolean(reader, path, value, &a->mandatory);
    case RJ_KEY_HIDDEN:
        return rj_policy_boolean(reader, path, value, &a->hidden);
    case RJ_KEY_AUTO_UPGRADE:
        return rj_policy_boolean(reader, path, value, &a->auto_upgrade);
    case RJ_KEY_ALLOW_REINSTALL:
        return rj_policy_boolean(reader, path, value, &a->allow_reinstall);
    case RJ_KEY_UNINSTALL:
        return rj_policy_boolean(reader, path, value, &a->uninstall);
    case RJ_KEY_PRE_RELEASE:
        return rj_policy_boolean(reader, path, value, &read->pre_release);
    case RJ_KEY_TIME_LIMIT:
        return rj_policy_timespan(reader, path, value, TIME_LIMIT_LEAST_MS, TIME_LIMIT_MOST_MS,
                                  &a->time_limit_ms);
    default:
        return RJ_OK;
    }
}

/* Over what the entry means, so that moved keys or another spelling change nothing. */
static rj_status fingerprint(rj_policy_reader *reader, rj_assignment *a)
{
    rj_digest digest;
    rj_digest_begin(&digest);
    const char *texts[] = {a->id,      a->name,      a->group,    a->format, a->package,
                           a->version, a->args_hash, a->location, a->hash};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        rj_digest_string(&digest, texts[i]);
    const int64_t numbers[] = {
        a->scope,           a->order,     a->mandatory,     a->hidden,   a->auto_upgrade,
        a->allow_reinstall, a->uninstall, a->time_limit_ms, a->audience, (int64_t)a->depends_count};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        rj_digest_number(&digest, numbers[i]);
    for (size_t i = 0; i < a->depends_count; i++)
        rj_digest_string(&digest, a->depends_on[i]);
    if (!rj_digest_end_u64(&digest, &a->fingerprint))
        return rj_fail(reader->err, RJ_E_FAILED, "SHA-256 failed while reading the policy");
    return RJ_OK;
}

static rj_status complete(rj_policy_reader *reader, const rj_policy_path *path, entry *read)
{
    rj_assignment *a = read->assignment;
    if (!a->id)
        return rj_policy_refuse(reader, RJ_E_INVALID, path, "expected the key \"ID\", found none");
    if (!a->name || !*a->name)
        a->name = a->id;
    if (!a->format)
        a->format = read->platform ? read->platform : "nuget";
    if (a->location && !*a->location)
        a->location = NULL;
    if (strcmp(a->format, "craft") == 0 && !a->location)
        return rj_policy_refuse(reader, RJ_E_INVALID, path,
                                "expected the key \"Location\", which a craft package needs, "
                                "found none");
    if (a->uninstall && a->mandatory)
        return rj_policy_refuse(reader, RJ_E_INVALID, path,
                                "\"Mandatory\" and \"Uninstall\" are both true; keep one");
    return fingerprint(reader, a);
}

static rj_status read_entry(rj_policy_reader *reader, const rj_policy_path *list_path, size_t index,
                            json_t *value)
{
    rj_policy *policy = &reader->whole->policy;
    const rj_policy_path path = {.parent = list_path, .index = index};
    if (!json_is_object(value))
        return rj_policy_unexpected(reader, &path, value, "an object (a package)");

    rj_assignment *assignment = &policy->assignments[policy->assignment_count];
    assignment->audience = reader->document->audience;
    assignment->time_limit_ms = TIME_LIMIT_DEFAULT_MS;
    entry read = {.assignment = assignment};

    const rj_policy_key *list =
        rj_policy_key_find(&rj_policy_document, "SoftwarePackages", strlen("SoftwarePackages"));
    rj_status status = rj_policy_members(reader, list->shape, &path, value, take_member, &read);
    if (status == RJ_OK)
        status = complete(reader, &path, &read);
    if (status != RJ_OK)
        return status;

    reader->origins[policy->assignment_count++] = (rj_policy_origin){
        .document = reader->document, .index = index, .pre_release = read.pre_release};
    return RJ_OK;
}

static rj_status reserve(rj_policy_reader *reader, const rj_policy_path *path, size_t more)
{
    rj_policy *policy = &reader->whole->policy;
    size_t wanted = policy->assignment_count + more;
    if (wanted > RJ_POLICY_MAX_PACKAGES)
        return rj_policy_refuse(reader, RJ_E_LIMIT, path,
                                "%zu packages in all, at most %d are accepted", wanted,
                                RJ_POLICY_MAX_PACKAGES);
    if (wanted <= reader->capacity)
        return RJ_OK;

    size_t capacity = wanted > 2 * reader->capacity ? wanted : 2 * reader->capacity;
    rj_assignment *assignments =
        rj_arena_alloc(&reader->whole->arena, capacity, sizeof(*assignments));
    rj_policy_origin *origins = rj_realloc_array(reader->origins, capacity, sizeof(*origins));
    if (origins)
        reader->origins = origins;
    if (!assignments || !origins)
        return rj_policy_no_memory(reader);
    if (policy->assignment_count)
        memcpy(assignments, policy->assignments, policy->assignment_count * sizeof(*assignments));
    policy->assignments = assignments;
    reader->capacity = capacity;
    return RJ_OK;
}

rj_status rj_policy_packages(rj_policy_reader *reader, const rj_policy_path *path, json_t *list)
{
    rj_status status = reserve(reader, path, json_array_size(list));
    for (size_t i = 0; status == RJ_OK && i < json_array_size(list); i++)
        status = read_entry(reader, path, i, json_array_get(list, i));
    return status;
}
