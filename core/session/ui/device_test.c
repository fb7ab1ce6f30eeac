/* SPDX-License-Identifier: MIT */
/* What is gathered when, with a system and a directory of the test's own. */
#include "session/ui/device.h"

#include "session/ui/device_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

static rj_loop *loop;
static unsigned gathered, changes;
static bool is_known; /* without the directory */
static uv_sem_t may_answer, has_answered;

json_t *rj_ui_device_gather(const char *root)
{
    assert_string_equal(root, "R");
    json_t *device = json_pack("{s:s, s:[i]}", "user", "alice", "addresses", ++gathered);
    if (is_known)
        json_object_set_new(device, "owner", json_true());
    return device;
}

static json_t *ask_directory(const char *root)
{
    (void)root;
    uv_sem_wait(&may_answer);
    json_t *answer = json_pack("{s:s, s:b}", "user", "alice@contoso.example", "owner", 1);
    uv_sem_post(&has_answered);
    return answer;
}

json_t *(*const rj_ui_device_ask_directory)(const char *root) = ask_directory;

static void on_changed(void *data)
{
    (void)data;
    changes++;
    rj_loop_stop(loop);
}

static int set_up(void **state)
{
    (void)state;
    gathered = changes = 0;
    is_known = false;
    assert_int_equal(uv_sem_init(&may_answer, 0), 0);
    assert_int_equal(uv_sem_init(&has_answered, 0), 0);
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rj_loop_free(loop);
    uv_sem_destroy(&may_answer);
    uv_sem_destroy(&has_answered);
    return 0;
}

static const char *user_of(rj_ui_device *device)
{
    return json_string_value(json_object_get(rj_ui_device_look(device, 0), "user"));
}

static void what_the_device_knows_is_gathered_again_after_half_a_minute_or_when_wanted(void **state)
{
    (void)state;
    is_known = true;
    rj_ui_device *device = rj_ui_device_new(loop, "R", on_changed, NULL);
    for (uint64_t now = 7000; now < 37000; now += 1000)
        rj_ui_device_look(device, now);
    assert_int_equal(gathered, 1);
    const json_t *facts = rj_ui_device_look(device, 37000);
    assert_int_equal(gathered, 2);
    rj_ui_device_refresh(device);
    facts = rj_ui_device_look(device, 37001);
    rj_ui_device_look(device, 37002);
    assert_int_equal(gathered, 3);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(facts, "addresses"), 0)), 3);
    rj_ui_device_free(device); /* the directory was not asked, or this would wait for it */
}

static void a_directory_that_is_slow_holds_nobody_up_and_is_told_of_when_it_answers(void **state)
{
    (void)state;
    rj_ui_device *device = rj_ui_device_new(loop, "R", on_changed, NULL);
    assert_string_equal(user_of(device), "alice");
    uv_sem_post(&may_answer);
    while (!changes)
        rj_loop_run(loop);
    assert_string_equal(user_of(device), "alice@contoso.example");
    assert_true(json_is_true(json_object_get(rj_ui_device_look(device, 0), "owner")));
    rj_ui_device_look(device, 60000); /* gathered anew, and it is still known */
    assert_int_equal(gathered, 2);
    assert_string_equal(user_of(device), "alice@contoso.example");
    rj_ui_device_free(device);
}

static void a_directory_that_never_answers_is_left_behind(void **state)
{
    (void)state;
    rj_ui_device *device = rj_ui_device_new(loop, "R", on_changed, NULL);
    rj_ui_device_wait(device, 1);
    assert_string_equal(user_of(device), "alice");
    rj_ui_device_free(device);
    rj_loop_turn(loop, 0);
    uv_sem_post(&may_answer); /* only now, so that the thread ends before this test */
    uv_sem_wait(&has_answered);
    rj_loop_turn(loop, 0);
    assert_int_equal(changes, 0);
}

static void who_asks_once_waits_for_the_directory_for_a_while(void **state)
{
    (void)state;
    rj_ui_device *device = rj_ui_device_new(loop, "R", NULL, NULL);
    uv_sem_post(&may_answer);
    rj_ui_device_wait(device, 60000);
    assert_string_equal(user_of(device), "alice@contoso.example");
    rj_ui_device_free(device); /* the answer is still on its way to the loop */
    rj_loop_turn(loop, 0);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_device_knows_is_gathered_again_after_half_a_minute_or_when_wanted),
        TEST(a_directory_that_is_slow_holds_nobody_up_and_is_told_of_when_it_answers),
        TEST(a_directory_that_never_answers_is_left_behind),
        TEST(who_asks_once_waits_for_the_directory_for_a_while),
    };
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
