/* SPDX-License-Identifier: MIT */
/*
 * The manifest of a package (.nuspec): id, version, dependencies.
 *
 * Any of the nuspec namespaces or none (elements are known by their local names), UTF-8 or UTF-16.
 * Refused: a document type declaration (so no entity of the package's own is ever expanded), a
 * missing or invalid id or version, an invalid dependency range, a package that depends on itself,
 * anything over a limit.
 */
#ifndef RJ_PACKAGE_NUGET_NUSPEC_H
#define RJ_PACKAGE_NUGET_NUSPEC_H

#include "failure.h"
#include "package_info.h"

#define RJ_NUSPEC_BYTES_MAX ((size_t)4 << 20)

typedef struct rj_dependency_group {
    char *framework; /* NULL: for every one */
    rj_dependencies dependencies;
} rj_dependency_group;

typedef struct rj_nuspec {
    char *id;
    char *version_text; /* as written */
    rj_version version;
    char *title;                 /* NULL if none */
    rj_dependency_group *groups; /* dependencies outside groups are one without a framework */
    size_t group_count;
} rj_nuspec;

/* `label` names the document in messages. */
rj_status rj_nuspec_parse(const char *label, const char *bytes, size_t length,
                          rj_nuspec *ret_nuspec, rj_failure *failure);
void rj_nuspec_clear(rj_nuspec *nuspec);

/*
 * What the package depends on for a client without a framework: the group without one, else the
 * union of all groups, where an id named by several has the hull of their ranges.
 */
rj_status rj_nuspec_dependencies(const rj_nuspec *nuspec, rj_dependencies *ret_dependencies,
                                 rj_failure *failure);

#endif
