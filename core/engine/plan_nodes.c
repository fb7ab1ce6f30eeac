/* SPDX-License-Identifier: MIT */
/*
 * Policy and facts to nodes.
 *
 * A system-scope entry becomes one node of the machine, a user-scope entry one for each user it is
 * assigned to.  Where several users' documents assign one package to the machine, the entry that
 * asks for most stands for all: present before removed, required before available, newer before
 * older, then the lower uid.
 */
#include "engine/plan_nodes.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static rj_status no_memory(rj_planner *planner)
{
    return rj_fail_memory(planner->err, "planning");
}

/* ---- Users ------------------------------------------------------------------------------------ */

static int by_uid(const void *a, const void *b)
{
    rj_uid x = *(const rj_uid *)a, y = *(const rj_uid *)b;
    return (x > y) - (x < y);
}

static rj_status collect_users(rj_planner *planner)
{
    const rj_plan_input *input = planner->input;
    size_t room = input->session_count + input->record_count + input->policy->assignment_count + 1;
    size_t count = 0, kept = 0;
    rj_uid *users = rj_calloc(room, sizeof(*users));
    if (!users)
        return no_memory(planner);

    for (size_t i = 0; i < input->session_count; i++)
        users[count++] = input->sessions[i];
    for (size_t i = 0; i < input->record_count; i++)
        users[count++] = input->records[i].uid;
    for (size_t i = 0; i < input->policy->assignment_count; i++)
        users[count++] = input->policy->assignments[i].audience;
    if (planner->asked)
        users[count++] = input->trigger.uid;

    qsort(users, count, sizeof(*users), by_uid);
    for (size_t i = 0; i < count; i++)
        if (users[i] != RJ_UID_MACHINE && users[i] != RJ_UID_ROOT &&
            (kept == 0 || users[kept - 1] != users[i]))
            users[kept++] = users[i];
    planner->users = users;
    planner->user_count = kept;
    return RJ_OK;
}

bool rj_plan_has_session(const rj_planner *planner, rj_uid uid)
{
    for (size_t i = 0; i < planner->input->session_count; i++)
        if (planner->input->sessions[i] == uid)
            return true;
    return false;
}

/* ---- Nodes ------------------------------------------------------------------------------------ */

static bool asks_for_more(const rj_assignment *a, const rj_assignment *b)
{
    if (a->uninstall != b->uninstall)
        return !a->uninstall;
    if (a->mandatory != b->mandatory)
        return a->mandatory;
    if (a->version && b->version) {
        int order = rj_version_compare(a->version, b->version);
        if (order)
            return order > 0;
    } else if (a->version || b->version) {
        return !a->version; /* the newest there is */
    }
    return a->audience < b->audience;
}

static void put_node(rj_planner *planner, const rj_assignment *assignment, rj_uid uid)
{
    size_t at = rj_id_index_put(&planner->index, assignment->id, uid, planner->count);
    rj_plan_node *node = &planner->nodes[at];
    if (at == planner->count) {
        planner->count++;
        *node = (rj_plan_node){.assignment = assignment,
                               .uid = uid,
                               .needed_by = RJ_PLAN_NOBODY,
                               .kept_by = RJ_PLAN_NOBODY,
                               .obstacle = RJ_PLAN_NOBODY};
    } else if (asks_for_more(assignment, node->assignment)) {
        node->assignment = assignment;
    }
}

static bool is_for_every_user(const rj_assignment *assignment)
{
    return assignment->scope == RJ_SCOPE_USER && assignment->audience == RJ_UID_MACHINE;
}

static rj_status collect_nodes(rj_planner *planner)
{
    const rj_policy *policy = planner->input->policy;
    size_t room = 0;
    for (size_t i = 0; i < policy->assignment_count && room <= RJ_PLAN_MAX_NODES; i++)
        room += is_for_every_user(&policy->assignments[i]) ? planner->user_count : 1;
    if (room > RJ_PLAN_MAX_NODES)
        return rj_fail(planner->err, RJ_E_LIMIT,
                       "the policy makes more than %zu packages for %zu users", RJ_PLAN_MAX_NODES,
                       planner->user_count);

    rj_status status = rj_id_index_open(&planner->index, room, planner->err);
    if (status != RJ_OK)
        return status;
    planner->nodes = rj_calloc(room + 1, sizeof(*planner->nodes));
    if (!planner->nodes)
        return no_memory(planner);
    for (size_t i = 0; i < policy->assignment_count; i++) {
        const rj_assignment *a = &policy->assignments[i];
        if (a->scope == RJ_SCOPE_SYSTEM)
            put_node(planner, a, RJ_UID_MACHINE);
        else if (a->audience == RJ_UID_ROOT)
            continue; /* root is no user: nobody could ever install it */
        else if (a->audience != RJ_UID_MACHINE)
            put_node(planner, a, a->audience);
        else
            for (size_t k = 0; k < planner->user_count; k++)
                put_node(planner, a, planner->users[k]);
    }
    return RJ_OK;
}

/* A person's request is about the entry that person sees. */
static void prefer_the_askers_entry(rj_planner *planner)
{
    const rj_trigger *trigger = &planner->input->trigger;
    if (!planner->asked || !trigger->id)
        return;
    const rj_assignment *a = rj_policy_find(planner->input->policy, trigger->id, trigger->uid);
    if (!a || a->scope != RJ_SCOPE_SYSTEM)
        return;
    size_t at = rj_id_index_get(&planner->index, a->id, RJ_UID_MACHINE);
    if (at != RJ_ID_INDEX_NONE)
        planner->nodes[at].assignment = a;
}

/* ---- Facts ------------------------------------------------------------------------------------ */

static rj_plan_node *node_of(rj_planner *planner, const char *id, rj_uid uid)
{
    size_t at = rj_id_index_get(&planner->index, id, uid);
    return at == RJ_ID_INDEX_NONE ? NULL : &planner->nodes[at];
}

static bool is_about(const rj_attempts *attempts, const rj_assignment *assignment)
{
    return strcmp(attempts->version ? attempts->version : "",
                  assignment->version ? assignment->version : "") == 0 &&
           strcmp(attempts->args_hash ? attempts->args_hash : "", assignment->args_hash) == 0;
}

static void attach_facts(rj_planner *planner)
{
    const rj_plan_input *input = planner->input;
    for (size_t i = 0; i < input->record_count; i++) {
        rj_plan_node *node = node_of(planner, input->records[i].id, input->records[i].uid);
        if (node)
            node->record = &input->records[i];
    }
    for (size_t i = 0; i < input->detection_count; i++) {
        rj_plan_node *node = node_of(planner, input->detections[i].id, input->detections[i].uid);
        if (node)
            node->detection = &input->detections[i];
    }
    for (size_t i = 0; i < input->attempt_count; i++) {
        rj_plan_node *node = node_of(planner, input->attempts[i].id, input->attempts[i].uid);
        if (node && is_about(&input->attempts[i], node->assignment))
            node->attempts = &input->attempts[i];
    }
}

/* ---- Who needs whom --------------------------------------------------------------------------- */

/* A user's package finds a dependency among that user's packages first, then the machine's. */
static size_t resolve(const rj_planner *planner, const rj_plan_node *node, const char *id)
{
    size_t at = RJ_ID_INDEX_NONE;
    if (node->uid != RJ_UID_MACHINE)
        at = rj_id_index_get(&planner->index, id, node->uid);
    return at == RJ_ID_INDEX_NONE ? rj_id_index_get(&planner->index, id, RJ_UID_MACHINE) : at;
}

static rj_status link_node(rj_planner *planner, rj_plan_node *node)
{
    const rj_assignment *a = node->assignment;
    for (size_t i = 0; i < a->depends_count; i++) {
        size_t to = resolve(planner, node, a->depends_on[i]);
        if (to == RJ_ID_INDEX_NONE)
            return rj_fail(planner->err, RJ_E_INVALID,
                           "planning: \"%s\" needs \"%s\", which is not assigned", a->id,
                           a->depends_on[i]);
        node->needs[node->needs_count++] = to;
    }
    return RJ_OK;
}

static rj_status link_nodes(rj_planner *planner)
{
    size_t edges = 0;
    for (size_t i = 0; i < planner->count; i++)
        edges += planner->nodes[i].assignment->depends_count;
    size_t *pool = rj_arena_alloc(planner->arena, edges, sizeof(*pool));
    if (!pool)
        return no_memory(planner);
    for (size_t i = 0; i < planner->count; i++) {
        planner->nodes[i].needs = pool;
        rj_status status = link_node(planner, &planner->nodes[i]);
        if (status != RJ_OK)
            return status;
        pool += planner->nodes[i].needs_count;
    }
    return RJ_OK;
}

rj_status rj_plan_collect(rj_planner *planner)
{
    rj_status status = collect_users(planner);
    if (status == RJ_OK)
        status = collect_nodes(planner);
    if (status != RJ_OK)
        return status;
    prefer_the_askers_entry(planner);
    attach_facts(planner);
    return link_nodes(planner);
}

void rj_plan_discard(rj_planner *planner)
{
    rj_id_index_close(&planner->index);
    rj_free(planner->by_depth);
    rj_free(planner->nodes);
    rj_free(planner->users);
}
