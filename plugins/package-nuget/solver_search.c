/* SPDX-License-Identifier: MIT */
/*
 * The search of the solver: forward checking with conflict-directed backjumping.
 *
 * Placing a candidate at a level rules out, in the groups still to come, every candidate that does
 * not fit it (it needs this id in another version, or this one needs that id in another version).
 * A group left without candidates makes the placement fail.  For every level two sets of earlier
 * levels are kept: who ruled out candidates of this group (`past`), and who had a part in the
 * failures met here (`conflicts`); when a level has nothing left to try, the search goes back to
 * the latest level of both, which takes over the rest of the sets.
 */
#include "solver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct search {
    solver *s;
    size_t words;        /* of one level set */
    uint64_t *past;      /* per level */
    uint64_t *conflicts; /* per level */
    /* the furthest failure, for the message */
    size_t deepest, deepest_group;
    const rj_package_info **placed; /* per level, as it was then */
} search;

static group *at_level(const search *x, size_t level)
{
    return &x->s->groups[x->s->order[level]];
}

static uint64_t *level_set(const search *x, uint64_t *sets, size_t level)
{
    return sets + level * x->words;
}

static void set_add(uint64_t *set, size_t level)
{
    set[level / 64] |= UINT64_C(1) << (level % 64);
}

static void set_unite(const search *x, uint64_t *set, const uint64_t *other)
{
    for (size_t i = 0; i < x->words; i++)
        set[i] |= other[i];
}

/* The highest member, RJ_ID_NONE if empty. */
static size_t set_highest(const search *x, const uint64_t *set)
{
    for (size_t i = x->words; i-- > 0;)
        if (set[i])
            return i * 64 + 63 - (size_t)__builtin_clzll(set[i]);
    return RJ_ID_NONE;
}

static const rj_dependencies *dependencies_of(const solver *s, const rj_package_info *package)
{
    static const rj_dependencies none;
    return s->input->policy == RJ_POLICY_IGNORE_DEPENDENCIES ? &none : &package->dependencies;
}

/* Who needs whom, looked up from the group that is needed. */
static int collect_references(solver *s)
{
    for (int fill = 0; fill <= 1; fill++) {
        for (size_t g = 0; g < s->group_count; g++) {
            for (size_t c = 0; c < s->groups[g].count; c++) {
                const rj_package_info *package = s->groups[g].candidates[c].package;
                const rj_dependencies *deps = package ? dependencies_of(s, package) : NULL;
                for (size_t d = 0; deps && d < deps->count; d++) {
                    group *needed = &s->groups[rj_id_map_get(s->ids, deps->items[d].id)];
                    if (fill)
                        needed->references[needed->reference_count] =
                            (reference){g, c, &deps->items[d].range};
                    needed->reference_count++;
                }
            }
        }
        for (size_t g = 0; g < s->group_count && !fill; g++) {
            s->groups[g].references =
                malloc((s->groups[g].reference_count + 1) * sizeof(*s->groups[g].references));
            s->groups[g].reference_count = 0;
            if (!s->groups[g].references)
                return 0;
        }
    }
    return 1;
}

/* Rule a candidate out because of what stands at `level`. */
static void rule_out(search *x, group *g, candidate *c, size_t level)
{
    if (c->removed_by)
        return;
    c->removed_by = level + 1;
    g->free_count--;
    set_add(level_set(x, x->past, g->level), level);
}

static int fits(const rj_package_info *package, const rj_range *range)
{
    return package && rj_range_contains(range, &package->version);
}

/* Place candidate `index` at `level`; the level of an emptied group comes back, or RJ_ID_NONE. */
static size_t place(search *x, size_t level, size_t index)
{
    solver *s = x->s;
    group *g = at_level(x, level);
    const rj_package_info *package = g->candidates[index].package;
    size_t emptied = RJ_ID_NONE;
    g->chosen = index;
    x->placed[level] = package;
    const rj_dependencies *deps = package ? dependencies_of(s, package) : NULL;
    for (size_t d = 0; deps && d < deps->count; d++) {
        group *needed = &s->groups[rj_id_map_get(s->ids, deps->items[d].id)];
        if (needed->level <= level)
            continue;
        for (size_t c = 0; c < needed->count; c++)
            if (!fits(needed->candidates[c].package, &deps->items[d].range))
                rule_out(x, needed, &needed->candidates[c], level);
        if (needed->free_count == 0)
            return needed->level;
    }
    for (size_t i = 0; i < g->reference_count; i++) {
        const reference *r = &g->references[i];
        group *other = &s->groups[r->group];
        if (other->level <= level || fits(package, r->range))
            continue;
        rule_out(x, other, &other->candidates[r->index], level);
        if (other->free_count == 0 && emptied == RJ_ID_NONE)
            emptied = other->level;
    }
    return emptied;
}

/* Undo what the placement at `level` ruled out. */
static void take_back(search *x, size_t level)
{
    for (size_t later = level + 1; later < x->s->group_count; later++) {
        uint64_t *past = level_set(x, x->past, later);
        if (!(past[level / 64] >> (level % 64) & 1))
            continue;
        past[level / 64] &= ~(UINT64_C(1) << (level % 64));
        group *g = at_level(x, later);
        for (size_t c = 0; c < g->count; c++) {
            if (g->candidates[c].removed_by == level + 1) {
                g->candidates[c].removed_by = 0;
                g->free_count++;
            }
        }
    }
}

static void note_failure(search *x, size_t level, size_t emptied)
{
    if (level + 1 < x->deepest)
        return;
    x->deepest = level + 1;
    x->deepest_group = emptied;
}

/* Find a candidate for `level`, trying from group.next on; 0: none is left. */
static int try_level(search *x, size_t level, unsigned *dead_ends)
{
    group *g = at_level(x, level);
    for (size_t c = g->next; c < g->count; c++) {
        if (g->candidates[c].removed_by)
            continue;
        size_t emptied = place(x, level, c);
        if (emptied == RJ_ID_NONE) {
            g->next = c + 1;
            return 1;
        }
        (*dead_ends)++;
        note_failure(x, level, emptied);
        set_unite(x, level_set(x, x->conflicts, level), level_set(x, x->past, emptied));
        take_back(x, level);
    }
    return 0;
}

/* Nothing is left at `level`: the level to go on with, or RJ_ID_NONE when there is no way. */
static size_t jump_back(search *x, size_t level)
{
    uint64_t *conflicts = level_set(x, x->conflicts, level);
    set_unite(x, conflicts, level_set(x, x->past, level));
    conflicts[level / 64] &= ~(UINT64_C(1) << (level % 64));
    size_t to = set_highest(x, conflicts);
    if (to == RJ_ID_NONE)
        return RJ_ID_NONE;
    conflicts[to / 64] &= ~(UINT64_C(1) << (to % 64));
    set_unite(x, level_set(x, x->conflicts, to), conflicts);
    for (size_t i = level; i > to; i--) {
        memset(level_set(x, x->conflicts, i), 0, x->words * sizeof(uint64_t));
        at_level(x, i)->next = 0;
        take_back(x, i - 1);
    }
    return to;
}

/* ---- Why there is no solution ------------------------------------------------------------------- */

static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", more);
}

/* "'A 1.0.0 constraint: B (= 1.5.0)', ..." of everything placed that needs the emptied id. */
static void describe_dependants(const search *x, const group *emptied, char *text, size_t size)
{
    unsigned listed = 0;
    for (size_t level = 0; level < x->deepest; level++) {
        const rj_package_info *package = x->placed[level];
        const rj_dependency *dep =
            package ? rj_dependencies_find(dependencies_of(x->s, package), emptied->id) : NULL;
        if (!dep)
            continue;
        char *version = rj_version_normalized(&package->version);
        char *range = rj_range_describe(dep->id, &dep->range);
        char one[400];
        snprintf(one, sizeof(one), "%s'%s %s constraint: %s'", listed ? ", " : "", package->id,
                 version ? version : "?", range ? range : dep->id);
        free(version);
        free(range);
        if (++listed <= 6)
            append(text, size, one);
    }
}

static rj_status explain(const search *x, rj_conflict *conflict, rj_failure *failure)
{
    const group *emptied = at_level(x, x->deepest_group);
    if (emptied->offered == 0) {
        *conflict = RJ_CONFLICT_MISSING_DEPENDENCY;
        char who[700] = "";
        describe_dependants(x, emptied, who, sizeof(who));
        return rj_fail(failure, RJ_E_NOT_FOUND,
                       "Unable to resolve dependency '%s': no source has it; needed by %s",
                       emptied->id, who);
    }
    *conflict = RJ_CONFLICT_VERSIONS;
    char who[700] = "";
    describe_dependants(x, emptied, who, sizeof(who));
    if (!*who) { /* its own versions all need something that is placed otherwise */
        const rj_package_info *last = x->placed[x->deepest - 1];
        return rj_fail(failure, RJ_E_FAILED,
                       "Unable to find a version of '%s' that goes together with '%s'", emptied->id,
                       last ? last->id : at_level(x, x->deepest - 1)->id);
    }
    return rj_fail(failure, RJ_E_FAILED,
                   "Unable to find a version of '%s' that is compatible with %s", emptied->id, who);
}

/* ---- The whole --------------------------------------------------------------------------------- */

static rj_status run(search *x, rj_conflict *conflict, rj_failure *failure)
{
    size_t count = x->s->group_count, level = 0;
    unsigned dead_ends = 0;
    for (size_t i = 0; i < count; i++) {
        group *g = at_level(x, i);
        g->free_count = g->count;
        g->next = 0;
        if (g->count == 0) { /* required, and pruned to nothing */
            x->deepest_group = i;
            return explain(x, conflict, failure);
        }
    }
    while (level < count) {
        if (try_level(x, level, &dead_ends)) {
            level++;
            continue;
        }
        if (dead_ends > RJ_SOLVER_GIVE_UP) {
            *conflict = RJ_CONFLICT_VERSIONS;
            return rj_fail(failure, RJ_E_LIMIT,
                           "Unable to resolve dependencies: gave up after %u dead ends, the last "
                           "at '%s'",
                           dead_ends, at_level(x, x->deepest_group)->id);
        }
        level = jump_back(x, level);
        if (level == RJ_ID_NONE)
            return explain(x, conflict, failure);
    }
    return RJ_OK;
}

rj_status rj_solver_search(solver *s, rj_conflict *conflict, rj_failure *failure)
{
    search x = {.s = s, .words = s->group_count / 64 + 1};
    size_t set_words = (s->group_count + 1) * x.words;
    x.past = calloc(set_words, sizeof(uint64_t));
    x.conflicts = calloc(set_words, sizeof(uint64_t));
    x.placed = calloc(s->group_count + 1, sizeof(*x.placed));
    rj_status status;
    if (!x.past || !x.conflicts || !x.placed || !collect_references(s))
        status = rj_fail_memory(failure);
    else
        status = run(&x, conflict, failure);
    free(x.past);
    free(x.conflicts);
    free(x.placed);
    return status;
}
