/* SPDX-License-Identifier: MIT */
/*
 * A document's settings: everything but the packages.
 *
 * A key at the top may be dotted ("Environment.ConfigCheckInterval") and then means the nested form.
 * Both forms of one setting in one document are an error: there is no telling which is meant.
 * Settings belong to the device's document; in a user's document they have no effect and are warned
 * about, so that no user's document can weaken the device.
 */
#include "engine/policy_reader.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "platform/paths.h"
#include "runtime/signature_rule.h"

#include <string.h>

#define MINUTE_MS ((int64_t)60 * 1000)
#define HOUR_MS (60 * MINUTE_MS)
#define INTERVAL_LEAST_MS MINUTE_MS
#define INTERVAL_MOST_MS (7 * 24 * HOUR_MS)

enum { REQUIRE_UPDATE, REQUIRE_ENCRYPTION, REQUIRE_FIREWALL, REQUIRE_ANTIVIRUS };

void rj_policy_defaults(rj_policy *policy)
{
    policy->requirements[REQUIRE_UPDATE] = (rj_requirement){"os-update", RJ_RECOMMEND};
    policy->requirements[REQUIRE_ENCRYPTION] = (rj_requirement){"encryption", RJ_ENFORCE};
    policy->requirements[REQUIRE_FIREWALL] = (rj_requirement){"firewall", RJ_ENFORCE};
    policy->requirements[REQUIRE_ANTIVIRUS] = (rj_requirement){"antivirus", RJ_RECOMMEND};
    policy->sync_interval_ms = 30 * MINUTE_MS;
    policy->check_interval_ms = HOUR_MS;
}

/* ---- Chocolatey.Sources ----------------------------------------------------------------------- */

static rj_status take_source_member(rj_policy_reader *reader, const rj_policy_key *key,
                                    const rj_policy_path *path, json_t *value, void *data)
{
    rj_policy_feed *feed = data;
    switch (key->id) {
    case RJ_KEY_SOURCE:
        return rj_policy_string(reader, path, value, key->kind, &feed->location);
    case RJ_KEY_PRIORITY:
        return rj_policy_integer(reader, path, value, &feed->priority);
    default:
        return RJ_OK;
    }
}

static rj_status take_source(rj_policy_reader *reader, const rj_policy_shape *shape,
                             const rj_policy_path *path, json_t *value)
{
    rj_policy_feed feed = {0};
    if (!json_is_object(value))
        return rj_policy_unexpected(reader, path, value, "an object (a source)");
    rj_status status = rj_policy_members(reader, shape, path, value, take_source_member, &feed);
    if (status != RJ_OK)
        return status;
    if (!feed.location || !*feed.location)
        return rj_policy_refuse(reader, RJ_E_INVALID, path,
                                "expected the key \"Source\", found none");
    if (!rj_path_is_absolute(feed.location))
        return rj_policy_warn(reader, path,
                              "the source is no absolute folder of this machine, left out");
    reader->feeds[reader->feed_count++] = feed;
    return RJ_OK;
}

static rj_status take_sources(rj_policy_reader *reader, const rj_policy_shape *shape,
                              const rj_policy_path *path, json_t *list)
{
    if (json_array_size(list) > RJ_POLICY_MAX_SOURCES)
        return rj_policy_refuse(reader, RJ_E_LIMIT, path, "%zu sources, at most %d are accepted",
                                json_array_size(list), RJ_POLICY_MAX_SOURCES);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const rj_policy_path element = {.parent = path, .index = i};
        rj_status status = take_source(reader, shape, &element, json_array_get(list, i));
        if (status != RJ_OK)
            return status;
    }
    return RJ_OK;
}

/* As with Order: ascending, and 0 means "behind all that have a number". */
static bool is_before(const rj_policy_feed *a, const rj_policy_feed *b)
{
    if ((a->priority == 0) != (b->priority == 0))
        return b->priority == 0;
    return a->priority < b->priority;
}

rj_status rj_policy_finish_sources(rj_policy_reader *reader)
{
    const char **sources =
        rj_arena_alloc(&reader->whole->arena, reader->feed_count + 1, sizeof(*sources));
    if (!sources)
        return rj_policy_no_memory(reader);

    for (size_t i = 1; i < reader->feed_count; i++) {
        rj_policy_feed moved = reader->feeds[i];
        size_t at = i;
        for (; at > 0 && is_before(&moved, &reader->feeds[at - 1]); at--)
            reader->feeds[at] = reader->feeds[at - 1];
        reader->feeds[at] = moved;
    }
    for (size_t i = 0; i < reader->feed_count; i++)
        sources[i] = reader->feeds[i].location;
    reader->whole->policy.sources = sources;
    return RJ_OK;
}

/* ---- Plugins: kept as JSON -------------------------------------------------------------------- */

static rj_status refuse_twice(rj_policy_reader *reader, const rj_policy_path *path)
{
    return rj_policy_refuse(reader, RJ_E_INVALID, path,
                            "this setting is given twice, dotted and nested; keep one");
}

/* Put a copy of `value` at the dotted `rest` below `into`. */
static rj_status put_nested(rj_policy_reader *reader, const rj_policy_path *path, json_t *into,
                            const char *rest, const json_t *value)
{
    for (unsigned level = 0;; level++) {
        const char *dot = strchr(rest, '.');
        char *name = dot ? rj_strndup(rest, (size_t)(dot - rest)) : rj_strdup(rest);
        json_t *there = name ? rj_json_get(into, name) : NULL;
        bool is_new = name && !there;
        if (is_new) {
            there = dot ? json_object() : json_deep_copy(value);
            if (json_object_set_new(into, name, there) != 0)
                there = NULL;
        }
        rj_free(name);
        if (!there)
            return rj_policy_no_memory(reader);
        if (!dot)
            return is_new ? RJ_OK : refuse_twice(reader, path);
        if (!json_is_object(there))
            return refuse_twice(reader, path);
        if (level == RJ_POLICY_MAX_DEPTH)
            return rj_policy_refuse(reader, RJ_E_LIMIT, path, "more than %d dots in a key",
                                    RJ_POLICY_MAX_DEPTH);
        into = there;
        rest = dot + 1;
    }
}

static bool is_section_key(const char *name, size_t length)
{
    static const rj_policy_key keys[] = {{.name = "Enabled"},
                                         {.name = "Isolation"},
                                         {.name = "Grant"},
                                         {.name = "Settings"},
                                         {.name = "Limits"}};
    static const rj_policy_shape shape = {keys, sizeof keys / sizeof *keys};
    return rj_policy_key_find(&shape, name, length) != NULL;
}

/* What the runtime does not load a plugin for is worth a warning here. */
static rj_status note_member(rj_policy_reader *reader, const rj_policy_path *path, const char *name,
                             const json_t *value)
{
    bool enabled;
    if (!is_section_key(name, strlen(name)))
        return rj_policy_note_key(reader, NULL, path);
    if (json_is_null(value))
        return RJ_OK;
    if (rj_ascii_casecmp(name, "Enabled") == 0 && !rj_json_read_bool(value, &enabled))
        return rj_policy_warn(reader, path, "expected is true or false; the plugin is not loaded");
    if (rj_ascii_casecmp(name, "Grant") == 0 && !rj_json_is_string_list(value))
        return rj_policy_warn(reader, path,
                              "expected is a list of capabilities; the plugin is not loaded");
    return RJ_OK;
}

static rj_status note_section(rj_policy_reader *reader, const rj_policy_path *path, json_t *section)
{
    const char *name;
    json_t *value;
    if (json_is_null(section))
        return RJ_OK;
    if (!json_is_object(section))
        return rj_policy_warn(reader, path, "expected is an object; the plugin is not loaded");
    json_object_foreach(section, name, value)
    {
        const rj_policy_path member = {.parent = path, .key = name};
        rj_status status = note_member(reader, &member, name, value);
        if (status != RJ_OK)
            return status;
    }
    return RJ_OK;
}

/* The settings that stand among the plugins and count for all of them. */
static rj_status check_signature_setting(rj_policy_reader *reader, const rj_policy_path *path,
                                         const char *name, const json_t *value)
{
    bool required;
    if (json_is_null(value))
        return RJ_OK;
    if (rj_ascii_casecmp(name, RJ_REQUIRE_SIGNATURE) == 0)
        return rj_policy_boolean(reader, path, value, &required);
    if (!json_is_array(value))
        return rj_policy_unexpected(reader, path, value, "an array (SHA-256 of certificates)");
    if (json_array_size(value) > RJ_SIGNERS_MAX)
        return rj_policy_refuse(reader, RJ_E_LIMIT, path, "%zu signers, at most %u are accepted",
                                json_array_size(value), RJ_SIGNERS_MAX);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const rj_policy_path element = {.parent = path, .index = i};
        const json_t *signer = json_array_get(value, i);
        if (!rj_signature_rule_is_signer(json_string_value(signer)))
            return rj_policy_unexpected(reader, &element, signer,
                                        "the SHA-256 of a certificate (64 hex digits)");
    }
    return RJ_OK;
}

static rj_status check_plugin(rj_policy_reader *reader, const rj_policy_path *path, const char *id,
                              json_t *section)
{
    return rj_signature_rule_is_setting(id, strlen(id))
               ? check_signature_setting(reader, path, id, section)
               : note_section(reader, path, section);
}

/* `rest` is "<id>", "<id>.<key>" or longer. */
static rj_status note_dotted(rj_policy_reader *reader, const rj_policy_path *path, const char *rest,
                             json_t *value)
{
    const char *key = strchr(rest, '.');
    if (!key)
        return check_plugin(reader, path, rest, value);
    if (rj_signature_rule_is_setting(rest, (size_t)(key - rest)))
        return rj_policy_refuse(reader, RJ_E_INVALID, path,
                                "\"%.*s\" is a setting and no plugin's id", (int)(key - rest),
                                rest);
    const char *more = strchr(++key, '.');
    if (!more)
        return note_member(reader, path, key, value);
    return is_section_key(key, (size_t)(more - key)) ? RJ_OK
                                                     : rj_policy_note_key(reader, NULL, path);
}

static rj_status take_plugins(rj_policy_reader *reader, const rj_policy_path *path,
                              const char *rest, json_t *value)
{
    rj_policy_whole *whole = reader->whole;
    if (!rest && json_is_null(value))
        return RJ_OK;
    if (!rest && !json_is_object(value))
        return rj_policy_unexpected(reader, path, value, "an object (settings by plugin id)");
    if (!whole->plugins && !(whole->plugins = json_object()))
        return rj_policy_no_memory(reader);
    if (rest) {
        rj_status status = put_nested(reader, path, whole->plugins, rest, value);
        return status ? status : note_dotted(reader, path, rest, value);
    }

    const char *id;
    json_t *section;
    json_object_foreach(value, id, section)
    {
        const rj_policy_path member = {.parent = path, .key = id};
        if (rj_json_get(whole->plugins, id))
            return refuse_twice(reader, &member);
        if (json_object_set_new(whole->plugins, id, json_deep_copy(section)) != 0)
            return rj_policy_no_memory(reader);
        rj_status status = check_plugin(reader, &member, id, section);
        if (status != RJ_OK)
            return status;
    }
    return RJ_OK;
}

/* ---- The document ----------------------------------------------------------------------------- */

static rj_status take_setting(rj_policy_reader *reader, const rj_policy_key *key,
                              const rj_policy_path *path, json_t *value)
{
    rj_policy *policy = &reader->whole->policy;
    switch (key->id) {
    case RJ_KEY_SOURCES:
        return take_sources(reader, key->shape, path, value);
    case RJ_KEY_CONFIG_INTERVAL:
        return rj_policy_timespan(reader, path, value, INTERVAL_LEAST_MS, INTERVAL_MOST_MS,
                                  &policy->sync_interval_ms);
    case RJ_KEY_SECURITY_INTERVAL:
        return rj_policy_timespan(reader, path, value, INTERVAL_LEAST_MS, INTERVAL_MOST_MS,
                                  &policy->check_interval_ms);
    case RJ_KEY_ALLOW_DOWNGRADE:
        return rj_policy_boolean(reader, path, value, &policy->allow_downgrade);
    case RJ_KEY_UPDATE_STATUS:
        return rj_policy_enforcement_value(reader, path, value,
                                           &policy->requirements[REQUIRE_UPDATE].enforcement);
    case RJ_KEY_ENCRYPTION:
        return rj_policy_enforcement_value(reader, path, value,
                                           &policy->requirements[REQUIRE_ENCRYPTION].enforcement);
    case RJ_KEY_FIREWALL:
        return rj_policy_enforcement_value(reader, path, value,
                                           &policy->requirements[REQUIRE_FIREWALL].enforcement);
    case RJ_KEY_ANTIVIRUS:
        return rj_policy_enforcement_value(reader, path, value,
                                           &policy->requirements[REQUIRE_ANTIVIRUS].enforcement);
    default:
        return RJ_OK;
    }
}

static rj_status take_key(rj_policy_reader *reader, const rj_policy_key *key,
                          const rj_policy_path *path, const char *rest, json_t *value);

static rj_status take_nested(rj_policy_reader *reader, const rj_policy_key *key,
                             const rj_policy_path *path, json_t *value, void *data)
{
    (void)data;
    return take_key(reader, key, path, NULL, value);
}

/* `name` may be dotted: the key of its first part takes what is behind the dot as `rest`. */
static rj_status take_named(rj_policy_reader *reader, const rj_policy_shape *shape,
                            const char *name, const rj_policy_path *path, json_t *value)
{
    const char *dot = strchr(name, '.');
    const rj_policy_key *key =
        rj_policy_key_find(shape, name, dot ? (size_t)(dot - name) : strlen(name));
    if (!key || key->use != RJ_USE_EFFECT)
        return rj_policy_note_key(reader, key, path);
    return take_key(reader, key, path, dot ? dot + 1 : NULL, value);
}

static rj_status take_key(rj_policy_reader *reader, const rj_policy_key *key,
                          const rj_policy_path *path, const char *rest, json_t *value)
{
    if (key->kind == RJ_KIND_OBJECT && rest)
        return take_named(reader, key->shape, rest, path, value);
    if (rest && key->id != RJ_KEY_PLUGINS)
        return rj_policy_note_key(reader, NULL, path);
    if (key->kind == RJ_KIND_OBJECT) {
        if (json_is_null(value))
            return RJ_OK;
        if (!json_is_object(value))
            return rj_policy_unexpected(reader, path, value, "an object");
        return rj_policy_members(reader, key->shape, path, value, take_nested, NULL);
    }
    if (key->kind == RJ_KIND_LIST) {
        if (json_is_null(value))
            return RJ_OK;
        if (!json_is_array(value))
            return rj_policy_unexpected(reader, path, value, "an array");
    }

    if (key->id == RJ_KEY_PACKAGES)
        return rj_policy_packages(reader, path, value);
    if (key->id == RJ_KEY_WEB_LINKS)
        return rj_policy_web_links(reader, key->shape, path, value);
    if (reader->document->audience != RJ_UID_MACHINE)
        return rj_policy_warn(reader, path,
                              "this key belongs to the device's policy and has no effect here");
    if (key->id == RJ_KEY_PLUGINS)
        return take_plugins(reader, path, rest, value);
    if (reader->seen[key->id])
        return refuse_twice(reader, path);
    reader->seen[key->id] = true;
    return take_setting(reader, key, path, value);
}

rj_status rj_policy_settings(rj_policy_reader *reader, json_t *root)
{
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        const rj_policy_path path = {.key = name};
        rj_status status = take_named(reader, &rj_policy_document, name, &path, value);
        if (status != RJ_OK)
            return status;
    }
    return RJ_OK;
}
