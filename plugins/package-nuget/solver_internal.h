/* SPDX-License-Identifier: MIT */
/* What solver.c, solver_search.c and solver_sort.c share. */
#ifndef RJ_PACKAGE_NUGET_SOLVER_INTERNAL_H
#define RJ_PACKAGE_NUGET_SOLVER_INTERNAL_H

#include "solver.h"

typedef struct candidate {
    const rj_package_info *package; /* NULL: absent */
    size_t removed_by;              /* search: level + 1 of the group that ruled it out, 0: free */
} candidate;

/* "Candidate `index` of group `group` needs this group within `range`." */
typedef struct reference {
    size_t group;
    size_t index;
    const rj_range *range;
} reference;

typedef struct group {
    const char *id;
    candidate *candidates;
    size_t count;
    size_t offered; /* before pruning */
    int is_target, required;
    const rj_version *installed;
    /* pruning */
    rj_range hull;
    int has_hull;
    /* order */
    size_t *children, *parents;
    size_t child_count, parents_length;
    size_t parent_count, unplaced_children; /* of those not placed yet */
    int child_of_last;
    size_t level;
    /* search */
    reference *references;
    size_t reference_count;
    size_t chosen, next, free_count;
} group;

typedef struct solver {
    const rj_solver_input *input;
    rj_id_map *ids;
    group *groups;
    size_t group_count, group_capacity;
    size_t *order; /* level -> group */
} solver;

/* Choose one candidate of each group (group.chosen). */
rj_status rj_solver_search(solver *s, rj_conflict *conflict, rj_failure *failure);
/* The chosen packages that are present, dependencies first. */
rj_status rj_solver_sort(const solver *s, const rj_package_info ***ret_solution, size_t *ret_count,
                         rj_conflict *conflict, rj_failure *failure);

#endif
