/* SPDX-License-Identifier: MIT */
/*
 * WebLinks: pages that the menu offers.
 *
 * What is no address of a page is left out with a warning: a link is opened with the person's rights,
 * and naming a program here would be a way around everything that guards packages.
 */
#include "engine/policy_reader.h"

#include "base/text.h"

#include <string.h>

#define TARGET_MAX 2048u

static bool begins(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    char start[32];
    if (strlen(text) < length)
        return false;
    memcpy(start, text, length);
    start[length] = '\0';
    return rj_ascii_casecmp(start, prefix) == 0;
}

/* One word of printable characters: no blank, quote or control character reaches who opens it. */
static bool is_page(const char *target)
{
    static const char edge[] = "microsoft-edge:";
    if (strlen(target) > TARGET_MAX)
        return false;
    for (const char *at = target; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("\"<>\\^`{|}", *at))
            return false;
    if (begins(target, edge))
        target += sizeof edge - 1;
    size_t scheme = begins(target, "https://") ? 8 : begins(target, "http://") ? 7 : 0;
    return scheme && target[scheme] && target[scheme] != '/';
}

static rj_status take_member(rj_policy_reader *reader, const rj_policy_key *key,
                             const rj_policy_path *path, json_t *value, void *data)
{
    rj_web_link *link = data;
    switch (key->id) {
    case RJ_KEY_NAME:
        return rj_policy_string(reader, path, value, key->kind, &link->name);
    case RJ_KEY_TARGET:
        return rj_policy_string(reader, path, value, key->kind, &link->target);
    case RJ_KEY_PLATFORM:
        return rj_policy_string(reader, path, value, key->kind, &link->platform);
    default:
        return RJ_OK;
    }
}

static rj_status take_link(rj_policy_reader *reader, const rj_policy_shape *shape,
                           const rj_policy_path *path, json_t *value)
{
    rj_policy *policy = &reader->whole->policy;
    rj_web_link link = {.audience = reader->document->audience};
    if (!json_is_object(value))
        return rj_policy_unexpected(reader, path, value, "an object (a web link)");
    rj_status status = rj_policy_members(reader, shape, path, value, take_member, &link);
    if (status != RJ_OK)
        return status;
    if (!link.name || !*link.name || !link.target || !is_page(link.target))
        return rj_policy_warn(reader, path,
                              "a web link needs a Name and a Target that is an https: or http: "
                              "address, left out");
    if (link.platform && !*link.platform)
        link.platform = NULL;
    reader->web_links[policy->web_link_count++] = link;
    return RJ_OK;
}

rj_status rj_policy_web_links(rj_policy_reader *reader, const rj_policy_shape *shape,
                              const rj_policy_path *path, json_t *list)
{
    rj_policy_whole *whole = reader->whole;
    size_t room = RJ_POLICY_MAX_WEB_LINKS - whole->policy.web_link_count;
    if (json_array_size(list) > room)
        return rj_policy_refuse(reader, RJ_E_LIMIT, path, "%zu web links, at most %d are accepted",
                                json_array_size(list), RJ_POLICY_MAX_WEB_LINKS);
    if (!reader->web_links)
        reader->web_links =
            rj_arena_alloc(&whole->arena, RJ_POLICY_MAX_WEB_LINKS, sizeof *reader->web_links);
    if (!reader->web_links)
        return rj_policy_no_memory(reader);
    whole->policy.web_links = reader->web_links;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const rj_policy_path element = {.parent = path, .index = i};
        rj_status status = take_link(reader, shape, &element, json_array_get(list, i));
        if (status != RJ_OK)
            return status;
    }
    return RJ_OK;
}
