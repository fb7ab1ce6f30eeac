/* SPDX-License-Identifier: MIT */
/*
 * The order of things.
 *
 * A node's depth is the longest chain of packages that leads to it; the deepest is installed first,
 * so every dependency is there before what needs it.  Within one depth the policy's Order counts
 * (ascending, 0 behind all numbers), then the id.  A(1), B(101) -> C(100) gives C, A, B.
 * Removal runs the other way round, before anything is installed.
 */
#include "engine/plan_nodes.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>

typedef struct key {
    uint64_t first, second;
    size_t node;
} key;

static int by_key(const void *a, const void *b)
{
    const key *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const rj_plan_node *x = *(rj_plan_node *const *)a, *y = *(rj_plan_node *const *)b;
    int order = rj_ascii_casecmp(x->assignment->id, y->assignment->id);
    if (order)
        return order;
    /* The machine's before users'. */
    rj_uid left = x->uid + 1, right = y->uid + 1;
    return (left > right) - (left < right);
}

static rj_status rank_ids(rj_planner *planner)
{
    rj_plan_node **sorted = rj_calloc(planner->count + 1, sizeof(*sorted));
    if (!sorted)
        return rj_fail_memory(planner->err, "planning");
    for (size_t i = 0; i < planner->count; i++)
        sorted[i] = &planner->nodes[i];
    qsort(sorted, planner->count, sizeof(*sorted), by_id);
    for (size_t i = 0; i < planner->count; i++)
        sorted[i]->id_rank = (unsigned)i;
    rj_free(sorted);
    return RJ_OK;
}

/* Nodes leave the queue when all that need them have left it; what never leaves is in a circle. */
static rj_status measure_depths(rj_planner *planner)
{
    size_t count = planner->count, head = 0, tail = 0;
    size_t *waiting = rj_calloc(count + 1, sizeof(*waiting));
    size_t *queue = rj_calloc(count + 1, sizeof(*queue));
    rj_status status = waiting && queue ? RJ_OK : rj_fail_memory(planner->err, "planning");
    if (status != RJ_OK)
        goto out;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < planner->nodes[i].needs_count; k++)
            waiting[planner->nodes[i].needs[k]]++;
    for (size_t i = 0; i < count; i++)
        if (!waiting[i])
            queue[tail++] = i;
    while (head < tail) {
        const rj_plan_node *node = &planner->nodes[queue[head++]];
        for (size_t k = 0; k < node->needs_count; k++) {
            rj_plan_node *needed = &planner->nodes[node->needs[k]];
            if (needed->depth <= node->depth)
                needed->depth = node->depth + 1;
            if (--waiting[node->needs[k]] == 0)
                queue[tail++] = node->needs[k];
        }
    }
    if (tail != count)
        status = rj_fail(planner->err, RJ_E_INVALID,
                         "planning: the dependencies of packages run in a circle");
out:
    rj_free(queue);
    rj_free(waiting);
    return status;
}

/* Ascending with 0 behind all numbers. */
static uint64_t order_key(const rj_plan_node *node)
{
    int32_t order = node->assignment->order;
    return order ? (uint64_t)((int64_t)order - INT32_MIN) : (uint64_t)UINT32_MAX + 1;
}

static key install_key(const rj_planner *planner, size_t at)
{
    const rj_plan_node *node = &planner->nodes[at];
    return (key){.first = (uint64_t)(UINT32_MAX - node->depth),
                 .second = order_key(node) << 24 | node->id_rank,
                 .node = at};
}

static key uninstall_key(const rj_planner *planner, size_t at)
{
    const rj_plan_node *node = &planner->nodes[at];
    return (key){.first = node->depth,
                 .second = ((uint64_t)UINT32_MAX + 1 - order_key(node)) << 24 | node->id_rank,
                 .node = at};
}

rj_status rj_plan_rank(rj_planner *planner)
{
    rj_status status = rank_ids(planner);
    if (status == RJ_OK)
        status = measure_depths(planner);
    if (status != RJ_OK)
        return status;

    key *keys = rj_calloc(planner->count + 1, sizeof(*keys));
    planner->by_depth = rj_calloc(planner->count + 1, sizeof(*planner->by_depth));
    if (!keys || !planner->by_depth) {
        rj_free(keys);
        return rj_fail_memory(planner->err, "planning");
    }
    for (size_t i = 0; i < planner->count; i++) {
        keys[i] = install_key(planner, i);
        keys[i].first = planner->nodes[i].depth;
    }
    qsort(keys, planner->count, sizeof(*keys), by_key);
    for (size_t i = 0; i < planner->count; i++)
        planner->by_depth[i] = keys[i].node;
    rj_free(keys);
    return RJ_OK;
}

/* first: 0 removal, 1 the other actions, 2 the rest. */
static unsigned group_of(rj_verdict verdict)
{
    if (!rj_plan_is_action(verdict))
        return 2;
    return verdict == RJ_VERDICT_UNINSTALL ? 0 : 1;
}

static key final_key(const rj_planner *planner, size_t at)
{
    const rj_plan_node *node = &planner->nodes[at];
    unsigned group = group_of(node->verdict);
    key made = {.second = node->id_rank, .node = at};
    if (group == 0)
        made = uninstall_key(planner, at);
    else if (group == 1)
        made = install_key(planner, at);
    made.first |= (uint64_t)group << 32;
    return made;
}

rj_status rj_plan_sort(const rj_planner *planner, size_t *list, size_t count, size_t *ret_actions)
{
    key *keys = rj_calloc(count + 1, sizeof(*keys));
    if (!keys)
        return rj_fail_memory(planner->err, "planning");
    size_t actions = 0;
    for (size_t i = 0; i < count; i++) {
        keys[i] = final_key(planner, list[i]);
        actions += rj_plan_is_action(planner->nodes[list[i]].verdict);
    }
    qsort(keys, count, sizeof(*keys), by_key);
    for (size_t i = 0; i < count; i++)
        list[i] = keys[i].node;
    rj_free(keys);
    *ret_actions = actions;
    return RJ_OK;
}

unsigned rj_plan_stage(const rj_planner *planner, const rj_plan_node *node)
{
    if (node->verdict == RJ_VERDICT_UNINSTALL)
        return node->depth;
    return planner->nodes[planner->by_depth[planner->count - 1]].depth - node->depth;
}
