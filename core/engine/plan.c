/* SPDX-License-Identifier: MIT */
/*
 * The planner's walk.
 *
 *     1. from what is needed to what needs it: can this package be had at all?
 *     2. the other way round: who wants it, what follows, what must wait
 *     3. actions in order, everything else by id
 *
 * So a package whose dependency cannot be had neither runs nor pulls in its other dependencies.
 */
#include "engine/plan.h"

#include "base/alloc.h"
#include "engine/plan_nodes.h"

#include <string.h>

/* The plan with what it owns; `plan` is first, so that both have one address. */
typedef struct whole {
    rj_plan plan;
    rj_arena arena;
    rj_id_index index; /* (id, owner) -> item */
} whole;

/* ---- Reason chains ---------------------------------------------------------------------------- */

#define CHAIN_FIXED 8

typedef struct reason_chain {
    rj_reason *reasons;
    size_t count, room;
} reason_chain;

static void add(reason_chain *chain, rj_reason reason)
{
    if (reason.code && chain->count < chain->room)
        chain->reasons[chain->count++] = reason;
}

static rj_reason assigned_reason(const rj_assignment *a)
{
    const char *code = a->uninstall   ? "assigned-uninstall"
                       : a->mandatory ? "assigned-mandatory"
                       : a->hidden    ? "assigned-hidden"
                                      : "assigned-available";
    return (rj_reason){.code = code, .n = a->audience};
}

static rj_reason found_reason(const rj_plan_node *node)
{
    const rj_detection *detection = node->detection;
    if (!detection || detection->state == RJ_DETECTED_UNKNOWN)
        return (rj_reason){
            .code = "found-unknown",
            .a = detection && detection->detail && *detection->detail ? detection->detail : NULL};
    if (detection->state == RJ_DETECTED_ABSENT)
        return (rj_reason){.code = "found-absent"};
    const char *version = detection->version && *detection->version ? detection->version : NULL;
    return (rj_reason){.code = version ? "found-version" : "found-unversioned", .a = version};
}

/* Only where the record adds to what was seen. */
static rj_reason record_reason(const rj_plan_node *node)
{
    const rj_record *record = node->record;
    if (!record)
        return (rj_reason){.code = node->detection ? NULL : "record-none"};
    if (!record->success)
        return (rj_reason){.code = "record-failed", .a = record->version, .n = record->exit_code};
    const rj_detection *seen = node->detection;
    if (!seen || seen->state != RJ_DETECTED_PRESENT || !seen->version ||
        strcmp(seen->version, record->version ? record->version : "") != 0)
        return (rj_reason){.code = "record-version", .a = record->version};
    return (rj_reason){0};
}

static void add_gate(const rj_planner *planner, rj_check_state state, const char *code,
                     reason_chain *chain)
{
    for (size_t i = 0; i < planner->input->check_count; i++) {
        const rj_check_fact *check = &planner->input->checks[i];
        if (check->enforcement == RJ_ENFORCE && check->state == state)
            add(chain, (rj_reason){.code = code, .a = check->check_id, .b = check->summary});
    }
}

static rj_status open_chain(rj_planner *planner, reason_chain *ret_chain)
{
    size_t room = CHAIN_FIXED + planner->input->check_count;
    rj_reason *reasons = rj_arena_alloc(planner->arena, room, sizeof(*reasons));
    if (!reasons)
        return rj_fail_memory(planner->err, "planning");
    *ret_chain = (reason_chain){.reasons = reasons, .room = room};
    return RJ_OK;
}

static void begin_chain(const rj_planner *planner, const rj_plan_node *node, reason_chain *chain)
{
    add(chain, assigned_reason(node->assignment));
    if (node->target)
        add(chain, rj_plan_request_reason(planner));
    if (node->needed_by != RJ_PLAN_NOBODY)
        add(chain,
            (rj_reason){.code = "needed-by", .a = planner->nodes[node->needed_by].assignment->id});
    add(chain, found_reason(node));
    add(chain, record_reason(node));
}

static void close_chain(rj_plan_node *node, const reason_chain *chain)
{
    node->reasons = chain->reasons;
    node->reason_count = chain->count;
}

/* ---- 1. What can be had ----------------------------------------------------------------------- */

static bool can_be_had(const rj_planner *planner, const rj_plan_node *node)
{
    rj_choice choice = rj_plan_decide(planner, node, true);
    if (choice.verdict == RJ_VERDICT_NOTHING)
        return rj_plan_is_present(node);
    return rj_plan_is_action(choice.verdict) && choice.verdict != RJ_VERDICT_UNINSTALL &&
           node->obstacle == RJ_PLAN_NOBODY && !rj_plan_hold(planner, node, &choice).code;
}

static void find_obstacles(rj_planner *planner)
{
    for (size_t i = planner->count; i-- > 0;) {
        rj_plan_node *node = &planner->nodes[planner->by_depth[i]];
        if (!node->selected)
            continue;
        for (size_t k = 0; k < node->needs_count && node->obstacle == RJ_PLAN_NOBODY; k++)
            if (!planner->nodes[node->needs[k]].ready)
                node->obstacle = node->needs[k];
        node->ready = can_be_had(planner, node);
    }
}

/* ---- 2. What is wanted ------------------------------------------------------------------------ */

static bool is_wanted(const rj_planner *planner, const rj_plan_node *node)
{
    if (node->assignment->uninstall)
        return false;
    if (node->target)
        return planner->input->trigger.kind == RJ_TRIGGER_INSTALL ||
               planner->input->trigger.kind == RJ_TRIGGER_RETRY;
    return node->needed_by != RJ_PLAN_NOBODY || (!planner->asked && node->assignment->mandatory);
}

/* Its dependencies must be there too. */
static void pull_needs(rj_planner *planner, size_t at)
{
    const rj_plan_node *node = &planner->nodes[at];
    for (size_t k = 0; k < node->needs_count; k++) {
        rj_plan_node *needed = &planner->nodes[node->needs[k]];
        if (needed->needed_by == RJ_PLAN_NOBODY)
            needed->needed_by = at;
        if (node->assignment->mandatory || node->for_mandatory)
            needed->for_mandatory = true;
    }
}

/* Its dependencies must not go. */
static void keep_needs(rj_planner *planner, size_t at)
{
    const rj_plan_node *node = &planner->nodes[at];
    for (size_t k = 0; k < node->needs_count; k++) {
        rj_plan_node *needed = &planner->nodes[node->needs[k]];
        if (needed->kept_by == RJ_PLAN_NOBODY)
            needed->kept_by = at;
    }
}

static rj_reason obstacle_reason(const rj_planner *planner, const rj_plan_node *node)
{
    const rj_assignment *obstacle = planner->nodes[node->obstacle].assignment;
    return (rj_reason){.code = obstacle->uninstall ? "dependency-removed" : "dependency-held",
                       .a = obstacle->id};
}

static rj_reason keeper_reason(const rj_planner *planner, const rj_plan_node *node)
{
    return (rj_reason){.code = "needed-by-installed",
                       .a = planner->nodes[node->kept_by].assignment->id,
                       .b = node->assignment->id};
}

static rj_status settle(rj_planner *planner, size_t at)
{
    rj_plan_node *node = &planner->nodes[at];
    reason_chain chain = {0};
    rj_status status = open_chain(planner, &chain);
    if (status != RJ_OK)
        return status;

    rj_choice choice = rj_plan_decide(planner, node, node->needed_by != RJ_PLAN_NOBODY);
    rj_reason hold = rj_plan_hold(planner, node, &choice);
    begin_chain(planner, node, &chain);
    if (rj_plan_gate_applies(node, &choice))
        add_gate(planner, RJ_CHECK_UNKNOWN, "gate-unknown", &chain);
    add(&chain, choice.reason);

    bool is_action = rj_plan_is_action(choice.verdict);
    bool removes = choice.verdict == RJ_VERDICT_UNINSTALL;
    if (hold.code && strcmp(hold.code, "gate") == 0)
        add_gate(planner, RJ_CHECK_NOT_MET, "gate", &chain);
    else
        add(&chain, hold);
    if (!hold.code && is_action && !removes && node->obstacle != RJ_PLAN_NOBODY)
        add(&chain, hold = obstacle_reason(planner, node));
    if (!hold.code && removes && node->kept_by != RJ_PLAN_NOBODY)
        add(&chain, hold = keeper_reason(planner, node));
    node->verdict = hold.code ? RJ_VERDICT_HELD : choice.verdict;
    close_chain(node, &chain);
    return RJ_OK;
}

static rj_status settle_all(rj_planner *planner)
{
    for (size_t i = 0; i < planner->count; i++) {
        size_t at = planner->by_depth[i];
        const rj_plan_node *node = &planner->nodes[at];
        rj_verdict verdict = RJ_VERDICT_NOTHING;
        if (node->selected) {
            rj_status status = settle(planner, at);
            if (status != RJ_OK)
                return status;
            verdict = node->verdict;
        }
        bool comes = rj_plan_is_action(verdict) && verdict != RJ_VERDICT_UNINSTALL;
        bool stays = rj_plan_is_present(node) && verdict != RJ_VERDICT_UNINSTALL;
        if (comes || (stays && node->selected && is_wanted(planner, node)))
            pull_needs(planner, at);
        if (comes || stays)
            keep_needs(planner, at);
    }
    return RJ_OK;
}

/* ---- A request that is not allowed ------------------------------------------------------------ */

static rj_status refuse_node(rj_planner *planner, rj_plan_node *node, rj_reason refusal)
{
    reason_chain chain = {0};
    rj_status status = open_chain(planner, &chain);
    if (status != RJ_OK)
        return status;
    begin_chain(planner, node, &chain);
    add(&chain, refusal);
    node->verdict = RJ_VERDICT_REFUSED;
    close_chain(node, &chain);
    return RJ_OK;
}

static rj_status refuse_unknown(rj_planner *planner, rj_reason refusal, rj_plan *plan)
{
    reason_chain chain = {0};
    rj_plan_item *item = rj_arena_alloc(planner->arena, 1, sizeof(*item));
    rj_status status =
        item ? open_chain(planner, &chain) : rj_fail_memory(planner->err, "planning");
    if (status != RJ_OK)
        return status;
    add(&chain, rj_plan_request_reason(planner));
    add(&chain, refusal);
    *item = (rj_plan_item){.uid = planner->input->trigger.uid,
                           .verdict = RJ_VERDICT_REFUSED,
                           .reasons = chain.reasons,
                           .reason_count = chain.count};
    plan->items = item;
    plan->item_count = 1;
    return RJ_OK;
}

/* ---- 3. The plan ------------------------------------------------------------------------------ */

static rj_status build_items(rj_planner *planner, whole *made)
{
    rj_plan *plan = &made->plan;
    size_t count = 0;
    size_t *list = rj_calloc(planner->count + 1, sizeof(*list));
    rj_status status = list ? RJ_OK : rj_fail_memory(planner->err, "planning");

    for (size_t i = 0; status == RJ_OK && i < planner->count; i++)
        if (planner->nodes[i].selected)
            list[count++] = i;
    if (status == RJ_OK)
        status = rj_plan_sort(planner, list, count, &plan->action_count);
    if (status == RJ_OK)
        status = rj_id_index_open(&made->index, count, planner->err);
    if (status == RJ_OK &&
        !(plan->items = rj_arena_alloc(&made->arena, count, sizeof(*plan->items))))
        status = rj_fail_memory(planner->err, "planning");
    for (size_t i = 0; status == RJ_OK && i < count; i++) {
        const rj_plan_node *node = &planner->nodes[list[i]];
        plan->items[i] = (rj_plan_item){.assignment = node->assignment,
                                        .uid = node->uid,
                                        .verdict = node->verdict,
                                        .stage = rj_plan_stage(planner, node),
                                        .reasons = node->reasons,
                                        .reason_count = node->reason_count};
        rj_id_index_put(&made->index, node->assignment->id, node->uid, i);
    }
    if (status == RJ_OK)
        plan->item_count = count;
    rj_free(list);
    return status;
}

static rj_status make(rj_planner *planner, whole *made)
{
    size_t target;
    rj_reason refusal = {0};
    rj_status status = rj_plan_collect(planner);
    if (status == RJ_OK)
        status = rj_plan_rank(planner);
    if (status == RJ_OK)
        status = rj_plan_select(planner, &target, &refusal);
    if (status != RJ_OK)
        return status;

    if (refusal.code && target == RJ_PLAN_NOBODY)
        return refuse_unknown(planner, refusal, &made->plan);
    if (refusal.code) {
        status = refuse_node(planner, &planner->nodes[target], refusal);
    } else {
        find_obstacles(planner);
        status = settle_all(planner);
    }
    return status == RJ_OK ? build_items(planner, made) : status;
}

rj_status rj_plan_make(const rj_plan_input *input, rj_plan **ret_plan, rj_error *err)
{
    whole *made = rj_calloc(1, sizeof(*made));
    if (!made)
        return rj_fail_memory(err, "planning");
    rj_planner planner = {.input = input,
                          .arena = &made->arena,
                          .err = err,
                          .asked = input->trigger.kind != RJ_TRIGGER_SYNC};
    rj_status status = make(&planner, made);
    rj_plan_discard(&planner);
    if (status != RJ_OK) {
        rj_plan_free(&made->plan);
        return status;
    }
    *ret_plan = &made->plan;
    return RJ_OK;
}

void rj_plan_free(rj_plan *plan)
{
    if (!plan)
        return;
    whole *made = (whole *)plan;
    rj_id_index_close(&made->index);
    rj_arena_free(&made->arena);
    rj_free(made);
}

const rj_plan_item *rj_plan_find(const rj_plan *plan, const char *id, rj_uid uid)
{
    const whole *made = (const whole *)plan;
    size_t at = rj_id_index_get(&made->index, id, uid);
    if (at != RJ_ID_INDEX_NONE)
        return &plan->items[at];
    at = rj_id_index_get(&made->index, id, RJ_UID_MACHINE);
    if (at == RJ_ID_INDEX_NONE)
        return NULL;
    rj_uid audience = plan->items[at].assignment->audience;
    return audience == RJ_UID_MACHINE || audience == uid ? &plan->items[at] : NULL;
}
