/* SPDX-License-Identifier: MIT */
/*
 * From "install this package" to the ordered list of what has to be done, the way Chocolatey 2
 * does it: which versions are candidates at all, then the solver, then what is there already is
 * left out.  Pure: no input or output.
 */
#ifndef RJ_PACKAGE_NUGET_GATHER_H
#define RJ_PACKAGE_NUGET_GATHER_H

#include "solver.h"

/* Every package of the sources, found by id.  Borrowed packages, owned index. */
typedef struct rj_catalog rj_catalog;

/* Of equal versions of an id the first one counts.  NULL: out of memory. */
rj_catalog *rj_catalog_new(const rj_package_info *const *packages, size_t count);
void rj_catalog_free(rj_catalog *catalog);
/* All versions of an id, highest first. */
const rj_package_info *const *rj_catalog_versions(const rj_catalog *catalog, const char *id,
                                                  size_t *ret_count);
const rj_package_info *rj_catalog_find(const rj_catalog *catalog, const char *id,
                                       const rj_version *version);

#define RJ_PLAN_UPGRADE 0x1u            /* an installed target may be replaced */
#define RJ_PLAN_PRERELEASE 0x2u         /* prereleases count */
#define RJ_PLAN_EXCLUDE_PRERELEASE 0x4u /* not even because one is installed */
#define RJ_PLAN_ALLOW_DOWNGRADE 0x8u
#define RJ_PLAN_REINSTALL 0x10u       /* the target again, also at the same version */
#define RJ_PLAN_NO_DEPENDENCIES 0x20u /* the target alone */

typedef struct rj_plan_request {
    const rj_catalog *catalog;
    const rj_package_info *const *installed;
    size_t installed_count;
    const char *id;
    const rj_range *version; /* exactly one, or a float; NULL: the highest */
    unsigned flags;
} rj_plan_request;

typedef enum rj_plan_outcome {
    RJ_PLAN_WORK,
    RJ_PLAN_ALREADY_INSTALLED, /* install of something that is there */
    RJ_PLAN_LATEST,            /* nothing newer */
    RJ_PLAN_NEWER_THAN_FEED,   /* what is there is newer; kept */
} rj_plan_outcome;

typedef struct rj_plan {
    rj_plan_outcome outcome;
    const rj_package_info **steps; /* dependencies first; free() the array */
    size_t count;
    const rj_package_info *target; /* what the target will be, or is */
} rj_plan;

/* RJ_E_NOT_FOUND, RJ_E_FAILED, RJ_E_DENIED (a downgrade), RJ_E_LIMIT, RJ_E_NO_MEMORY. */
rj_status rj_plan_make(const rj_plan_request *request, rj_plan *ret_plan, rj_conflict *ret_conflict,
                       rj_failure *failure);

/* ---- Uninstalling ---- */

/* The first installed package that needs `id`; NULL if none. */
const rj_package_info *rj_plan_dependant(const rj_package_info *const *installed, size_t count,
                                         const char *id);

#endif
