/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options.h"

#include <string.h>

#define READ(OPTIONS, ERR, ...)                                                                    \
    rj_options_read((int)(sizeof((const char *[]){"rj-validate", __VA_ARGS__}) / sizeof(char *)),  \
                    (const char *[]){"rj-validate", __VA_ARGS__}, OPTIONS, ERR)

static void options_and_folder_may_stand_in_any_order(void **state)
{
    rj_options o;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(
        READ(&o, &err, "--json", "/p", "--only", "load", "--only", "ids", "--seed", "7"), RJ_OK);
    assert_string_equal(o.folder, "/p");
    assert_true(o.json && o.in_process && o.in_worker && !o.placement_given);
    assert_int_equal(o.only_count, 2);
    assert_int_equal(o.seed, 7);
    assert_int_equal(o.rounds, 1000);
}

static void a_placement_is_one_or_both(void **state)
{
    rj_options o;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(READ(&o, &err, "--placement", "worker", "/p"), RJ_OK);
    assert_true(o.in_worker && !o.in_process && o.placement == RJ_PLACED_IN_WORKER);
    assert_int_equal(READ(&o, &err, "--placement", "in-process", "/p"), RJ_OK);
    assert_true(!o.in_worker && o.in_process && o.placement == RJ_PLACED_IN_PROCESS);
    assert_int_equal(READ(&o, &err, "--placement", "both", "/p"), RJ_OK);
    assert_true(o.in_worker && o.in_process);
}

static void wrong_usage_is_refused_with_the_option_s_name(void **state)
{
    rj_options o;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(READ(&o, &err, "--rounds", "9", "/p"), RJ_E_INVALID);
    assert_non_null(strstr(err.text, "--rounds \"9\": a number from 10"));
    assert_int_equal(READ(&o, &err, "--rounds", "100x", "/p"), RJ_E_INVALID);
    assert_int_equal(READ(&o, &err, "--rounds", "99999999999999999999", "/p"), RJ_E_INVALID);
    assert_int_equal(READ(&o, &err, "/p", "--seed"), RJ_E_INVALID);
    assert_non_null(strstr(err.text, "--seed"));
    assert_int_equal(READ(&o, &err, "/p", "--wrong", "x"), RJ_E_INVALID);
    assert_non_null(strstr(err.text, "--wrong"));
    assert_int_equal(READ(&o, &err, "/p", "/q"), RJ_E_INVALID);
    assert_int_equal(READ(&o, &err, "--json"), RJ_E_INVALID);
    assert_int_equal(READ(&o, &err, "--help"), RJ_OK);
}

static void the_process_of_a_test_gets_the_same_options(void **state)
{
    rj_options given;
    rj_options read;
    rj_argument_list list;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(READ(&given, &err, "--deadline-ms", "77", "--settings", "/s", "/p"), RJ_OK);
    given.run = "ids";
    given.base = "/b";
    given.placement = RJ_PLACED_IN_WORKER;
    rj_options_write(&given, &list);
    assert_null(list.arguments[list.count]);
    assert_int_equal(rj_options_read((int)list.count, list.arguments, &read, &err), RJ_OK);
    assert_string_equal(read.run, "ids");
    assert_string_equal(read.base, "/b");
    assert_string_equal(read.folder, "/p");
    assert_string_equal(read.settings_file, "/s");
    assert_null(read.request_file);
    assert_int_equal(read.placement, RJ_PLACED_IN_WORKER);
    assert_int_equal(read.deadline_ms, 77);
    assert_int_equal(read.seed, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_folder_may_stand_in_any_order),
        cmocka_unit_test(a_placement_is_one_or_both),
        cmocka_unit_test(wrong_usage_is_refused_with_the_option_s_name),
        cmocka_unit_test(the_process_of_a_test_gets_the_same_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
