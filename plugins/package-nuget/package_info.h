/* SPDX-License-Identifier: MIT */
/*
 * What resolving needs to know about a package, wherever that comes from: a feed's nuspec, an
 * installed folder, a test.  Ids compare without case.
 */
#ifndef RJ_PACKAGE_NUGET_PACKAGE_INFO_H
#define RJ_PACKAGE_NUGET_PACKAGE_INFO_H

#include "range.h"

typedef struct rj_dependency {
    char *id;
    rj_range range;
} rj_dependency;

typedef struct rj_dependencies {
    rj_dependency *items;
    size_t count;
} rj_dependencies;

typedef struct rj_package_info {
    char *id;
    char *version_text; /* as written */
    rj_version version;
    rj_dependencies dependencies;
    int unlisted;
    char *path;      /* the package file, or the installed folder; may be NULL */
    char *sha512;    /* base64, from the feed; NULL if the feed has none */
    uint64_t bytes;  /* of the package file */
    uint32_t source; /* index of the feed it was found in */
} rj_package_info;

void rj_package_info_clear(rj_package_info *package);

/* Appends; takes over nothing on failure (0: out of memory). */
int rj_dependencies_add(rj_dependencies *list, const char *id, const rj_range *range);
void rj_dependencies_clear(rj_dependencies *list);
const rj_dependency *rj_dependencies_find(const rj_dependencies *list, const char *id);

/* Ordinal, letters of ASCII without case. */
int rj_id_compare(const char *a, const char *b);
int rj_id_equal(const char *a, const char *b);
/* NULL: a valid id (1 to 100 word characters with single dots and dashes between them, and a safe
 * folder name).  Otherwise what is wrong, a constant text. */
const char *rj_id_problem(const char *id);

/* ---- A map from id to number ---- */

typedef struct rj_id_map rj_id_map;
rj_id_map *rj_id_map_new(void);
void rj_id_map_free(rj_id_map *map);
#define RJ_ID_NONE ((size_t)-1)
/* RJ_ID_NONE: not there. */
size_t rj_id_map_get(const rj_id_map *map, const char *id);
/* Keeps `id` by reference; replaces the number of an id that is there.  0: out of memory. */
int rj_id_map_put(rj_id_map *map, const char *id, size_t number);

#endif
