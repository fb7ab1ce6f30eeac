/* SPDX-License-Identifier: MIT */
/*
 * Candidate gathering and planning: see gather.h.
 *
 * Install: one version of the target; of every dependency, recursively, all versions of its id (the
 * one of an exact range) and what they need in turn; every installed package.  The solver prefers
 * what is installed, so a dependency that satisfies stays.
 * Upgrade: the same, and for each installed parent its installed and its newest version; if that
 * has no solution, all versions of the parents.
 */
#include "gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Catalog ----------------------------------------------------------------------------------- */

struct rj_catalog {
    const rj_package_info **packages; /* by id, highest version first */
    size_t count;
    rj_id_map *first; /* id -> index of its first package */
};

typedef struct sortable {
    const rj_package_info *package;
    size_t position;
} sortable;

static int compare_sortable(const void *a, const void *b)
{
    const sortable *x = a, *y = b;
    int sign = rj_id_compare(x->package->id, y->package->id);
    if (sign == 0)
        sign = -rj_version_compare(&x->package->version, &y->package->version);
    return sign != 0 ? sign : x->position < y->position ? -1 : 1;
}

rj_catalog *rj_catalog_new(const rj_package_info *const *packages, size_t count)
{
    rj_catalog *catalog = calloc(1, sizeof(*catalog));
    sortable *order = malloc((count + 1) * sizeof(*order));
    if (!catalog || !order || !(catalog->first = rj_id_map_new()) ||
        !(catalog->packages = malloc((count + 1) * sizeof(*catalog->packages)))) {
        free(order);
        rj_catalog_free(catalog);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        order[i] = (sortable){packages[i], i};
    qsort(order, count, sizeof(*order), compare_sortable);
    for (size_t i = 0; i < count; i++) {
        const rj_package_info *package = order[i].package;
        const rj_package_info *before =
            catalog->count ? catalog->packages[catalog->count - 1] : NULL;
        int same_id = before && rj_id_equal(before->id, package->id);
        if (same_id && rj_version_compare(&before->version, &package->version) == 0)
            continue;
        if (!same_id && !rj_id_map_put(catalog->first, package->id, catalog->count)) {
            free(order);
            rj_catalog_free(catalog);
            return NULL;
        }
        catalog->packages[catalog->count++] = package;
    }
    free(order);
    return catalog;
}

void rj_catalog_free(rj_catalog *catalog)
{
    if (!catalog)
        return;
    rj_id_map_free(catalog->first);
    free(catalog->packages);
    free(catalog);
}

const rj_package_info *const *rj_catalog_versions(const rj_catalog *catalog, const char *id,
                                                  size_t *ret_count)
{
    size_t first = rj_id_map_get(catalog->first, id), end = first;
    *ret_count = 0;
    if (first == RJ_ID_NONE)
        return NULL;
    while (end < catalog->count && rj_id_equal(catalog->packages[end]->id, id))
        end++;
    *ret_count = end - first;
    return catalog->packages + first;
}

const rj_package_info *rj_catalog_find(const rj_catalog *catalog, const char *id,
                                       const rj_version *version)
{
    size_t count;
    const rj_package_info *const *versions = rj_catalog_versions(catalog, id, &count);
    for (size_t i = 0; i < count; i++)
        if (rj_version_compare(&versions[i]->version, version) == 0)
            return versions[i];
    return NULL;
}

/* ---- Candidates -------------------------------------------------------------------------------- */

/* A growing set of candidates, and the (id, range) pairs that were followed. */
typedef struct gathering {
    const rj_plan_request *request;
    int prerelease;
    const rj_package_info **candidates;
    size_t count, capacity;
    const rj_dependency **followed;
    size_t followed_count, followed_capacity;
} gathering;

static const rj_package_info *find_installed(const rj_plan_request *request, const char *id)
{
    for (size_t i = 0; i < request->installed_count; i++)
        if (rj_id_equal(request->installed[i]->id, id))
            return request->installed[i];
    return NULL;
}

static int reserve(void **items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return 1;
    size_t more = *capacity ? *capacity * 2 : 64;
    void *grown = realloc(*items, more * size);
    if (!grown)
        return 0;
    *items = grown;
    *capacity = more;
    return 1;
}

static int add_candidate(gathering *g, const rj_package_info *package)
{
    if (!reserve((void **)&g->candidates, &g->capacity, g->count, sizeof(*g->candidates)))
        return 0;
    g->candidates[g->count++] = package;
    return 1;
}

static int is_same_dependency(const rj_dependency *a, const rj_dependency *b)
{
    return rj_id_equal(a->id, b->id) && rj_range_is_subset(&a->range, &b->range) &&
           rj_range_is_subset(&b->range, &a->range);
}

/* 1: new, 0: followed before, -1: out of memory. */
static int note_followed(gathering *g, const rj_dependency *dep)
{
    for (size_t i = 0; i < g->followed_count; i++)
        if (is_same_dependency(g->followed[i], dep))
            return 0;
    if (!reserve((void **)&g->followed, &g->followed_capacity, g->followed_count,
                 sizeof(*g->followed)))
        return -1;
    g->followed[g->followed_count++] = dep;
    return 1;
}

/* May this version come in as somebody's dependency? */
static int may_come_in(const gathering *g, const rj_range *range, const rj_package_info *package)
{
    if (!rj_version_is_prerelease(&package->version) || g->prerelease)
        return 1;
    return rj_range_accepts(range, &package->version); /* a bound asks for prereleases itself */
}

/* What `package` needs, and what that needs.  A queue, not recursion: feeds may be deep. */
static int follow(gathering *g, const rj_package_info *package)
{
    size_t done = g->followed_count;
    const rj_dependencies *deps = &package->dependencies;
    for (size_t i = 0; i < deps->count; i++)
        if (note_followed(g, &deps->items[i]) < 0)
            return 0;
    for (; done < g->followed_count; done++) {
        const rj_dependency *dep = g->followed[done];
        size_t count;
        const rj_package_info *const *versions =
            rj_catalog_versions(g->request->catalog, dep->id, &count);
        for (size_t i = 0; i < count; i++) {
            int inside = rj_range_contains(&dep->range, &versions[i]->version);
            if (rj_range_is_exact(&dep->range) ? !inside
                                               : !may_come_in(g, &dep->range, versions[i]))
                continue;
            if (!add_candidate(g, versions[i]))
                return 0;
            for (size_t d = 0; inside && d < versions[i]->dependencies.count; d++)
                if (note_followed(g, &versions[i]->dependencies.items[d]) < 0)
                    return 0;
        }
    }
    return 1;
}

static int add_with_dependencies(gathering *g, const rj_package_info *package)
{
    return add_candidate(g, package) && follow(g, package);
}

/* Does an installed package need `id`? */
static int needs(const rj_package_info *package, const char *id)
{
    return rj_dependencies_find(&package->dependencies, id) != NULL;
}

const rj_package_info *rj_plan_dependant(const rj_package_info *const *installed, size_t count,
                                         const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (!rj_id_equal(installed[i]->id, id) && needs(installed[i], id))
            return installed[i];
    return NULL;
}

static const rj_package_info *newest(const rj_plan_request *request, const char *id, int prerelease)
{
    size_t count;
    const rj_package_info *const *versions = rj_catalog_versions(request->catalog, id, &count);
    for (size_t i = 0; i < count; i++)
        if (prerelease || !rj_version_is_prerelease(&versions[i]->version))
            return versions[i];
    return NULL;
}

/* The installed packages that need the target, directly or through others: their versions. */
static int add_parents(gathering *g, int all_versions)
{
    const rj_plan_request *request = g->request;
    char *is_parent = calloc(request->installed_count + 1, 1);
    int ok = is_parent != NULL, changed = ok;
    while (changed) {
        changed = 0;
        for (size_t i = 0; i < request->installed_count; i++) {
            const rj_package_info *package = request->installed[i];
            if (is_parent[i] || rj_id_equal(package->id, request->id))
                continue;
            int is = needs(package, request->id);
            for (size_t k = 0; k < request->installed_count && !is; k++)
                is = is_parent[k] && needs(package, request->installed[k]->id);
            if (is)
                is_parent[i] = 1;
            changed |= is;
        }
    }
    for (size_t i = 0; i < request->installed_count && ok; i++) {
        const rj_package_info *package = request->installed[i];
        if (!is_parent[i])
            continue;
        size_t count;
        const rj_package_info *const *versions =
            rj_catalog_versions(request->catalog, package->id, &count);
        ok = follow(g, package); /* the package itself comes with the installed ones */
        for (size_t v = 0; v < count && ok && all_versions; v++)
            if (g->prerelease || !rj_version_is_prerelease(&versions[v]->version))
                ok = add_with_dependencies(g, versions[v]);
        const rj_package_info *top = newest(
            request, package->id, g->prerelease || rj_version_is_prerelease(&package->version));
        if (ok && !all_versions && top)
            ok = add_with_dependencies(g, top);
    }
    free(is_parent);
    return ok;
}

/* Leave out versions of the target that are not the wanted one, and what was added twice. */
static int tidy(gathering *g, const rj_package_info *target)
{
    rj_catalog *once = rj_catalog_new(g->candidates, g->count);
    if (!once)
        return 0;
    g->count = 0;
    for (size_t i = 0; i < once->count; i++)
        if (!rj_id_equal(once->packages[i]->id, target->id) || once->packages[i] == target)
            g->candidates[g->count++] = once->packages[i];
    rj_catalog_free(once);
    return 1;
}

/* ---- Solving ----------------------------------------------------------------------------------- */

/* Is something that an installed package needs not there? */
static int misses_a_dependency(const rj_plan_request *request, const rj_package_info *package)
{
    for (size_t i = 0; i < package->dependencies.count; i++) {
        const rj_dependency *dep = &package->dependencies.items[i];
        const rj_package_info *there = find_installed(request, dep->id);
        if (!there || !rj_range_contains(&dep->range, &there->version))
            return 1;
    }
    return 0;
}

/* The installed packages the solution has to keep (in some version). */
static size_t pick_required(const rj_plan_request *request, const rj_package_info *target,
                            const rj_package_info **required)
{
    size_t count = 0;
    if (target->dependencies.count == 0 &&
        !rj_plan_dependant(request->installed, request->installed_count, target->id))
        return 0;
    for (size_t i = 0; i < request->installed_count; i++) {
        const rj_package_info *package = request->installed[i];
        if (rj_id_equal(package->id, target->id))
            continue;
        if (misses_a_dependency(request, package) && !needs(package, target->id))
            continue;
        required[count++] = package;
    }
    return count;
}

static rj_status solve(const rj_plan_request *request, const rj_package_info *target,
                       int all_parents, rj_plan *plan, rj_conflict *conflict, rj_failure *failure)
{
    gathering g = {.request = request};
    const rj_package_info *there = find_installed(request, target->id);
    const rj_package_info **required = malloc((request->installed_count + 1) * sizeof(*required));
    rj_status status = RJ_OK;
    g.prerelease =
        (request->flags & RJ_PLAN_PRERELEASE) != 0 || rj_version_is_prerelease(&target->version) ||
        ((request->flags & RJ_PLAN_UPGRADE) && there && rj_version_is_prerelease(&there->version) &&
         !(request->flags & RJ_PLAN_EXCLUDE_PRERELEASE));
    int ok = required != NULL;
    for (size_t i = 0; i < request->installed_count && ok; i++)
        if (!rj_id_equal(request->installed[i]->id, target->id))
            ok = add_candidate(&g, request->installed[i]);
    ok = ok && add_with_dependencies(&g, target);
    if (ok && (request->flags & RJ_PLAN_UPGRADE))
        ok = add_parents(&g, all_parents);
    if (!ok || !tidy(&g, target)) {
        status = rj_fail_memory(failure);
    } else {
        rj_solver_input input = {.policy = RJ_POLICY_HIGHEST,
                                 .available = g.candidates,
                                 .available_count = g.count,
                                 .targets = &request->id,
                                 .target_count = 1,
                                 .installed = required,
                                 .installed_count = pick_required(request, target, required),
                                 .installed_required = 1};
        status = rj_solve(&input, &plan->steps, &plan->count, conflict, failure);
    }
    free(required);
    free(g.candidates);
    free(g.followed);
    return status;
}

/* Leave out of the solution what is installed in that version. */
static rj_status leave_out_installed(const rj_plan_request *request, rj_plan *plan,
                                     rj_conflict *conflict, rj_failure *failure)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const rj_package_info *step = plan->steps[i];
        const rj_package_info *there = find_installed(request, step->id);
        int sign = there ? rj_version_compare(&step->version, &there->version) : 1;
        if (sign < 0 && !(request->flags & RJ_PLAN_ALLOW_DOWNGRADE)) {
            char *old = rj_version_normalized(&there->version);
            char *new = rj_version_normalized(&step->version);
            rj_fail(failure, RJ_E_DENIED,
                    "'%s' would have to go from %s down to %s, and downgrades are not allowed",
                    step->id, old ? old : "?", new ? new : "?");
            free(old);
            free(new);
            *conflict = RJ_CONFLICT_DOWNGRADE;
            return RJ_E_DENIED;
        }
        int again = (request->flags & RJ_PLAN_REINSTALL) && rj_id_equal(step->id, request->id);
        if (sign != 0 || again)
            plan->steps[count++] = step;
    }
    plan->count = count;
    return RJ_OK;
}

/* ---- The target -------------------------------------------------------------------------------- */

static const rj_package_info *choose_target(const rj_plan_request *request,
                                            const rj_package_info *there)
{
    int prerelease = (request->flags & RJ_PLAN_PRERELEASE) != 0;
    if (there && rj_version_is_prerelease(&there->version) && (request->flags & RJ_PLAN_UPGRADE) &&
        !(request->flags & RJ_PLAN_EXCLUDE_PRERELEASE))
        prerelease = 1;
    if (!request->version && there && (request->flags & RJ_PLAN_REINSTALL) &&
        !(request->flags & RJ_PLAN_UPGRADE))
        return rj_catalog_find(request->catalog, request->id, &there->version);
    if (!request->version)
        return newest(request, request->id, prerelease);
    if (rj_range_is_exact(request->version))
        return rj_catalog_find(request->catalog, request->id, &request->version->min);
    size_t count;
    const rj_package_info *best = NULL;
    const rj_package_info *const *versions =
        rj_catalog_versions(request->catalog, request->id, &count);
    for (size_t i = 0; i < count; i++)
        if (rj_range_is_better(request->version, best ? &best->version : NULL,
                               &versions[i]->version))
            best = versions[i];
    return best;
}

static rj_status no_target(const rj_plan_request *request, rj_conflict *conflict,
                           rj_failure *failure)
{
    size_t count;
    const rj_package_info *const *versions =
        rj_catalog_versions(request->catalog, request->id, &count);
    *conflict = RJ_CONFLICT_MISSING_PACKAGE;
    if (count == 0)
        return rj_fail(failure, RJ_E_NOT_FOUND, "no source has a package '%s'", request->id);
    char list[300] = "";
    for (size_t i = 0; i < count && i < 8; i++) {
        char *text = rj_version_normalized(&versions[i]->version);
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", text ? text : "?");
        free(text);
    }
    if (!request->version)
        return rj_fail(failure, RJ_E_NOT_FOUND,
                       "the sources have only prereleases of '%s' (%s%s); ask for one by its "
                       "version",
                       request->id, list, count > 8 ? ", ..." : "");
    char *wanted = rj_range_is_exact(request->version)
                       ? rj_version_normalized(&request->version->min)
                       : rj_range_normalized(request->version);
    rj_fail(failure, RJ_E_NOT_FOUND, "no source has '%s' in version %s; there are %s%s",
            request->id, wanted ? wanted : "?", list, count > 8 ? ", ..." : "");
    free(wanted);
    return RJ_E_NOT_FOUND;
}

/* Without a look at dependencies: is there something to do at all? */
static rj_plan_outcome compare_with_installed(const rj_plan_request *request,
                                              const rj_package_info *there,
                                              const rj_package_info *target)
{
    if (!there || (request->flags & RJ_PLAN_REINSTALL))
        return RJ_PLAN_WORK;
    int sign = target ? rj_version_compare(&target->version, &there->version) : -1;
    if (sign == 0)
        return request->flags & RJ_PLAN_UPGRADE ? RJ_PLAN_LATEST : RJ_PLAN_ALREADY_INSTALLED;
    if (sign < 0 && (request->flags & RJ_PLAN_UPGRADE) && !request->version)
        return RJ_PLAN_NEWER_THAN_FEED;
    return RJ_PLAN_WORK;
}

rj_status rj_plan_make(const rj_plan_request *request, rj_plan *ret_plan, rj_conflict *ret_conflict,
                       rj_failure *failure)
{
    rj_plan plan = {.outcome = RJ_PLAN_WORK};
    rj_conflict conflict = RJ_CONFLICT_NONE;
    const rj_package_info *there = find_installed(request, request->id);
    rj_status status = RJ_OK;
    if (there && !request->version && !(request->flags & (RJ_PLAN_UPGRADE | RJ_PLAN_REINSTALL))) {
        plan.outcome = RJ_PLAN_ALREADY_INSTALLED;
        plan.target = there;
        *ret_plan = plan;
        return RJ_OK;
    }
    plan.target = choose_target(request, there);
    plan.outcome = compare_with_installed(request, there, plan.target);
    if (plan.outcome != RJ_PLAN_WORK) {
        plan.target = there;
        *ret_plan = plan;
        return RJ_OK;
    }
    if (!plan.target) {
        status = no_target(request, &conflict, failure);
    } else if (request->flags & RJ_PLAN_NO_DEPENDENCIES) {
        plan.steps = malloc(sizeof(*plan.steps));
        if (!plan.steps)
            status = rj_fail_memory(failure);
        else
            plan.steps[plan.count++] = plan.target;
    } else {
        status = solve(request, plan.target, 0, &plan, &conflict, failure);
        if (status == RJ_E_FAILED && conflict == RJ_CONFLICT_VERSIONS &&
            (request->flags & RJ_PLAN_UPGRADE) &&
            rj_plan_dependant(request->installed, request->installed_count, request->id))
            status = solve(request, plan.target, 1, &plan, &conflict, failure);
    }
    if (status == RJ_OK)
        status = leave_out_installed(request, &plan, &conflict, failure);
    if (ret_conflict)
        *ret_conflict = status == RJ_OK ? RJ_CONFLICT_NONE : conflict;
    if (status != RJ_OK) {
        free(plan.steps);
        return status;
    }
    *ret_plan = plan;
    return RJ_OK;
}
