/* SPDX-License-Identifier: MIT */
#include "session/ui/choices.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static rj_loop *loop;
static rj_ui_choices *choices;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
    choices = rj_ui_choices_new(loop);
    assert_non_null(choices);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rj_ui_choices_free(choices);
    rj_loop_free(loop);
    return 0;
}

static void offer(int64_t revision, const char *action)
{
    json_t *model = json_pack("{s:[{s:s, s:s}]}", "menu", "kind", "item", "action", action);
    assert_non_null(model);
    rj_ui_choices_offer(choices, model, revision);
}

static void expect_next(const char *action)
{
    char *next = rj_ui_choices_next(choices);
    if (action)
        assert_string_equal(next, action);
    else
        assert_null(next);
    rj_free(next);
}

static void what_a_shown_model_offers_ends_the_turn_and_comes_in_order(void **state)
{
    (void)state;
    offer(1, "sync");
    offer(2, "exit");
    assert_int_equal(rj_ui_choices_choose(choices, 2, "exit"), RJ_OK);
    assert_int_equal(rj_ui_choices_choose(choices, 1, "sync"), RJ_OK);
    rj_loop_run(loop); /* returns, since something was chosen */
    expect_next("exit");
    expect_next("sync");
    expect_next(NULL);
}

static void what_the_view_may_send_by_itself_is_in_the_model_too(void **state)
{
    (void)state;
    rj_ui_choices_offer(choices, json_pack("{s:s, s:s}", "keys", "debug:on", "menu-closed", "x"),
                        1);
    rj_ui_choices_offer(choices, json_pack("{s:s}", "keys", "other"), 2);
    assert_int_equal(rj_ui_choices_choose(choices, 1, "debug:on"), RJ_OK);
    assert_int_equal(rj_ui_choices_choose(choices, 1, "x"), RJ_OK);
    assert_int_equal(rj_ui_choices_choose(choices, 2, "debug:on"), RJ_E_NOT_FOUND);
    rj_loop_run(loop);
    expect_next("debug:on");
    expect_next("x");
}

static void links_that_are_too_many_are_told_to_be_dropped(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_true(rj_ui_choices_add(choices, rj_strdup("link:realmjoin:sync:")));
    assert_false(rj_ui_choices_add(choices, rj_strdup("link:realmjoin:sync:")));
    rj_loop_run(loop);
    for (int i = 0; i < 8; i++)
        expect_next("link:realmjoin:sync:");
    expect_next(NULL);
}

static void what_no_kept_model_offers_is_refused(void **state)
{
    (void)state;
    offer(1, "sync");
    assert_int_equal(rj_ui_choices_choose(choices, 1, "exit"), RJ_E_NOT_FOUND);
    assert_int_equal(rj_ui_choices_choose(choices, 0, "sync"), RJ_E_NOT_FOUND);
    assert_int_equal(rj_ui_choices_choose(choices, -7, "sync"), RJ_E_NOT_FOUND);
    assert_int_equal(rj_ui_choices_choose(choices, 9, "sync"), RJ_E_NOT_FOUND);
    for (int64_t revision = 2; revision <= 9; revision++)
        offer(revision, "sync");
    assert_int_equal(rj_ui_choices_choose(choices, 1, "sync"), RJ_E_NOT_FOUND);
    expect_next(NULL);
}

static void more_than_anybody_can_choose_is_refused(void **state)
{
    (void)state;
    offer(1, "sync");
    for (int i = 0; i < 8; i++)
        assert_int_equal(rj_ui_choices_choose(choices, 1, "sync"), RJ_OK);
    assert_int_equal(rj_ui_choices_choose(choices, 1, "sync"), RJ_E_BUSY);
    rj_ui_choices_add(choices, rj_strdup("link:dropped"));
    rj_loop_run(loop);
    expect_next("sync");
    rj_ui_choices_add(choices, rj_strdup("link:kept"));
    rj_loop_run(loop);
    for (int i = 0; i < 7; i++)
        expect_next("sync");
    expect_next("link:kept");
    expect_next(NULL);
}

static void the_last_choice_may_come_when_all_has_ended(void **state)
{
    (void)state;
    assert_true(rj_ui_choices_add(choices, rj_strdup("link:dropped")));
    rj_ui_choices_free(choices);
    rj_loop_turn(loop, 0); /* nobody is waked, and nothing that was freed is used */
    choices = rj_ui_choices_new(loop);
    assert_non_null(choices);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_a_shown_model_offers_ends_the_turn_and_comes_in_order),
        TEST(what_no_kept_model_offers_is_refused),
        TEST(what_the_view_may_send_by_itself_is_in_the_model_too),
        TEST(links_that_are_too_many_are_told_to_be_dropped),
        TEST(more_than_anybody_can_choose_is_refused),
        TEST(the_last_choice_may_come_when_all_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
