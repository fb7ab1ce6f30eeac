/* SPDX-License-Identifier: MIT */
/* Packages, their dependencies and ids: see package_info.h. */
#include "package_info.h"

#include "archive.h"

#include <stdlib.h>
#include <string.h>

#define ID_MAX 100

void rj_package_info_clear(rj_package_info *package)
{
    free(package->id);
    free(package->version_text);
    rj_version_clear(&package->version);
    rj_dependencies_clear(&package->dependencies);
    free(package->path);
    free(package->sha512);
    memset(package, 0, sizeof(*package));
}

int rj_dependencies_add(rj_dependencies *list, const char *id, const rj_range *range)
{
    if ((list->count & (list->count - 1)) == 0) { /* grows by doubling at 0, 1, 2, 4 ... */
        size_t capacity = list->count ? list->count * 2 : 1;
        rj_dependency *items = realloc(list->items, capacity * sizeof(*items));
        if (!items)
            return 0;
        list->items = items;
    }
    rj_dependency added = {.id = strdup(id)};
    if (!added.id || !rj_range_copy(range, &added.range)) {
        free(added.id);
        return 0;
    }
    list->items[list->count++] = added;
    return 1;
}

void rj_dependencies_clear(rj_dependencies *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].id);
        rj_range_clear(&list->items[i].range);
    }
    free(list->items);
    *list = (rj_dependencies){0};
}

const rj_dependency *rj_dependencies_find(const rj_dependencies *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (rj_id_equal(list->items[i].id, id))
            return &list->items[i];
    return NULL;
}

static int upper(char c)
{
    return c >= 'a' && c <= 'z' ? c - 32 : (unsigned char)c;
}

int rj_id_compare(const char *a, const char *b)
{
    while (*a && upper(*a) == upper(*b)) {
        a++;
        b++;
    }
    return upper(*a) - upper(*b);
}

int rj_id_equal(const char *a, const char *b)
{
    return rj_id_compare(a, b) == 0;
}

/* Length of the word character at `text`, 0 if it is none.  Outside ASCII everything counts that is
 * not known to be a blank, a sign, a control or private character. */
static size_t word_character(const unsigned char *text)
{
    unsigned char c = text[0];
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_';
    size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    uint32_t code = c & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3Fu);
    }
    if ((code < 0xC0 && code != 0xAA && code != 0xB5 && code != 0xBA) || code == 0xD7 ||
        code == 0xF7 || (code >= 0x2000 && code < 0x2C00) || (code >= 0x3000 && code < 0x3005) ||
        (code >= 0xD800 && code < 0xF900) || (code >= 0xFE00 && code < 0xFE70) ||
        (code >= 0xFFE0 && code < 0x10000) || code >= 0xE0000)
        return 0;
    return length;
}

const char *rj_id_problem(const char *id)
{
    const unsigned char *at = (const unsigned char *)id;
    size_t characters = 0;
    int word = 0; /* the character before was a word character */
    if (!*id)
        return "the id is empty";
    while (*at) {
        size_t n = word_character(at);
        if (n == 0 && !((*at == '.' || *at == '-') && word))
            return "the id has characters or an order of characters that ids do not have";
        word = n != 0;
        at += n ? n : 1;
        if (++characters > ID_MAX)
            return "the id has more than 100 characters";
    }
    if (!word)
        return "the id ends in a dot or a dash";
    return rj_archive_is_safe_segment(id) ? NULL : "the id is not a safe folder name";
}

/* ---- Map --------------------------------------------------------------------------------------- */

typedef struct entry {
    const char *id;
    size_t number;
} entry;

struct rj_id_map {
    entry *entries;
    size_t capacity; /* a power of two */
    size_t used;
};

rj_id_map *rj_id_map_new(void)
{
    rj_id_map *map = calloc(1, sizeof(*map));
    if (!map)
        return NULL;
    map->capacity = 64;
    map->entries = calloc(map->capacity, sizeof(*map->entries));
    if (!map->entries) {
        free(map);
        return NULL;
    }
    return map;
}

void rj_id_map_free(rj_id_map *map)
{
    if (!map)
        return;
    free(map->entries);
    free(map);
}

static entry *find(entry *entries, size_t capacity, const char *id)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *p = id; *p; p++)
        hash = (hash ^ (uint64_t)upper(*p)) * UINT64_C(0x100000001B3);
    size_t i = (size_t)(hash ^ hash >> 32) & (capacity - 1);
    while (entries[i].id && !rj_id_equal(entries[i].id, id))
        i = (i + 1) & (capacity - 1);
    return &entries[i];
}

size_t rj_id_map_get(const rj_id_map *map, const char *id)
{
    const entry *found = find(map->entries, map->capacity, id);
    return found->id ? found->number : RJ_ID_NONE;
}

static int grow(rj_id_map *map)
{
    size_t capacity = map->capacity * 2;
    entry *entries = calloc(capacity, sizeof(*entries));
    if (!entries)
        return 0;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->entries[i].id)
            *find(entries, capacity, map->entries[i].id) = map->entries[i];
    free(map->entries);
    map->entries = entries;
    map->capacity = capacity;
    return 1;
}

int rj_id_map_put(rj_id_map *map, const char *id, size_t number)
{
    if (map->used * 2 >= map->capacity && !grow(map))
        return 0;
    entry *found = find(map->entries, map->capacity, id);
    if (!found->id) {
        found->id = id;
        map->used++;
    }
    found->number = number;
    return 1;
}
