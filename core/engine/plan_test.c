/* SPDX-License-Identifier: MIT */
/* What packages do to each other: order, dependencies, users. */
#include "engine/plan_scene_test.h"

/* ---- Order ------------------------------------------------------------------------------------- */

static void assert_order(const scene *s, const char *wanted)
{
    outcome out = play(s);
    char order[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < out.plan->action_count; i++) {
        used += (size_t)snprintf(order + used, sizeof(order) - used, "%s%s", i ? " " : "",
                                 out.plan->items[i].assignment->id);
        assert_true(used < sizeof(order));
    }
    assert_string_equal(order, wanted);
    end(&out);
}

#define ABSENT4                                                                                    \
    .detections = {{"A", M, RJ_DETECTED_ABSENT, NULL, NULL},                                       \
                   {"B", M, RJ_DETECTED_ABSENT, NULL, NULL},                                       \
                   {"C", M, RJ_DETECTED_ABSENT, NULL, NULL},                                       \
                   {"D", M, RJ_DETECTED_ABSENT, NULL, NULL}}
#define PRESENT4                                                                                   \
    .detections = {{"A", M, RJ_DETECTED_PRESENT, "1", NULL},                                       \
                   {"B", M, RJ_DETECTED_PRESENT, "1", NULL},                                       \
                   {"C", M, RJ_DETECTED_PRESENT, "1", NULL},                                       \
                   {"D", M, RJ_DETECTED_PRESENT, "1", NULL}}

static void dependencies_come_first_whatever_their_order(void **state)
{
    (void)state;
    assert_order(
        &(scene){.device = "{\"ID\":\"A\",\"Order\":1,\"Mandatory\":true},"
                           "{\"ID\":\"B\",\"Order\":101,\"Mandatory\":true,\"DependsOn\":[\"C\"]},"
                           "{\"ID\":\"C\",\"Order\":100,\"Mandatory\":true}",
                 ABSENT4},
        "C A B");
}

static void order_counts_inside_a_stage_with_0_last_and_then_the_id(void **state)
{
    (void)state;
    assert_order(&(scene){.device = "{\"ID\":\"A\",\"Mandatory\":true},"
                                    "{\"ID\":\"D\",\"Order\":5,\"Mandatory\":true},"
                                    "{\"ID\":\"C\",\"Order\":5,\"Mandatory\":true},"
                                    "{\"ID\":\"B\",\"Order\":-1,\"Mandatory\":true}",
                          ABSENT4},
                 "B C D A");
}

static void removal_runs_from_dependants_to_dependencies_and_before_installation(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Uninstall\":true},"
                         "{\"ID\":\"B\",\"Uninstall\":true,\"DependsOn\":[\"A\"]},"
                         "{\"ID\":\"C\",\"Uninstall\":true,\"DependsOn\":[\"B\"],\"Order\":1},"
                         "{\"ID\":\"D\",\"Mandatory\":true,\"Order\":1}",
               PRESENT4};
    s.detections[3].state = RJ_DETECTED_ABSENT;
    assert_order(&s, "C B A D");
}

/* ---- Dependencies ------------------------------------------------------------------------------ */

static void assert_item(const scene *s, const char *id, rj_uid uid, rj_verdict verdict,
                        const char *code, const char *a)
{
    outcome out = play(s);
    const rj_plan_item *item = rj_plan_find(out.plan, id, uid);
    assert_non_null(item);
    const rj_reason *last = last_reason(item);
    if (item->verdict != verdict || strcmp(last->code, code) != 0 ||
        (a && (!last->a || strcmp(last->a, a) != 0)))
        fail_msg("%s: %s because %s (%s)", id, rj_verdict_name(item->verdict), last->code,
                 last->a ? last->a : "");
    end(&out);
}

static void what_is_installed_pulls_in_hidden_dependencies(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true,\"DependsOn\":[\"C\"]},{\"ID\":\"C\"},"
                         "{\"ID\":\"D\"}",
               ABSENT4};
    assert_order(&s, "C B A");
    outcome out = play(&s);
    const rj_reason *needed = reason_with(rj_plan_find(out.plan, "C", M), "needed-by");
    assert_non_null(needed);
    assert_string_equal(needed->a, "B");
    end(&out);
}

static void a_missing_dependency_of_what_is_required_and_there_is_installed(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true}",
               PRESENT4};
    s.detections[1].state = RJ_DETECTED_ABSENT;
    assert_order(&s, "B");
}

static void what_needs_something_held_is_held_and_names_it(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\",\"D\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true,\"DependsOn\":[\"C\"]},"
                         "{\"ID\":\"C\",\"Hidden\":true},{\"ID\":\"D\",\"Hidden\":true}",
               ABSENT4,
               TRIES("C", "", 2, 7)};
    assert_item(&s, "A", M, RJ_VERDICT_HELD, "dependency-held", "B");
    assert_order(&s, ""); /* and D is not installed in vain */
    s.attempts[0].failures = 0;
    assert_order(&s, "C B D A");
    s.detections[2].state = RJ_DETECTED_UNKNOWN;
    assert_item(&s, "A", M, RJ_VERDICT_HELD, "dependency-held", "B");
    assert_item(&s, "C", M, RJ_VERDICT_NOTHING, "detection-unknown", NULL);
}

static void what_the_policy_removes_cannot_be_a_dependency(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Uninstall\":true}",
               PRESENT4};
    s.detections[0].state = RJ_DETECTED_ABSENT;
    assert_item(&s, "A", M, RJ_VERDICT_HELD, "dependency-removed", "B");
    assert_item(&s, "B", M, RJ_VERDICT_UNINSTALL, "policy-removes", NULL);
}

static void nothing_is_removed_from_under_what_needs_it(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Uninstall\":true}",
               PRESENT4};
    assert_item(&s, "B", M, RJ_VERDICT_HELD, "needed-by-installed", "A");
    s.device = "{\"ID\":\"A\",\"DependsOn\":[\"B\"]},{\"ID\":\"B\"}";
    s.trigger = (rj_trigger){RJ_TRIGGER_UNINSTALL, "B", 0, true, false, NULL};
    assert_item(&s, "B", M, RJ_VERDICT_REFUSED, "needed-by-installed", "A");
}

static void a_gate_on_a_required_package_also_stops_what_it_pulls_in(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true}",
               ABSENT4,
               NOT_MET};
    assert_order(&s, "");
    s.detections[0] = (rj_detection){"A", M, RJ_DETECTED_PRESENT, "1", NULL};
    assert_item(&s, "B", M, RJ_VERDICT_HELD, "gate", "firewall");
}

static void a_request_plans_its_package_and_what_that_needs_and_no_more(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true,\"AutoUpgrade\":true,\"Version\":\"2\"},"
                         "{\"ID\":\"C\",\"Mandatory\":true},{\"ID\":\"D\",\"Mandatory\":true}",
               ABSENT4,
               .trigger = {RJ_TRIGGER_INSTALL, "A", JANE, false, true, NULL},
               NOT_MET};
    outcome out = play(&s);
    assert_int_equal(out.plan->item_count, 2);
    end(&out);
    assert_order(&s, "B A");
    s.detections[0] = (rj_detection){"A", M, RJ_DETECTED_PRESENT, "1", NULL};
    assert_order(&s, "B"); /* asking for A makes it whole */
    s.trigger.kind = RJ_TRIGGER_UPGRADE;
    s.detections[1] = (rj_detection){"B", M, RJ_DETECTED_PRESENT, "1", NULL};
    s.device = "{\"ID\":\"A\",\"Version\":\"1\",\"DependsOn\":[\"B\"]},"
               "{\"ID\":\"B\",\"Hidden\":true,\"AutoUpgrade\":true,\"Version\":\"2\"}";
    assert_item(&s, "B", M, RJ_VERDICT_NOTHING, "not-part-of-request", NULL);
}

static void upgrading_all_takes_what_the_person_sees_whatever_auto_upgrade_says(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Version\":\"2\"},{\"ID\":\"B\",\"Version\":\"1\"},"
                         "{\"ID\":\"C\",\"Version\":\"2\",\"Hidden\":true},"
                         "{\"ID\":\"D\",\"Version\":\"2\",\"DependsOn\":[\"E\"]},{\"ID\":\"E\"}",
               PRESENT4,
               .trigger = {RJ_TRIGGER_UPGRADE, NULL, JANE, false, false, NULL}};
    assert_order(&s, "E A D"); /* E, which cannot be seen, because D needs it */
    assert_item(&s, "D", M, RJ_VERDICT_UPGRADE, "outdated-asked", NULL);
}

/* ---- Users ------------------------------------------------------------------------------------- */

static void a_users_package_waits_for_the_users_session(void **state)
{
    (void)state;
    scene s = {.jane = "{\"ID\":\"a\",\"Scope\":\"user\",\"Mandatory\":true}",
               .detections = {{"a", JANE, RJ_DETECTED_ABSENT, NULL, NULL}}};
    assert_item(&s, "a", JANE, RJ_VERDICT_HELD, "no-session", NULL);
    s.sessions[0] = KARL;
    assert_item(&s, "a", JANE, RJ_VERDICT_HELD, "no-session", NULL);
    s.sessions[1] = JANE;
    assert_item(&s, "a", JANE, RJ_VERDICT_INSTALL, "not-installed", NULL);
}

static void a_users_package_is_never_planned_for_root(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"a\",\"Scope\":\"user\",\"Mandatory\":true}",
               .records = {{"a", RJ_UID_ROOT, "1", "", true, 0, false}},
               ROOT_ASKS(INSTALL)};
    outcome out = play(&s);
    assert_int_equal(out.plan->action_count, 0);
    assert_int_equal(out.plan->item_count, 1);
    assert_int_equal(out.plan->items[0].verdict, RJ_VERDICT_REFUSED);
    assert_string_equal(last_reason(&out.plan->items[0])->code, "not-for-root");
    end(&out);
    s.trigger = (rj_trigger){RJ_TRIGGER_SYNC, NULL, RJ_UID_ROOT, true, false, NULL};
    out = play(&s);
    assert_int_equal(out.plan->item_count, 0);
    end(&out);
}

static void a_users_package_of_the_device_is_planned_for_each_user(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"a\",\"Scope\":\"user\",\"Mandatory\":true}",
               .records = {{"a", 1002, "1", "", true, 0, false}},
               .detections = {{"a", JANE, RJ_DETECTED_ABSENT, NULL, NULL},
                              {"a", KARL, RJ_DETECTED_ABSENT, NULL, NULL}},
               .sessions = {JANE, KARL}};
    outcome out = play(&s);
    assert_int_equal(out.plan->item_count, 3);
    assert_int_equal(out.plan->action_count, 2);
    assert_int_equal(rj_plan_find(out.plan, "a", 1002)->verdict, RJ_VERDICT_HELD);
    assert_null(rj_plan_find(out.plan, "a", 1003));
    end(&out);
}

static void a_users_part_comes_after_the_machines_part_it_needs(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"B\",\"Hidden\":true}",
               .jane = "{\"ID\":\"A\",\"Scope\":\"user\",\"Mandatory\":true,\"DependsOn\":[\"B\"]}",
               .detections = {{"A", JANE, RJ_DETECTED_ABSENT, NULL, NULL},
                              {"B", M, RJ_DETECTED_ABSENT, NULL, NULL}},
               .sessions = {JANE}};
    assert_order(&s, "B A");
}

static void a_user_may_remove_their_own_optional_package(void **state)
{
    (void)state;
    scene s = {.jane = "{\"ID\":\"a\",\"Scope\":\"user\"}",
               .detections = {{"a", JANE, RJ_DETECTED_PRESENT, "1", NULL}},
               .sessions = {JANE},
               ASKS(UNINSTALL)};
    assert_item(&s, "a", JANE, RJ_VERDICT_UNINSTALL, "removal-asked", NULL);
    s.jane = "{\"ID\":\"a\",\"Scope\":\"user\",\"Mandatory\":true}";
    assert_item(&s, "a", JANE, RJ_VERDICT_REFUSED, "mandatory", NULL);
}

static void a_user_cannot_reach_what_is_assigned_to_another(void **state)
{
    (void)state;
    scene s = {.jane = "{\"ID\":\"a\"}",
               GONE("a"),
               .trigger = {RJ_TRIGGER_INSTALL, "a", KARL, false, false, NULL}};
    outcome out = play(&s);
    assert_int_equal(out.plan->item_count, 1);
    assert_null(out.plan->items[0].assignment);
    assert_int_equal(out.plan->items[0].verdict, RJ_VERDICT_REFUSED);
    assert_string_equal(last_reason(&out.plan->items[0])->code, "not-assigned");
    end(&out);
    s.trigger.admin = true;
    assert_item(&s, "a", M, RJ_VERDICT_INSTALL, "not-installed", NULL);
}

static void of_two_users_entries_for_the_machine_the_one_that_asks_for_more_counts(void **state)
{
    (void)state;
    static const char jane[] = "{\"SoftwarePackages\":[{\"ID\":\"a\",\"Version\":\"3\"}]}";
    static const char karl[] =
        "{\"SoftwarePackages\":[{\"ID\":\"a\",\"Version\":\"2\",\"Mandatory\":true}]}";
    const rj_policy_source documents[] = {{"jane", jane, sizeof(jane) - 1, JANE},
                                          {"karl", karl, sizeof(karl) - 1, KARL}};
    const rj_detection absent = {"a", M, RJ_DETECTED_ABSENT, NULL, NULL};
    rj_policy *policy;
    rj_plan *plan;
    assert_int_equal(rj_policy_parse(documents, 2, &policy, NULL), RJ_OK);
    rj_plan_input input = {.policy = policy, .detections = &absent, .detection_count = 1};
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_OK);
    assert_int_equal(plan->item_count, 1);
    assert_string_equal(plan->items[0].assignment->version, "2");
    rj_plan_free(plan);

    input.trigger = (rj_trigger){RJ_TRIGGER_INSTALL, "a", JANE, false, false, NULL};
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_OK);
    assert_string_equal(plan->items[0].assignment->version, "3");
    rj_plan_free(plan);

    char text[200] = "";
    input.trigger =
        (rj_trigger){RJ_TRIGGER_INSTALL, "a", JANE, false, false, "adm (administrator)"};
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_OK);
    for (size_t i = 0; i < plan->items[0].reason_count; i++)
        if (strcmp(plan->items[0].reasons[i].code, "asked-install") == 0)
            rj_reason_text(&plan->items[0].reasons[i], text, sizeof text);
    assert_string_equal(text, "adm (administrator) asked to install it");
    rj_plan_free(plan);
    rj_policy_free(policy);
}

static void an_empty_policy_makes_an_empty_plan(void **state)
{
    (void)state;
    outcome out = play(&(scene){0});
    assert_int_equal(out.plan->item_count, 0);
    assert_null(rj_plan_find(out.plan, "a", M));
    end(&out);
}

static void a_request_without_an_id_is_invalid(void **state)
{
    (void)state;
    rj_policy policy = {0};
    rj_plan *plan = NULL;
    rj_error err = RJ_ERROR_NONE;
    rj_plan_input input = {.policy = &policy, .trigger = {.kind = RJ_TRIGGER_INSTALL}};
    assert_int_equal(rj_plan_make(&input, &plan, &err), RJ_E_INVALID);
    assert_null(plan);
    assert_true(err.text[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dependencies_come_first_whatever_their_order),
        cmocka_unit_test(order_counts_inside_a_stage_with_0_last_and_then_the_id),
        cmocka_unit_test(removal_runs_from_dependants_to_dependencies_and_before_installation),
        cmocka_unit_test(what_is_installed_pulls_in_hidden_dependencies),
        cmocka_unit_test(a_missing_dependency_of_what_is_required_and_there_is_installed),
        cmocka_unit_test(what_needs_something_held_is_held_and_names_it),
        cmocka_unit_test(what_the_policy_removes_cannot_be_a_dependency),
        cmocka_unit_test(nothing_is_removed_from_under_what_needs_it),
        cmocka_unit_test(a_gate_on_a_required_package_also_stops_what_it_pulls_in),
        cmocka_unit_test(a_request_plans_its_package_and_what_that_needs_and_no_more),
        cmocka_unit_test(upgrading_all_takes_what_the_person_sees_whatever_auto_upgrade_says),
        cmocka_unit_test(a_users_package_waits_for_the_users_session),
        cmocka_unit_test(a_users_package_is_never_planned_for_root),
        cmocka_unit_test(a_users_package_of_the_device_is_planned_for_each_user),
        cmocka_unit_test(a_users_part_comes_after_the_machines_part_it_needs),
        cmocka_unit_test(a_user_may_remove_their_own_optional_package),
        cmocka_unit_test(a_user_cannot_reach_what_is_assigned_to_another),
        cmocka_unit_test(of_two_users_entries_for_the_machine_the_one_that_asks_for_more_counts),
        cmocka_unit_test(an_empty_policy_makes_an_empty_plan),
        cmocka_unit_test(a_request_without_an_id_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
