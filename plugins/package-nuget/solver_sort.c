/* SPDX-License-Identifier: MIT */
/* The order of a solution: dependencies first, ids in order among those that are ready; no cycle. */
#include "solver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sorting {
    const solver *s;
    const rj_package_info **packages; /* in id order, later in solution order */
    size_t count;
} sorting;

static int by_id(const void *a, const void *b)
{
    const rj_package_info *const *x = a, *const *y = b;
    return rj_id_compare((*x)->id, (*y)->id);
}

static const rj_dependencies *dependencies_of(const solver *s, const rj_package_info *package)
{
    static const rj_dependencies none;
    return s->input->policy == RJ_POLICY_IGNORE_DEPENDENCIES ? &none : &package->dependencies;
}

/* Among those not done yet: the one that waits for the fewest, by id. */
static size_t pick_next(const sorting *x, const rj_id_map *where, const char *done)
{
    size_t best = RJ_ID_NONE, best_waits = 0;
    for (size_t i = 0; i < x->count; i++) {
        if (done[i])
            continue;
        size_t waits = 0;
        const rj_dependencies *deps = dependencies_of(x->s, x->packages[i]);
        for (size_t d = 0; d < deps->count; d++) {
            size_t on = rj_id_map_get(where, deps->items[d].id);
            waits += on != RJ_ID_NONE && !done[on];
        }
        if (best == RJ_ID_NONE || waits < best_waits) {
            best = i;
            best_waits = waits;
        }
        if (waits == 0)
            break;
    }
    return best;
}

static int sort(sorting *x, const rj_id_map *where)
{
    char *done = calloc(x->count + 1, 1);
    const rj_package_info **sorted = malloc((x->count + 1) * sizeof(*sorted));
    if (!done || !sorted) {
        free(done);
        free(sorted);
        return 0;
    }
    for (size_t i = 0; i < x->count; i++) {
        size_t next = pick_next(x, where, done);
        done[next] = 1;
        sorted[i] = x->packages[next];
    }
    memcpy(x->packages, sorted, x->count * sizeof(*sorted));
    free(done);
    free(sorted);
    return 1;
}

/* Where a walk along dependencies stands. */
typedef struct walk {
    const sorting *x;
    const rj_id_map *where;
    char *state;  /* 0 not seen, 1 on the path, 2 without a cycle */
    size_t *path; /* packages on the path */
    size_t *next; /* per path step: the dependency to look at next */
    size_t length;
} walk;

/* "A 1.0.0 => B 1.0.0 => A 1.0.0" from `from` on the path round to it again. */
static void describe_cycle(const walk *w, size_t from, char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = from; i <= w->length && used < size; i++) {
        const rj_package_info *package = w->x->packages[i < w->length ? w->path[i] : w->path[from]];
        char *version = rj_version_normalized(&package->version);
        int n = snprintf(text + used, size - used, "%s%s %s", i > from ? " => " : "", package->id,
                         version ? version : "?");
        free(version);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* Walk from `start`; 1 if a cycle was found, then `text` tells it. */
static int walk_from(walk *w, size_t start, char *text, size_t size)
{
    w->length = 0;
    w->path[w->length] = start;
    w->next[w->length++] = 0;
    w->state[start] = 1;
    while (w->length > 0) {
        size_t at = w->path[w->length - 1];
        const rj_dependencies *deps = dependencies_of(w->x->s, w->x->packages[at]);
        if (w->next[w->length - 1] == deps->count) {
            w->state[at] = 2;
            w->length--;
            continue;
        }
        size_t to = rj_id_map_get(w->where, deps->items[w->next[w->length - 1]++].id);
        if (to == RJ_ID_NONE || w->state[to] == 2)
            continue;
        if (w->state[to] == 1) {
            size_t from = 0;
            while (w->path[from] != to)
                from++;
            describe_cycle(w, from, text, size);
            return 1;
        }
        w->state[to] = 1;
        w->path[w->length] = to;
        w->next[w->length++] = 0;
    }
    return 0;
}

static rj_status check_cycles(const sorting *x, const rj_id_map *where, rj_conflict *conflict,
                              rj_failure *failure)
{
    walk w = {.x = x, .where = where};
    char text[800];
    rj_status status = RJ_OK;
    w.state = calloc(x->count + 1, 1);
    w.path = malloc((x->count + 1) * sizeof(*w.path));
    w.next = malloc((x->count + 1) * sizeof(*w.next));
    if (!w.state || !w.path || !w.next)
        status = rj_fail_memory(failure);
    for (size_t i = 0; i < x->count && status == RJ_OK; i++) {
        if (w.state[i] == 0 && walk_from(&w, i, text, sizeof(text))) {
            *conflict = RJ_CONFLICT_CYCLE;
            status = rj_fail(failure, RJ_E_FAILED, "Circular dependency detected '%s'", text);
        }
    }
    free(w.state);
    free(w.path);
    free(w.next);
    return status;
}

/* id -> index in x->packages */
static int index_packages(const sorting *x, rj_id_map *where)
{
    for (size_t i = 0; i < x->count; i++)
        if (!rj_id_map_put(where, x->packages[i]->id, i))
            return 0;
    return 1;
}

rj_status rj_solver_sort(const solver *s, const rj_package_info ***ret_solution, size_t *ret_count,
                         rj_conflict *conflict, rj_failure *failure)
{
    sorting x = {.s = s, .packages = malloc((s->group_count + 1) * sizeof(*x.packages))};
    rj_id_map *where = rj_id_map_new();
    rj_status status = x.packages && where ? RJ_OK : rj_fail_memory(failure);
    if (status == RJ_OK) {
        for (size_t i = 0; i < s->group_count; i++) {
            const group *g = &s->groups[i];
            if (g->candidates[g->chosen].package)
                x.packages[x.count++] = g->candidates[g->chosen].package;
        }
        qsort(x.packages, x.count, sizeof(*x.packages), by_id);
        if (!index_packages(&x, where) || !sort(&x, where) || !index_packages(&x, where))
            status = rj_fail_memory(failure);
    }
    if (status == RJ_OK)
        status = check_cycles(&x, where, conflict, failure);
    rj_id_map_free(where);
    if (status != RJ_OK) {
        free(x.packages);
        return status;
    }
    *ret_solution = x.packages;
    *ret_count = x.count;
    return RJ_OK;
}
