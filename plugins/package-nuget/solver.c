/* SPDX-License-Identifier: MIT */
/*
 * The solver: see solver.h.
 *
 *   prune     versions no dependant can want are dropped, until nothing changes
 *   group     one group of candidates per id; "absent" is a candidate of ids nobody asked for
 *   order     groups by parents, candidates by policy
 *   search    forward checking with conflict-directed jumps: a value placed in one group removes
 *             what does not fit from the groups behind it; an emptied group sends the search back
 *             to the latest group that had a part in it
 *   sort      dependencies first, then look for a cycle
 */
#include "solver.h"
#include "solver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int rj_solver_compare(const rj_package_info *a, const rj_package_info *b, rj_policy policy,
                      int is_target, const rj_version *installed)
{
    int sign = rj_version_compare(&a->version, &b->version);
    if (installed) {
        int a_is = rj_version_compare(&a->version, installed) == 0;
        int b_is = rj_version_compare(&b->version, installed) == 0;
        if (a_is != b_is)
            return a_is ? -1 : 1;
    }
    if (!a->unlisted != !b->unlisted)
        return a->unlisted ? 1 : -1;
    if (is_target)
        policy = RJ_POLICY_HIGHEST;
    if (policy == RJ_POLICY_HIGHEST || policy == RJ_POLICY_IGNORE_DEPENDENCIES)
        return -sign;
    if (installed) {
        int a_down = rj_version_compare(&a->version, installed) < 0;
        int b_down = rj_version_compare(&b->version, installed) < 0;
        if (a_down != b_down)
            return a_down ? 1 : -1;
        if (a_down)
            return -sign;
    }
    const int32_t *x = a->version.numbers, *y = b->version.numbers;
    if (policy == RJ_POLICY_HIGHEST_MINOR)
        return x[0] == y[0] ? -sign : sign;
    if (policy == RJ_POLICY_HIGHEST_PATCH)
        return x[0] == y[0] && x[1] == y[1] ? -sign : sign;
    return sign;
}

/* ---- Groups ------------------------------------------------------------------------------------ */

static size_t group_of(const solver *s, const char *id)
{
    return rj_id_map_get(s->ids, id);
}

static group *add_group(solver *s, const char *id)
{
    if (s->group_count == s->group_capacity) {
        size_t capacity = s->group_capacity ? s->group_capacity * 2 : 64;
        group *groups = realloc(s->groups, capacity * sizeof(*groups));
        if (!groups)
            return NULL;
        s->groups = groups;
        s->group_capacity = capacity;
    }
    if (!rj_id_map_put(s->ids, id, s->group_count))
        return NULL;
    group *g = &s->groups[s->group_count++];
    *g = (group){.id = id};
    return g;
}

static group *need_group(solver *s, const char *id)
{
    size_t index = group_of(s, id);
    return index != RJ_ID_NONE ? &s->groups[index] : add_group(s, id);
}

/* A group for every id there is and every id that is named. */
static int make_groups(solver *s)
{
    const rj_solver_input *in = s->input;
    for (size_t i = 0; i < in->available_count; i++) {
        group *g = need_group(s, in->available[i]->id);
        if (!g)
            return 0;
        g->count++;
        const rj_dependencies *deps = &in->available[i]->dependencies;
        for (size_t d = 0; d < deps->count; d++)
            if (!need_group(s, deps->items[d].id))
                return 0;
    }
    for (size_t i = 0; i < in->target_count; i++) {
        group *g = need_group(s, in->targets[i]);
        if (!g)
            return 0;
        g->is_target = g->required = 1;
    }
    for (size_t i = 0; i < in->installed_count; i++) {
        group *g = need_group(s, in->installed[i]->id);
        if (!g)
            return 0;
        g->installed = &in->installed[i]->version;
        g->required |= in->installed_required;
    }
    for (size_t i = 0; i < s->group_count; i++) {
        group *g = &s->groups[i];
        g->offered = g->count;
        g->candidates = calloc(g->count + 1, sizeof(*g->candidates));
        if (!g->candidates)
            return 0;
        g->count = 0;
    }
    for (size_t i = 0; i < in->available_count; i++) {
        group *g = &s->groups[group_of(s, in->available[i]->id)];
        g->candidates[g->count++].package = in->available[i];
    }
    return 1;
}

static const rj_dependencies *dependencies_of(const solver *s, const rj_package_info *package)
{
    static const rj_dependencies none;
    return s->input->policy == RJ_POLICY_IGNORE_DEPENDENCIES ? &none : &package->dependencies;
}

/* ---- Pruning ----------------------------------------------------------------------------------- */

/* The hull of all ranges asked of each id, into group.hull. */
static int collect_hulls(solver *s)
{
    for (size_t i = 0; i < s->group_count; i++) {
        rj_range_clear(&s->groups[i].hull);
        s->groups[i].has_hull = 0;
    }
    for (size_t i = 0; i < s->group_count; i++) {
        for (size_t c = 0; c < s->groups[i].count; c++) {
            const rj_dependencies *deps = dependencies_of(s, s->groups[i].candidates[c].package);
            for (size_t d = 0; d < deps->count; d++) {
                group *g = &s->groups[group_of(s, deps->items[d].id)];
                rj_range wider;
                if (g->has_hull && rj_range_is_subset(&deps->items[d].range, &g->hull))
                    continue;
                int ok = g->has_hull ? rj_range_hull(&g->hull, &deps->items[d].range, &wider)
                                     : rj_range_copy(&deps->items[d].range, &wider);
                if (!ok)
                    return 0;
                rj_range_clear(&g->hull);
                g->hull = wider;
                g->has_hull = 1;
            }
        }
    }
    return 1;
}

static int prune(solver *s)
{
    int changed = 1;
    while (changed) {
        changed = 0;
        if (!collect_hulls(s))
            return 0;
        for (size_t i = 0; i < s->group_count; i++) {
            group *g = &s->groups[i];
            size_t kept = 0;
            if (g->required)
                continue;
            for (size_t c = 0; c < g->count; c++)
                if (g->has_hull && rj_range_contains(&g->hull, &g->candidates[c].package->version))
                    g->candidates[kept++] = g->candidates[c];
            changed |= kept != g->count;
            g->count = kept;
        }
    }
    return 1;
}

/* ---- Order ------------------------------------------------------------------------------------- */

static int push(size_t **list, size_t *count, size_t number)
{
    if ((*count & (*count - 1)) == 0) { /* grows by doubling at 0, 1, 2, 4 ... */
        size_t *grown = realloc(*list, (*count ? *count * 2 : 1) * sizeof(**list));
        if (!grown)
            return 0;
        *list = grown;
    }
    (*list)[(*count)++] = number;
    return 1;
}

/* Parents and children of each group, each pair once. */
static int link_groups(solver *s)
{
    size_t n = s->group_count;
    size_t *seen = malloc((n + 1) * sizeof(*seen)); /* group -> the parent that was last noted */
    int ok = seen != NULL;
    for (size_t i = 0; i < n && ok; i++)
        seen[i] = RJ_ID_NONE;
    for (size_t i = 0; i < n && ok; i++) {
        group *parent = &s->groups[i];
        for (size_t c = 0; c < parent->count && ok; c++) {
            const rj_dependencies *deps = dependencies_of(s, parent->candidates[c].package);
            for (size_t d = 0; d < deps->count && ok; d++) {
                size_t child = group_of(s, deps->items[d].id);
                if (seen[child] == i)
                    continue;
                seen[child] = i;
                ok = push(&parent->children, &parent->child_count, child) &&
                     push(&s->groups[child].parents, &s->groups[child].parents_length, i);
                s->groups[child].parent_count++;
            }
        }
    }
    free(seen);
    return ok;
}

static int group_rank(const group *g)
{
    return g->is_target ? 1 : g->installed ? 0 : 2;
}

/* Below 0: `a` is placed before `b`. */
static int compare_groups(const group *a, const group *b)
{
    if (a->parent_count != b->parent_count)
        return a->parent_count < b->parent_count ? -1 : 1;
    if (a->child_of_last != b->child_of_last)
        return a->child_of_last ? -1 : 1;
    if (group_rank(a) != group_rank(b))
        return group_rank(a) - group_rank(b);
    if (a->unplaced_children != b->unplaced_children)
        return a->unplaced_children > b->unplaced_children ? -1 : 1;
    return rj_id_compare(a->id, b->id);
}

static int order_groups(solver *s)
{
    size_t n = s->group_count;
    size_t *left = malloc((n + 1) * sizeof(*left));
    s->order = malloc((n + 1) * sizeof(*s->order));
    if (!left || !s->order) {
        free(left);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        left[i] = i;
        s->groups[i].unplaced_children = s->groups[i].child_count;
    }
    size_t last = RJ_ID_NONE;
    for (size_t placed = 0; placed < n; placed++) {
        size_t best = 0, remaining = n - placed;
        for (size_t i = 1; i < remaining; i++)
            if (compare_groups(&s->groups[left[i]], &s->groups[left[best]]) < 0)
                best = i;
        if (last != RJ_ID_NONE)
            for (size_t i = 0; i < s->groups[last].child_count; i++)
                s->groups[s->groups[last].children[i]].child_of_last = 0;
        last = left[best];
        left[best] = left[remaining - 1];
        group *g = &s->groups[last];
        g->level = placed;
        s->order[placed] = last;
        for (size_t i = 0; i < g->child_count; i++) {
            group *child = &s->groups[g->children[i]];
            child->parent_count--;
            child->child_of_last = 1;
        }
        for (size_t i = 0; i < g->parents_length; i++)
            s->groups[g->parents[i]].unplaced_children--;
    }
    free(left);
    return 1;
}

/* Insertion into place: groups are small, and the order is total. */
static void order_candidates(const solver *s, group *g)
{
    for (size_t i = 1; i < g->count; i++) {
        candidate moved = g->candidates[i];
        size_t at = i;
        while (at > 0 && rj_solver_compare(moved.package, g->candidates[at - 1].package,
                                           s->input->policy, g->is_target, g->installed) < 0) {
            g->candidates[at] = g->candidates[at - 1];
            at--;
        }
        g->candidates[at] = moved;
    }
    if (!g->required) {
        memmove(g->candidates + 1, g->candidates, g->count * sizeof(*g->candidates));
        g->candidates[0] = (candidate){0}; /* absent comes first */
        g->count++;
    }
}

/* ---- The whole --------------------------------------------------------------------------------- */

static rj_status check_targets(const solver *s, rj_conflict *conflict, rj_failure *failure)
{
    for (size_t i = 0; i < s->group_count; i++) {
        if (!s->groups[i].required || s->groups[i].offered > 0)
            continue;
        *conflict =
            s->groups[i].is_target ? RJ_CONFLICT_MISSING_PACKAGE : RJ_CONFLICT_MISSING_DEPENDENCY;
        return rj_fail(failure, RJ_E_NOT_FOUND, "Unable to resolve dependency '%s'",
                       s->groups[i].id);
    }
    return RJ_OK;
}

static void free_solver(solver *s)
{
    for (size_t i = 0; i < s->group_count; i++) {
        rj_range_clear(&s->groups[i].hull);
        free(s->groups[i].candidates);
        free(s->groups[i].children);
        free(s->groups[i].parents);
        free(s->groups[i].references);
    }
    free(s->groups);
    free(s->order);
    rj_id_map_free(s->ids);
}

rj_status rj_solve(const rj_solver_input *input, const rj_package_info ***ret_solution,
                   size_t *ret_count, rj_conflict *ret_conflict, rj_failure *failure)
{
    solver s = {.input = input, .ids = rj_id_map_new()};
    const rj_package_info **solution = NULL;
    size_t count = 0;
    rj_conflict conflict = RJ_CONFLICT_NONE;
    rj_status status = RJ_OK;
    if (!s.ids || !make_groups(&s) || !prune(&s) || !link_groups(&s) || !order_groups(&s))
        status = rj_fail_memory(failure);
    if (status == RJ_OK)
        status = check_targets(&s, &conflict, failure);
    for (size_t i = 0; i < s.group_count && status == RJ_OK; i++)
        order_candidates(&s, &s.groups[i]);
    if (status == RJ_OK)
        status = rj_solver_search(&s, &conflict, failure);
    if (status == RJ_OK)
        status = rj_solver_sort(&s, &solution, &count, &conflict, failure);
    free_solver(&s);
    if (ret_conflict)
        *ret_conflict = conflict;
    if (status != RJ_OK)
        return status;
    *ret_solution = solution;
    *ret_count = count;
    return RJ_OK;
}
