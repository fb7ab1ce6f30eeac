/* SPDX-License-Identifier: MIT */
/*
 * What only the whole policy can tell: an id given twice, a dependency nobody assigned, a dependency
 * of the machine on a user's package, a circle of dependencies.
 */
#include "engine/policy_reader.h"

#include "base/alloc.h"
#include "base/text.h"
#include "engine/id_index.h"

#include <string.h>

#define CIRCLE_SHOWN 12

typedef struct place {
    rj_policy_path list, entry, key;
} place;

/* The pointer /SoftwarePackages/<index>[/<key>] of an assignment; makes its document current. */
static const rj_policy_path *place_of(rj_policy_reader *reader, size_t assignment, const char *key,
                                      place *ret_place)
{
    const rj_policy_origin *origin = &reader->origins[assignment];
    reader->document = origin->document;
    ret_place->list = (rj_policy_path){.key = "SoftwarePackages"};
    ret_place->entry = (rj_policy_path){.parent = &ret_place->list, .index = origin->index};
    ret_place->key = (rj_policy_path){.parent = &ret_place->entry, .key = key};
    return key ? &ret_place->key : &ret_place->entry;
}

/* ---- PreRelease and duplicates ---------------------------------------------------------------- */

static rj_status refuse_duplicate(rj_policy_reader *reader, size_t first, size_t second)
{
    const rj_assignment *a = &reader->whole->policy.assignments[second];
    const rj_policy_origin *before = &reader->origins[first];
    place at;
    const rj_policy_path *path = place_of(reader, second, "ID", &at);
    return rj_policy_refuse(reader, RJ_E_INVALID, path,
                            "the id \"%s\" is taken: %s: /SoftwarePackages/%zu has it too", a->id,
                            before->document->name, before->index);
}

/* Two entries of one document under one id: the one with PreRelease wins; two equals are an error. */
static rj_status choose(rj_policy_reader *reader, bool *dropped, size_t first, size_t second,
                        bool *ret_replaced)
{
    bool first_pre = reader->origins[first].pre_release;
    bool second_pre = reader->origins[second].pre_release;
    if (first_pre == second_pre)
        return refuse_duplicate(reader, first, second);
    size_t loser = first_pre ? second : first;
    place at;
    const rj_policy_path *path = place_of(reader, loser, NULL, &at);
    dropped[loser] = true;
    *ret_replaced = second_pre;
    return rj_policy_warn(reader, path, "replaced by the PreRelease entry of the same id");
}

static rj_status find_duplicates(rj_policy_reader *reader, rj_id_index *index, bool *dropped)
{
    const rj_policy *policy = &reader->whole->policy;
    /* Current entry of an id, as an index value cannot be replaced. */
    size_t *winner = rj_calloc(policy->assignment_count, sizeof(*winner));
    rj_status status = winner ? RJ_OK : rj_policy_no_memory(reader);

    for (size_t i = 0; status == RJ_OK && i < policy->assignment_count; i++) {
        const rj_assignment *a = &policy->assignments[i];
        size_t slot = rj_id_index_put(index, a->id, a->audience, i);
        bool replaced = true;
        if (slot != i)
            status = choose(reader, dropped, winner[slot], i, &replaced);
        if (replaced)
            winner[slot] = i;
    }
    for (size_t i = 0; status == RJ_OK && i < policy->assignment_count; i++) {
        const rj_assignment *a = &policy->assignments[i];
        if (dropped[i] || a->audience == RJ_UID_MACHINE)
            continue;
        size_t device = rj_id_index_get(index, a->id, RJ_UID_MACHINE);
        if (device != RJ_ID_INDEX_NONE)
            status = refuse_duplicate(reader, winner[device], i);
    }
    rj_free(winner);
    return status;
}

static void compact(rj_policy_reader *reader, const bool *dropped)
{
    rj_policy *policy = &reader->whole->policy;
    size_t kept = 0;
    for (size_t i = 0; i < policy->assignment_count; i++) {
        if (dropped[i])
            continue;
        if (kept != i) {
            policy->assignments[kept] = policy->assignments[i];
            reader->origins[kept] = reader->origins[i];
        }
        kept++;
    }
    policy->assignment_count = kept;
}

static rj_status settle_ids(rj_policy_reader *reader)
{
    size_t count = reader->whole->policy.assignment_count;
    rj_id_index index = RJ_ID_INDEX_EMPTY;
    bool *dropped = rj_calloc(count, sizeof(*dropped));
    rj_status status =
        dropped ? rj_id_index_open(&index, count, reader->err) : rj_policy_no_memory(reader);
    if (status == RJ_OK)
        status = find_duplicates(reader, &index, dropped);
    rj_id_index_close(&index);
    if (status == RJ_OK)
        compact(reader, dropped);
    rj_free(dropped);
    return status;
}

/* ---- Dependencies ----------------------------------------------------------------------------- */

static size_t resolve(const rj_id_index *index, const char *id, rj_uid audience)
{
    size_t found = rj_id_index_get(index, id, audience);
    return found == RJ_ID_INDEX_NONE ? rj_id_index_get(index, id, RJ_UID_MACHINE) : found;
}

static rj_status check_dependency(rj_policy_reader *reader, const rj_id_index *index, size_t i,
                                  size_t which)
{
    const rj_assignment *a = &reader->whole->policy.assignments[i];
    const char *id = a->depends_on[which];
    size_t found = resolve(index, id, a->audience);
    place at;
    if (found == RJ_ID_INDEX_NONE) {
        const rj_policy_path *path = place_of(reader, i, "DependsOn", &at);
        return rj_policy_refuse(reader, RJ_E_INVALID, path,
                                "\"%s\" needs \"%s\", which is not assigned %s; assign it, Hidden "
                                "if it shall not be listed",
                                a->id, id,
                                a->audience == RJ_UID_MACHINE ? "to the device"
                                                              : "to this user or the device");
    }
    const rj_assignment *dependency = &reader->whole->policy.assignments[found];
    if (a->scope == RJ_SCOPE_SYSTEM && dependency->scope == RJ_SCOPE_USER) {
        const rj_policy_path *path = place_of(reader, i, "DependsOn", &at);
        return rj_policy_refuse(reader, RJ_E_INVALID, path,
                                "the package \"%s\" of the system cannot depend on \"%s\", which "
                                "has the scope \"user\"",
                                a->id, dependency->id);
    }
    return RJ_OK;
}

/* ---- Circles ---------------------------------------------------------------------------------- */

typedef struct step {
    size_t assignment;
    size_t next; /* dependency to look at */
} step;

static rj_status refuse_circle(rj_policy_reader *reader, const step *stack, size_t depth,
                               size_t again)
{
    const rj_assignment *assignments = reader->whole->policy.assignments;
    size_t from = depth;
    while (from > 0 && stack[from - 1].assignment != again)
        from--;
    from -= from > 0;

    rj_text chain = RJ_TEXT_EMPTY;
    for (size_t i = from; i < depth; i++) {
        if (i - from == CIRCLE_SHOWN) {
            rj_text_addf(&chain, "(%zu more) → ", depth - i);
            break;
        }
        rj_text_addf(&chain, "%s → ", assignments[stack[i].assignment].id);
    }
    rj_text_add(&chain, assignments[again].id);

    place at;
    const rj_policy_path *path = place_of(reader, again, "DependsOn", &at);
    rj_status status = rj_text_failed(&chain)
                           ? rj_policy_no_memory(reader)
                           : rj_policy_refuse(reader, RJ_E_INVALID, path,
                                              "the dependencies run in a circle: %s", chain.bytes);
    rj_text_free(&chain);
    return status;
}

/* Depth first with a stack of our own: a chain may be as long as the policy. */
static rj_status find_circle(rj_policy_reader *reader, const rj_id_index *index, size_t start,
                             unsigned char *state, step *stack)
{
    enum { UNSEEN, ON_STACK, DONE };
    const rj_assignment *assignments = reader->whole->policy.assignments;
    size_t depth = 0;
    if (state[start] != UNSEEN)
        return RJ_OK;
    state[start] = ON_STACK;
    stack[depth++] = (step){start, 0};

    while (depth) {
        step *top = &stack[depth - 1];
        const rj_assignment *a = &assignments[top->assignment];
        if (top->next == a->depends_count) {
            state[top->assignment] = DONE;
            depth--;
            continue;
        }
        size_t to = resolve(index, a->depends_on[top->next++], a->audience);
        if (state[to] == ON_STACK)
            return refuse_circle(reader, stack, depth, to);
        if (state[to] == UNSEEN) {
            state[to] = ON_STACK;
            stack[depth++] = (step){to, 0};
        }
    }
    return RJ_OK;
}

static rj_status check_dependencies(rj_policy_reader *reader, const rj_id_index *index)
{
    const rj_policy *policy = &reader->whole->policy;
    unsigned char *state = rj_calloc(policy->assignment_count, 1);
    step *stack = rj_calloc(policy->assignment_count, sizeof(*stack));
    rj_status status = state && stack ? RJ_OK : rj_policy_no_memory(reader);

    for (size_t i = 0; status == RJ_OK && i < policy->assignment_count; i++)
        for (size_t k = 0; status == RJ_OK && k < policy->assignments[i].depends_count; k++)
            status = check_dependency(reader, index, i, k);
    for (size_t i = 0; status == RJ_OK && i < policy->assignment_count; i++)
        status = find_circle(reader, index, i, state, stack);
    rj_free(stack);
    rj_free(state);
    return status;
}

rj_status rj_policy_validate(rj_policy_reader *reader)
{
    rj_policy *policy = &reader->whole->policy;
    if (!policy->assignment_count)
        return RJ_OK;
    rj_status status = settle_ids(reader);
    if (status != RJ_OK)
        return status;

    rj_id_index index = RJ_ID_INDEX_EMPTY;
    status = rj_id_index_open(&index, policy->assignment_count, reader->err);
    for (size_t i = 0; status == RJ_OK && i < policy->assignment_count; i++)
        rj_id_index_put(&index, policy->assignments[i].id, policy->assignments[i].audience, i);
    if (status == RJ_OK)
        status = check_dependencies(reader, &index);
    rj_id_index_close(&index);
    return status;
}
