/* SPDX-License-Identifier: MIT */
/* What holds for every plan: over generated policies, in any order of input, at any size. */
#include "engine/plan.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 300
#define PACKAGES_MOST 40
#define M RJ_UID_MACHINE

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* ---- A generator with a seed ------------------------------------------------------------------- */

static uint64_t generator;

static unsigned draw(unsigned below)
{
    generator = generator * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(generator >> 33) % below;
}

typedef struct world {
    unsigned count;
    char id[PACKAGES_MOST][16];
    rj_text entry[PACKAGES_MOST];
    rj_detection detections[2 * PACKAGES_MOST];
    rj_record records[PACKAGES_MOST];
    rj_attempts attempts[PACKAGES_MOST];
    rj_check_fact checks[2];
    rj_uid sessions[2];
} world;

static const char *const versions[] = {"0.9", "1.0.0", "1.1", "2.0-beta", ""};

static void add_entry(world *w, unsigned i)
{
    rj_text *text = &w->entry[i];
    bool user = draw(4) == 0;
    snprintf(w->id[i], sizeof(w->id[i]), "p%u", i);
    rj_text_addf(text, "{\"ID\":\"p%u\",\"Order\":%d,\"AutoUpgrade\":%s", i, (int)draw(6) - 1,
                 draw(2) ? "true" : "false");
    if (draw(4))
        rj_text_addf(text, ",\"Version\":\"%s\"", versions[draw(4)]);
    if (user)
        rj_text_add(text, ",\"Scope\":\"user\"");
    unsigned kind = draw(6);
    if (kind < 3)
        rj_text_add(text, ",\"Mandatory\":true");
    else if (kind == 3)
        rj_text_add(text, ",\"Uninstall\":true");
    else if (kind == 4)
        rj_text_add(text, ",\"Hidden\":true");
    rj_text_add(text, ",\"DependsOn\":[");
    unsigned given = 0;
    for (unsigned k = 0; k < i; k++) {
        bool needs_user = strstr(w->entry[k].bytes, "\"Scope\"") != NULL;
        if (draw(i) < 2 && (user || !needs_user))
            rj_text_addf(text, "%s\"p%u\"", given++ ? "," : "", k);
    }
    rj_text_add(text, "]}");
    assert_false(rj_text_failed(text));
}

static rj_uid owner_of(const world *w, unsigned i)
{
    return strstr(w->entry[i].bytes, "\"Scope\"") ? 1000 : M;
}

static void make_world(world *w, uint64_t seed)
{
    generator = seed;
    memset(w, 0, sizeof(*w));
    w->count = 1 + draw(PACKAGES_MOST);
    for (unsigned i = 0; i < w->count; i++) {
        add_entry(w, i);
        rj_uid uid = owner_of(w, i);
        w->detections[i] =
            (rj_detection){w->id[i], uid, (rj_detected)draw(3), versions[draw(5)], NULL};
        w->records[i] = (rj_record){
            draw(2) ? w->id[i] : "gone", uid, versions[draw(4)], "", draw(4) > 0, 0, false};
        w->attempts[i] =
            (rj_attempts){draw(3) ? "gone" : w->id[i], uid, "1.0.0", "", 0, draw(4), 0, "x"};
    }
    w->checks[0] = (rj_check_fact){"firewall", (rj_check_state)draw(4), RJ_ENFORCE, ""};
    w->checks[1] = (rj_check_fact){"antivirus", (rj_check_state)draw(4), RJ_RECOMMEND, ""};
    w->sessions[0] = 1000;
}

static void free_world(world *w)
{
    for (unsigned i = 0; i < w->count; i++)
        rj_text_free(&w->entry[i]);
}

typedef struct outcome {
    rj_policy *policy;
    rj_plan *plan;
} outcome;

/* `shuffle` moves every list of the input about. */
static outcome play(const world *w, rj_trigger trigger, bool shuffle)
{
    unsigned at[PACKAGES_MOST];
    rj_detection detections[PACKAGES_MOST];
    rj_record records[PACKAGES_MOST];
    rj_attempts attempts[PACKAGES_MOST];
    for (unsigned i = 0; i < w->count; i++)
        at[i] = i;
    for (unsigned i = w->count - 1; shuffle && i > 0; i--) {
        unsigned k = draw(i + 1), kept = at[i];
        at[i] = at[k];
        at[k] = kept;
    }
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, "{\"SoftwarePackages\":[");
    for (unsigned i = 0; i < w->count; i++) {
        rj_text_addf(&text, "%s%s", i ? "," : "", w->entry[at[i]].bytes);
        detections[i] = w->detections[at[w->count - 1 - i]];
        records[i] = w->records[at[i]];
        attempts[i] = w->attempts[at[i]];
    }
    rj_text_add(&text, "]}");
    assert_false(rj_text_failed(&text));

    outcome out = {0};
    rj_error err = RJ_ERROR_NONE;
    const rj_policy_source document = {"device.json", text.bytes, text.length, M};
    if (rj_policy_parse(&document, 1, &out.policy, &err) != RJ_OK)
        fail_msg("%s", err.text);
    rj_text_free(&text);
    const rj_plan_input input = {.policy = out.policy,
                                 .records = records,
                                 .record_count = w->count,
                                 .detections = detections,
                                 .detection_count = w->count,
                                 .attempts = attempts,
                                 .attempt_count = w->count,
                                 .checks = w->checks,
                                 .check_count = 2,
                                 .sessions = w->sessions,
                                 .session_count = 1,
                                 .trigger = trigger};
    if (rj_plan_make(&input, &out.plan, &err) != RJ_OK)
        fail_msg("%s", err.text);
    /* The plan borrows strings of the world and the policy, not of these lists. */
    memset(detections, 0xee, sizeof(detections));
    memset(records, 0xee, sizeof(records));
    memset(attempts, 0xee, sizeof(attempts));
    return out;
}

static void end(outcome *out)
{
    rj_plan_free(out->plan);
    rj_policy_free(out->policy);
}

static rj_trigger trigger_of(const world *w, unsigned round)
{
    static const rj_trigger sync = {.kind = RJ_TRIGGER_SYNC, .uid = M, .admin = true};
    rj_trigger asked = {.kind = (rj_trigger_kind)(round % 5),
                        .id = w->id[draw(w->count)],
                        .uid = 1000,
                        .admin = draw(2) == 0};
    return round % 5 == 0 ? sync : asked;
}

/* ---- Properties -------------------------------------------------------------------------------- */

static bool is_action(const rj_plan_item *item)
{
    return item->verdict <= RJ_VERDICT_UNINSTALL;
}

static const rj_detection *detection_of(const world *w, const rj_plan_item *item)
{
    for (unsigned i = 0; i < w->count; i++)
        if (strcmp(w->id[i], item->assignment->id) == 0)
            return &w->detections[i];
    return NULL;
}

static void assert_well_formed(const rj_plan *plan)
{
    assert_true(plan->action_count <= plan->item_count);
    for (size_t i = 0; i < plan->item_count; i++) {
        const rj_plan_item *item = &plan->items[i];
        char text[512];
        assert_int_equal(is_action(item), i < plan->action_count);
        assert_true(item->reason_count >= 2);
        for (size_t k = 0; k < item->reason_count; k++) {
            rj_reason_text(&item->reasons[k], text, sizeof(text));
            if (strchr(text, ' ') == NULL)
                fail_msg("no sentence for the reason %s", item->reasons[k].code);
        }
        if (!item->assignment)
            continue;
        assert_ptr_equal(rj_plan_find(plan, item->assignment->id, item->uid), item); /* once */
    }
}

/* Installing: what it needs is done before, or there already.  Removing: nothing that needs it stays. */
static void assert_dependencies_hold(const world *w, const rj_plan *plan)
{
    for (size_t i = 0; i < plan->item_count; i++) {
        const rj_plan_item *item = &plan->items[i];
        for (size_t k = 0; item->assignment && k < item->assignment->depends_count; k++) {
            const rj_plan_item *needed =
                rj_plan_find(plan, item->assignment->depends_on[k], item->uid);
            if (!needed)
                continue; /* a removal that was asked for plans nothing else */
            bool comes = is_action(item) && item->verdict != RJ_VERDICT_UNINSTALL;
            bool there = detection_of(w, needed)->state == RJ_DETECTED_PRESENT;
            if (comes && is_action(needed)) {
                assert_int_not_equal(needed->verdict, RJ_VERDICT_UNINSTALL);
                assert_true(needed < item);
                assert_true(needed->stage < item->stage);
            } else if (comes) {
                assert_int_equal(needed->verdict, RJ_VERDICT_NOTHING);
                assert_true(there);
            }
            if (needed->verdict == RJ_VERDICT_UNINSTALL && item->verdict == RJ_VERDICT_UNINSTALL)
                assert_true(item < needed);
            else if (needed->verdict == RJ_VERDICT_UNINSTALL)
                assert_int_not_equal(detection_of(w, item)->state, RJ_DETECTED_PRESENT);
        }
    }
}

static void assert_nothing_blind(const world *w, const rj_plan *plan)
{
    for (size_t i = 0; i < plan->action_count; i++)
        assert_int_not_equal(detection_of(w, &plan->items[i])->state, RJ_DETECTED_UNKNOWN);
}

static void assert_same(const rj_plan *a, const rj_plan *b)
{
    assert_int_equal(a->item_count, b->item_count);
    assert_int_equal(a->action_count, b->action_count);
    for (size_t i = 0; i < a->item_count; i++) {
        const rj_plan_item *x = &a->items[i], *y = &b->items[i];
        assert_int_equal(x->verdict, y->verdict);
        assert_int_equal(x->uid, y->uid);
        assert_int_equal(x->stage, y->stage);
        if (x->assignment)
            assert_string_equal(x->assignment->id, y->assignment->id);
        assert_int_equal(x->reason_count, y->reason_count);
        for (size_t k = 0; k < x->reason_count; k++) {
            char left[512], right[512];
            rj_reason_text(&x->reasons[k], left, sizeof(left));
            rj_reason_text(&y->reasons[k], right, sizeof(right));
            assert_string_equal(left, right);
        }
    }
}

static void every_plan_keeps_the_rules_and_does_not_depend_on_the_order_of_its_input(void **state)
{
    (void)state;
    unsigned actions = 0, held = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        world w;
        make_world(&w, round);
        rj_trigger trigger = trigger_of(&w, round);
        outcome a = play(&w, trigger, false), b = play(&w, trigger, true);
        assert_well_formed(a.plan);
        assert_dependencies_hold(&w, a.plan);
        if (trigger.kind == RJ_TRIGGER_SYNC)
            assert_nothing_blind(&w, a.plan);
        assert_same(a.plan, b.plan);
        actions += (unsigned)a.plan->action_count;
        for (size_t i = 0; i < a.plan->item_count; i++)
            held += a.plan->items[i].verdict == RJ_VERDICT_HELD;
        end(&a);
        end(&b);
        free_world(&w);
    }
    assert_true(actions > ROUNDS / 2); /* the generator makes worlds in which something happens */
    assert_true(held > ROUNDS / 2);
}

/* ---- Sizes and failures ------------------------------------------------------------------------ */

static rj_policy *chain_policy(unsigned count, unsigned dependencies, bool straight)
{
    rj_text text = RJ_TEXT_EMPTY;
    generator = 42;
    rj_text_add(&text, "{\"SoftwarePackages\":[");
    for (unsigned i = 0; i < count; i++) {
        rj_text_addf(&text, "%s{\"ID\":\"package-%u\",\"Mandatory\":true,\"Order\":%u",
                     i ? "," : "", i, i % 13);
        rj_text_add(&text, ",\"DependsOn\":[");
        /* Each from a part of its own of the lower ones, so that none is named twice. */
        for (unsigned k = 0; k < dependencies && k < i; k++) {
            unsigned part = i / dependencies;
            unsigned pick = straight || !part ? i - 1 - k : k * part + draw(part);
            rj_text_addf(&text, "%s\"package-%u\"", k ? "," : "", pick);
        }
        rj_text_add(&text, "]}");
    }
    rj_text_add(&text, "]}");
    assert_false(rj_text_failed(&text));
    const rj_policy_source document = {"device.json", text.bytes, text.length, M};
    rj_policy *policy = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (rj_policy_parse(&document, 1, &policy, &err) != RJ_OK)
        fail_msg("%s", err.text);
    rj_text_free(&text);
    return policy;
}

static rj_detection *absent(const rj_policy *policy)
{
    rj_detection *detections = rj_calloc(policy->assignment_count, sizeof(*detections));
    assert_non_null(detections);
    for (size_t i = 0; i < policy->assignment_count; i++)
        detections[i] =
            (rj_detection){policy->assignments[i].id, M, RJ_DETECTED_ABSENT, NULL, NULL};
    return detections;
}

static void ten_thousand_packages_with_three_dependencies_are_planned_at_once(void **state)
{
    (void)state;
    rj_policy *policy = chain_policy(10000, 3, false);
    rj_detection *detections = absent(policy);
    const rj_plan_input input = {
        .policy = policy, .detections = detections, .detection_count = policy->assignment_count};
    rj_plan *plan;
    uint64_t begin = rj_clock_monotonic_ns();
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_OK);
    double took = (double)(rj_clock_monotonic_ns() - begin) / 1e6;
    printf("# 10,000 packages with three dependencies each: %.1f ms\n", took);
    assert_int_equal(plan->action_count, 10000);
    if (!SANITIZED)
        assert_true(took < 1000);
    rj_plan_free(plan);
    rj_free(detections);
    rj_policy_free(policy);
}

static void a_chain_of_20000_packages_is_planned_in_its_order(void **state)
{
    (void)state;
    rj_policy *policy = chain_policy(20000, 1, true);
    rj_detection *detections = absent(policy);
    const rj_plan_input input = {
        .policy = policy, .detections = detections, .detection_count = policy->assignment_count};
    rj_plan *plan;
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_OK);
    assert_int_equal(plan->action_count, 20000);
    for (size_t i = 0; i < 20000; i++) {
        assert_ptr_equal(plan->items[i].assignment, &policy->assignments[i]);
        assert_int_equal(plan->items[i].stage, i);
    }
    rj_plan_free(plan);
    rj_free(detections);
    rj_policy_free(policy);
}

static void too_many_users_times_packages_are_an_error(void **state)
{
    (void)state;
    static rj_uid users[10001];
    rj_assignment assignments[100];
    char ids[100][8];
    memset(assignments, 0, sizeof(assignments));
    for (unsigned i = 0; i < 100; i++) {
        snprintf(ids[i], sizeof(ids[i]), "p%u", i);
        assignments[i].id = ids[i];
        assignments[i].scope = RJ_SCOPE_USER;
        assignments[i].audience = M;
    }
    for (unsigned i = 0; i < 10001; i++)
        users[i] = 1000 + i;
    const rj_policy policy = {.assignments = assignments, .assignment_count = 100};
    const rj_plan_input input = {.policy = &policy, .sessions = users, .session_count = 10001};
    rj_plan *plan = NULL;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_plan_make(&input, &plan, &err), RJ_E_LIMIT);
    assert_null(plan);
    assert_true(err.text[0] != '\0');
}

static void a_circle_or_a_gap_that_no_policy_would_pass_is_an_error(void **state)
{
    (void)state;
    const char *needs_b[] = {"b", NULL}, *needs_a[] = {"a", NULL};
    rj_assignment assignments[2] = {
        {.id = "a", .depends_on = needs_b, .depends_count = 1, .audience = M},
        {.id = "b", .depends_on = needs_a, .depends_count = 1, .audience = M}};
    rj_policy policy = {.assignments = assignments, .assignment_count = 2};
    const rj_plan_input input = {.policy = &policy};
    rj_plan *plan = NULL;
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_E_INVALID);
    policy.assignment_count = 1;
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_E_INVALID);
    assert_null(plan);
}

static void running_out_of_memory_anywhere_is_an_error(void **state)
{
    (void)state;
    rj_policy *policy = chain_policy(30, 3, true);
    rj_detection *detections = absent(policy);
    const rj_plan_input input = {
        .policy = policy, .detections = detections, .detection_count = policy->assignment_count};
    unsigned failures = 0;
    for (uint64_t nth = 1;; nth++) {
        rj_plan *plan = NULL;
        rj_error err = RJ_ERROR_NONE;
        rj_alloc_fail_from(nth);
        rj_status status = rj_plan_make(&input, &plan, &err);
        rj_alloc_fail_from(0);
        if (status == RJ_OK) {
            assert_int_equal(plan->action_count, 30);
            rj_plan_free(plan);
            break;
        }
        assert_int_equal(status, RJ_E_NO_MEMORY);
        assert_null(plan);
        assert_true(err.text[0] != '\0');
        failures++;
    }
    assert_true(failures >= 8);
    rj_free(detections);
    rj_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plan_keeps_the_rules_and_does_not_depend_on_the_order_of_its_input),
        cmocka_unit_test(ten_thousand_packages_with_three_dependencies_are_planned_at_once),
        cmocka_unit_test(a_chain_of_20000_packages_is_planned_in_its_order),
        cmocka_unit_test(too_many_users_times_packages_are_an_error),
        cmocka_unit_test(a_circle_or_a_gap_that_no_policy_would_pass_is_an_error),
        cmocka_unit_test(running_out_of_memory_anywhere_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
