/* SPDX-License-Identifier: MIT */
/*
 * Picks one version of each needed package so that every dependency is met.
 *
 * Deterministic: the first complete assignment in a fixed order of ids and of versions.  Bounded:
 * it gives up after RJ_SOLVER_GIVE_UP dead ends, so a feed made to be hard costs a moment, not a
 * day.  Pure: no input or output.
 */
#ifndef RJ_PACKAGE_NUGET_SOLVER_H
#define RJ_PACKAGE_NUGET_SOLVER_H

#include "failure.h"
#include "package_info.h"

#define RJ_SOLVER_GIVE_UP 10000u

/* Which version of a dependency is preferred. */
typedef enum rj_policy {
    RJ_POLICY_HIGHEST, /* what packages for Chocolatey are made against */
    RJ_POLICY_LOWEST,
    RJ_POLICY_HIGHEST_PATCH,
    RJ_POLICY_HIGHEST_MINOR,
    RJ_POLICY_IGNORE_DEPENDENCIES,
} rj_policy;

/* What stands in the way, for callers that act on it; the failure says it to people. */
typedef enum rj_conflict {
    RJ_CONFLICT_NONE,
    RJ_CONFLICT_MISSING_PACKAGE,
    RJ_CONFLICT_MISSING_DEPENDENCY,
    RJ_CONFLICT_VERSIONS,
    RJ_CONFLICT_CYCLE,
    RJ_CONFLICT_DOWNGRADE,
} rj_conflict;

typedef struct rj_solver_input {
    rj_policy policy;
    const rj_package_info *const *available; /* candidates */
    size_t available_count;
    const char *const *targets; /* ids asked for: required, always at their highest candidate */
    size_t target_count;
    const rj_package_info *const *installed; /* preferred at their versions */
    size_t installed_count;
    int installed_required; /* the installed ones must stay, in some version */
} rj_solver_input;

/* Order of one id's candidates; `installed` may be NULL.  For qsort-like use. */
int rj_solver_compare(const rj_package_info *a, const rj_package_info *b, rj_policy policy,
                      int is_target, const rj_version *installed);

/*
 * The packages of the solution, dependencies first; free() the array, not the packages.
 * RJ_E_NOT_FOUND (something is missing), RJ_E_FAILED (versions, cycle), RJ_E_LIMIT (gave up).
 */
rj_status rj_solve(const rj_solver_input *input, const rj_package_info ***ret_solution,
                   size_t *ret_count, rj_conflict *ret_conflict, rj_failure *failure);

#endif
