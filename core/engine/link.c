/* SPDX-License-Identifier: MIT */
/*
 * Link text to a verb and a package id (docs/links.md).
 *
 *     realmjoin:VERB:ID   realmjoin://VERB/ID   realmjoin:sync[:]   realmjoin://sync[/]
 *
 * A link comes from any web page, so nothing is decoded, repaired or passed on: what does not match
 * to the last byte is refused, and refusals show no byte of the link unescaped.
 */
#include "engine/policy.h"

#include "base/text.h"

#include <string.h>

#define LINK_MAX 256
#define ID_MAX 128

static const char scheme[] = "realmjoin:";

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_id_char(char c)
{
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
}

bool rj_package_id_valid(const char *id, size_t length)
{
    if (length == 0 || length > ID_MAX || !is_alnum(id[0]))
        return false;
    size_t at = 0;
    while (at < length && is_id_char(id[at]))
        at++;
    if (at == length)
        return true;
    if (id[at] != '#' || at + 1 == length)
        return false;
    for (at++; at < length; at++)
        if (!is_id_char(id[at]))
            return false;
    return true;
}

static bool equal_fold(const char *text, const char *lower, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20) : text[i];
        if (c != lower[i])
            return false;
    }
    return true;
}

static bool read_verb(const char *text, size_t length, rj_link_verb *ret_verb)
{
    static const struct {
        const char *name;
        rj_link_verb verb;
    } verbs[] = {
        {"install", RJ_LINK_INSTALL}, {"upgrade", RJ_LINK_UPGRADE}, {"sync", RJ_LINK_SYNC}};

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strlen(verbs[i].name) == length && equal_fold(text, verbs[i].name, length)) {
            *ret_verb = verbs[i].verb;
            return true;
        }
    }
    return false;
}

rj_status rj_link_parse(const char *text, size_t length, rj_link_verb *ret_verb, char ret_id[132],
                        rj_error *err)
{
    const size_t scheme_length = sizeof(scheme) - 1;
    if (length > LINK_MAX)
        return rj_fail(err, RJ_E_INVALID, "link refused: %zu bytes long, at most %d are accepted",
                       length, LINK_MAX);
    if (length < scheme_length || !equal_fold(text, scheme, scheme_length))
        return rj_fail(err, RJ_E_INVALID, "link refused: it does not start with \"%s\"", scheme);

    const char *at = text + scheme_length, *end = text + length;
    char separator = ':';
    if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
        at += 2;
        separator = '/';
    }

    const char *verb_end = memchr(at, separator, (size_t)(end - at));
    if (!verb_end)
        verb_end = end;
    rj_link_verb verb;
    if (!read_verb(at, (size_t)(verb_end - at), &verb)) {
        char shown[64];
        rj_text_to_line(shown, sizeof(shown), at, (size_t)(verb_end - at));
        return rj_fail(err, RJ_E_INVALID,
                       "link refused: unknown action \"%s\"; known are install, upgrade and sync",
                       shown);
    }

    const char *id = verb_end < end ? verb_end + 1 : end;
    size_t id_length = (size_t)(end - id);
    if (verb == RJ_LINK_SYNC) {
        if (id_length)
            return rj_fail(err, RJ_E_INVALID, "link refused: nothing may follow \"sync%c\"",
                           separator);
    } else if (!id_length) {
        return rj_fail(err, RJ_E_INVALID, "link refused: it names no package");
    } else if (!rj_package_id_valid(id, id_length)) {
        return rj_fail(err, RJ_E_INVALID,
                       "link refused: what it names is no package id (letters, digits, '.', '_' "
                       "and '-', at most %d, with an optional #suffix)",
                       ID_MAX);
    }

    memcpy(ret_id, id, id_length);
    ret_id[id_length] = '\0';
    *ret_verb = verb;
    return RJ_OK;
}
