/* SPDX-License-Identifier: MIT */
/*
 * Which packages a trigger is about, and whether the asker may.
 *
 * A sync is about everything.  A person's request is about one package and what it needs, or, for
 * "upgrade" without an id, about all that this person sees.
 */
#include "engine/plan_nodes.h"

static bool wants_presence(rj_trigger_kind kind)
{
    return kind != RJ_TRIGGER_UNINSTALL;
}

rj_reason rj_plan_request_reason(const rj_planner *planner)
{
    const rj_trigger *trigger = &planner->input->trigger;
    const char *code = trigger->from_link ? "asked-by-link" : "asked-install";
    if (trigger->kind == RJ_TRIGGER_RETRY)
        code = "asked-retry";
    else if (trigger->kind == RJ_TRIGGER_UPGRADE)
        code = trigger->from_link ? "asked-upgrade-by-link" : "asked-upgrade";
    else if (trigger->kind == RJ_TRIGGER_UNINSTALL)
        code = "asked-uninstall";
    return (rj_reason){.code = code, .a = trigger->asker, .n = trigger->uid};
}

/* Selects what is marked and all that it needs: needs come later in by_depth. */
static void select_needs(rj_planner *planner)
{
    for (size_t i = 0; i < planner->count; i++) {
        const rj_plan_node *node = &planner->nodes[planner->by_depth[i]];
        for (size_t k = 0; node->selected && k < node->needs_count; k++)
            planner->nodes[node->needs[k]].selected = true;
    }
}

static bool hides(const rj_trigger *trigger, const rj_assignment *assignment)
{
    return assignment->hidden && (trigger->from_link || !trigger->admin);
}

static bool sees(const rj_trigger *trigger, const rj_plan_node *node)
{
    if (trigger->admin)
        return true;
    rj_uid audience = node->assignment->audience;
    return !node->assignment->hidden &&
           (node->uid == RJ_UID_MACHINE || node->uid == trigger->uid) &&
           (audience == RJ_UID_MACHINE || audience == trigger->uid);
}

static void select_outdated(rj_planner *planner)
{
    for (size_t i = 0; i < planner->count; i++) {
        rj_plan_node *node = &planner->nodes[i];
        node->target = sees(&planner->input->trigger, node) && !node->assignment->uninstall;
        node->selected = node->target;
    }
    select_needs(planner);
}

static size_t find_target(const rj_planner *planner)
{
    const rj_trigger *trigger = &planner->input->trigger;
    size_t at = RJ_ID_INDEX_NONE;
    if (trigger->uid != RJ_UID_MACHINE)
        at = rj_id_index_get(&planner->index, trigger->id, trigger->uid);
    if (at == RJ_ID_INDEX_NONE)
        at = rj_id_index_get(&planner->index, trigger->id, RJ_UID_MACHINE);
    if (at == RJ_ID_INDEX_NONE)
        return RJ_PLAN_NOBODY;
    /* A package of the machine, but assigned to another user only. */
    rj_uid audience = planner->nodes[at].assignment->audience;
    if (!trigger->admin && audience != RJ_UID_MACHINE && audience != trigger->uid)
        return RJ_PLAN_NOBODY;
    return at;
}

static bool is_a_users_asked_by_root(const rj_planner *planner)
{
    const rj_trigger *trigger = &planner->input->trigger;
    const rj_assignment *a = NULL;
    if (trigger->uid == RJ_UID_ROOT)
        a = rj_policy_find(planner->input->policy, trigger->id, trigger->uid);
    return a && a->scope == RJ_SCOPE_USER;
}

/* Something that is there and stays, and needs `target`. */
static size_t find_dependant(const rj_planner *planner, size_t target)
{
    for (size_t i = 0; i < planner->count; i++) {
        const rj_plan_node *node = &planner->nodes[planner->by_depth[i]];
        for (size_t k = 0; k < node->needs_count; k++)
            if (node->needs[k] == target && rj_plan_is_present(node))
                return planner->by_depth[i];
    }
    return RJ_PLAN_NOBODY;
}

static rj_reason refusal(const rj_planner *planner, size_t at)
{
    const rj_trigger *trigger = &planner->input->trigger;
    const rj_plan_node *node = &planner->nodes[at];
    const rj_assignment *a = node->assignment;
    if (hides(trigger, a))
        return (rj_reason){.code = "hidden", .a = a->id};
    if (a->uninstall && wants_presence(trigger->kind))
        return (rj_reason){.code = "policy-wants-it-gone", .a = a->id};
    if (trigger->kind != RJ_TRIGGER_UNINSTALL)
        return (rj_reason){0};
    if (!trigger->admin && node->uid != trigger->uid)
        return (rj_reason){.code = "needs-admin", .a = a->id};
    if (!trigger->admin && a->mandatory)
        return (rj_reason){.code = "mandatory", .a = a->id};
    size_t dependant = find_dependant(planner, at);
    if (dependant != RJ_PLAN_NOBODY && rj_plan_is_present(node))
        return (rj_reason){.code = "needed-by-installed",
                           .a = planner->nodes[dependant].assignment->id,
                           .b = a->id};
    return (rj_reason){0};
}

rj_status rj_plan_select(rj_planner *planner, size_t *ret_target, rj_reason *ret_refusal)
{
    const rj_trigger *trigger = &planner->input->trigger;
    *ret_target = RJ_PLAN_NOBODY;
    if (!planner->asked) {
        for (size_t i = 0; i < planner->count; i++)
            planner->nodes[i].selected = true;
        return RJ_OK;
    }
    if (!trigger->id) {
        if (trigger->kind != RJ_TRIGGER_UPGRADE)
            return rj_fail(planner->err, RJ_E_INVALID, "the request names no package");
        select_outdated(planner);
        return RJ_OK;
    }

    size_t at = find_target(planner);
    if (at == RJ_PLAN_NOBODY && is_a_users_asked_by_root(planner)) {
        *ret_refusal = (rj_reason){.code = "not-for-root", .a = trigger->id};
        return RJ_OK;
    }
    if (at == RJ_PLAN_NOBODY) {
        *ret_refusal = (rj_reason){.code = "not-assigned", .a = trigger->id, .n = trigger->uid};
        return RJ_OK;
    }
    *ret_target = at;
    planner->nodes[at].target = true;
    planner->nodes[at].selected = true;
    *ret_refusal = refusal(planner, at);
    if (!ret_refusal->code && wants_presence(trigger->kind))
        select_needs(planner);
    return RJ_OK;
}
