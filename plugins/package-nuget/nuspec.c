/* SPDX-License-Identifier: MIT */
/* Reads a nuspec with expat: see nuspec.h. */
#include "nuspec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "text.h"

#define DEPTH_MAX 64u
#define ELEMENTS_MAX 200000u
#define TEXT_MAX ((size_t)64 * 1024)

/* Where the parser is; only what is below package/metadata matters. */
typedef enum place {
    OUTSIDE,
    PACKAGE,
    METADATA,
    TEXT_FIELD, /* inside id, version or title */
    DEPENDENCIES,
    GROUP,
    DEPENDENCY,
    ELSEWHERE,
} place;

typedef struct reading {
    XML_Parser parser;
    const char *label;
    rj_failure *failure;
    rj_status status;
    rj_nuspec nuspec;
    place places[DEPTH_MAX + 1];
    unsigned depth, elements;
    char **field; /* of `nuspec`, while in TEXT_FIELD */
    char *text;
    size_t text_length;
    int has_flat, has_groups;
} reading;

static void stop(reading *r, rj_status status, const char *what, const char *detail)
{
    if (r->status != RJ_OK)
        return;
    r->status = rj_fail(r->failure, status, "%s, line %lu: %s%s%.200s%s", r->label,
                        (unsigned long)XML_GetCurrentLineNumber(r->parser), what,
                        *detail ? " '" : "", detail, *detail ? "'" : "");
    XML_StopParser(r->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A trimmed copy; NULL: out of memory. */
static char *trimmed(const char *text, size_t length)
{
    while (length > 0 && is_blank(*text)) {
        text++;
        length--;
    }
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    return rj_copy_text(text, length);
}

static const char *attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2)
        if (strcmp(local_name(attributes[0]), name) == 0)
            return attributes[1];
    return NULL;
}

static rj_dependency_group *add_group(reading *r, const char *framework)
{
    rj_nuspec *nuspec = &r->nuspec;
    rj_dependency_group *groups =
        realloc(nuspec->groups, (nuspec->group_count + 1) * sizeof(*groups));
    if (!groups) {
        stop(r, RJ_E_NO_MEMORY, "out of memory", "");
        return NULL;
    }
    nuspec->groups = groups;
    rj_dependency_group *group = &groups[nuspec->group_count];
    *group = (rj_dependency_group){0};
    if (framework && *framework) {
        group->framework = trimmed(framework, strlen(framework));
        if (!group->framework) {
            stop(r, RJ_E_NO_MEMORY, "out of memory", "");
            return NULL;
        }
    }
    nuspec->group_count++;
    return group;
}

static void add_dependency(reading *r, rj_dependency_group *group, const char **attributes)
{
    const char *raw_id = attribute(attributes, "id"), *raw_range = attribute(attributes, "version");
    rj_range range = {0};
    char *id = trimmed(raw_id ? raw_id : "", raw_id ? strlen(raw_id) : 0);
    char *text = trimmed(raw_range ? raw_range : "", raw_range ? strlen(raw_range) : 0);
    if (!id || !text)
        stop(r, RJ_E_NO_MEMORY, "out of memory", "");
    else if (rj_id_problem(id))
        stop(r, RJ_E_INVALID, "a dependency has an invalid id", id);
    else if (*text && !rj_range_parse(text, 0, &range))
        stop(r, RJ_E_INVALID, "a dependency has an invalid version range", text);
    else if (rj_dependencies_find(&group->dependencies, id))
        stop(r, RJ_E_INVALID, "the same dependency stands twice", id);
    else if (!rj_dependencies_add(&group->dependencies, id, &range))
        stop(r, RJ_E_NO_MEMORY, "out of memory", "");
    rj_range_clear(&range);
    free(id);
    free(text);
}

static place enter_metadata(reading *r, const char *name)
{
    char **field = strcmp(name, "id") == 0        ? &r->nuspec.id
                   : strcmp(name, "version") == 0 ? &r->nuspec.version_text
                   : strcmp(name, "title") == 0   ? &r->nuspec.title
                                                  : NULL;
    if (strcmp(name, "dependencies") == 0)
        return DEPENDENCIES;
    if (!field)
        return ELSEWHERE;
    if (*field) {
        stop(r, RJ_E_INVALID, "an element stands twice", name);
        return ELSEWHERE;
    }
    r->field = field;
    r->text_length = 0;
    return TEXT_FIELD;
}

/* Flat dependencies count only while there are no groups; they make one group of their own. */
static place enter_dependencies(reading *r, const char *name, const char **attributes)
{
    rj_nuspec *nuspec = &r->nuspec;
    if (strcmp(name, "group") == 0) {
        if (r->has_flat) { /* what was read before does not count */
            rj_dependencies_clear(&nuspec->groups[0].dependencies);
            free(nuspec->groups[0].framework);
            nuspec->group_count = 0;
            r->has_flat = 0;
        }
        r->has_groups = 1;
        return add_group(r, attribute(attributes, "targetFramework")) ? GROUP : ELSEWHERE;
    }
    if (strcmp(name, "dependency") != 0 || r->has_groups)
        return ELSEWHERE;
    if (!r->has_flat && !add_group(r, NULL))
        return ELSEWHERE;
    r->has_flat = 1;
    add_dependency(r, &nuspec->groups[0], attributes);
    return DEPENDENCY;
}

static void XMLCALL start_element(void *data, const char *name, const char **attributes)
{
    reading *r = data;
    if (r->status != RJ_OK) /* a stopped parser may still have a call to make */
        return;
    place at = r->places[r->depth], next = ELSEWHERE;
    name = local_name(name);
    if (++r->elements > ELEMENTS_MAX || r->depth >= DEPTH_MAX) {
        stop(r, RJ_E_LIMIT, "too many or too deeply nested elements", "");
        return;
    }
    switch (at) {
    case OUTSIDE:
        if (strcmp(name, "package") != 0)
            stop(r, RJ_E_INVALID, "not a package manifest; the root element is", name);
        next = PACKAGE;
        break;
    case PACKAGE:
        next = strcmp(name, "metadata") == 0 ? METADATA : ELSEWHERE;
        break;
    case METADATA:
        next = enter_metadata(r, name);
        break;
    case DEPENDENCIES:
        next = enter_dependencies(r, name, attributes);
        break;
    case GROUP:
        if (strcmp(name, "dependency") == 0) {
            add_dependency(r, &r->nuspec.groups[r->nuspec.group_count - 1], attributes);
            next = DEPENDENCY;
        }
        break;
    case TEXT_FIELD:
        stop(r, RJ_E_INVALID, "an element stands inside a text:", name);
        break;
    case DEPENDENCY:
    case ELSEWHERE:
        break;
    }
    r->places[++r->depth] = next;
}

static void XMLCALL end_element(void *data, const char *name)
{
    reading *r = data;
    (void)name;
    if (r->status != RJ_OK)
        return;
    if (r->places[r->depth] == TEXT_FIELD) {
        *r->field = trimmed(r->text ? r->text : "", r->text_length);
        if (!*r->field)
            stop(r, RJ_E_NO_MEMORY, "out of memory", "");
    }
    r->depth--;
}

static void XMLCALL character_data(void *data, const char *text, int length)
{
    reading *r = data;
    if (r->status != RJ_OK || r->places[r->depth] != TEXT_FIELD)
        return;
    if (r->text_length + (size_t)length > TEXT_MAX) {
        stop(r, RJ_E_LIMIT, "a text is too long", "");
        return;
    }
    if (!r->text)
        r->text = malloc(TEXT_MAX);
    if (!r->text) {
        stop(r, RJ_E_NO_MEMORY, "out of memory", "");
        return;
    }
    memcpy(r->text + r->text_length, text, (size_t)length);
    r->text_length += (size_t)length;
}

static void XMLCALL start_doctype(void *data, const char *name, const char *system_id,
                                  const char *public_id, int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    stop(data, RJ_E_INVALID, "a document type declaration (DTD) is not accepted", "");
}

/* What only the whole document shows. */
static rj_status check(const reading *r)
{
    const rj_nuspec *nuspec = &r->nuspec;
    const char *problem;
    if (!nuspec->id)
        return rj_fail(r->failure, RJ_E_INVALID, "%s: has no id", r->label);
    problem = rj_id_problem(nuspec->id);
    if (problem)
        return rj_fail(r->failure, RJ_E_INVALID, "%s: %s: '%.120s'", r->label, problem, nuspec->id);
    if (!nuspec->version_text)
        return rj_fail(r->failure, RJ_E_INVALID, "%s: has no version", r->label);
    for (size_t i = 0; i < nuspec->group_count; i++)
        if (rj_dependencies_find(&nuspec->groups[i].dependencies, nuspec->id))
            return rj_fail(r->failure, RJ_E_INVALID, "%s: '%s' depends on itself", r->label,
                           nuspec->id);
    return RJ_OK;
}

rj_status rj_nuspec_parse(const char *label, const char *bytes, size_t length,
                          rj_nuspec *ret_nuspec, rj_failure *failure)
{
    if (length > RJ_NUSPEC_BYTES_MAX)
        return rj_fail(failure, RJ_E_LIMIT, "%s: larger than 4 MiB", label);
    reading r = {.label = label, .failure = failure, .status = RJ_OK};
    r.parser = XML_ParserCreate(NULL);
    if (!r.parser)
        return rj_fail_memory(failure);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, start_element, end_element);
    XML_SetCharacterDataHandler(r.parser, character_data);
    XML_SetStartDoctypeDeclHandler(r.parser, start_doctype);
    if (XML_Parse(r.parser, bytes, (int)length, 1) != XML_STATUS_OK && r.status == RJ_OK)
        r.status = rj_fail(failure, RJ_E_INVALID, "%s, line %lu: not well-formed XML: %s", label,
                           (unsigned long)XML_GetCurrentLineNumber(r.parser),
                           XML_ErrorString(XML_GetErrorCode(r.parser)));
    if (r.status == RJ_OK)
        r.status = check(&r);
    if (r.status == RJ_OK && !rj_version_parse(r.nuspec.version_text, &r.nuspec.version))
        r.status = rj_fail(failure, RJ_E_INVALID, "%s: '%.120s' is not a version", label,
                           r.nuspec.version_text);
    XML_ParserFree(r.parser);
    free(r.text);
    if (r.status != RJ_OK) {
        rj_nuspec_clear(&r.nuspec);
        return r.status;
    }
    *ret_nuspec = r.nuspec;
    return RJ_OK;
}

void rj_nuspec_clear(rj_nuspec *nuspec)
{
    free(nuspec->id);
    free(nuspec->version_text);
    rj_version_clear(&nuspec->version);
    free(nuspec->title);
    for (size_t i = 0; i < nuspec->group_count; i++) {
        free(nuspec->groups[i].framework);
        rj_dependencies_clear(&nuspec->groups[i].dependencies);
    }
    free(nuspec->groups);
    memset(nuspec, 0, sizeof(*nuspec));
}

/* Add what `from` names; an id that is there gets the hull of both ranges. */
static int merge(rj_dependencies *into, const rj_dependencies *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const rj_dependency *more = &from->items[i];
        rj_dependency *there = NULL;
        for (size_t k = 0; k < into->count && !there; k++)
            if (rj_id_equal(into->items[k].id, more->id))
                there = &into->items[k];
        if (!there) {
            if (!rj_dependencies_add(into, more->id, &more->range))
                return 0;
            continue;
        }
        rj_range hull;
        if (!rj_range_hull(&there->range, &more->range, &hull))
            return 0;
        rj_range_clear(&there->range);
        there->range = hull;
    }
    return 1;
}

rj_status rj_nuspec_dependencies(const rj_nuspec *nuspec, rj_dependencies *ret_dependencies,
                                 rj_failure *failure)
{
    rj_dependencies list = {0};
    int ok = 1, found = 0;
    for (size_t i = 0; i < nuspec->group_count && ok; i++) {
        if (!nuspec->groups[i].framework) {
            found = 1;
            ok = merge(&list, &nuspec->groups[i].dependencies);
        }
    }
    for (size_t i = 0; i < nuspec->group_count && ok && !found; i++)
        ok = merge(&list, &nuspec->groups[i].dependencies);
    if (!ok) {
        rj_dependencies_clear(&list);
        return rj_fail_memory(failure);
    }
    *ret_dependencies = list;
    return RJ_OK;
}
