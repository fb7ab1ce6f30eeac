/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

static void failing_sets_the_text_and_returns_the_status(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_fail(&err, RJ_E_BUSY, "%s is %d", "x", 7), RJ_E_BUSY);
    assert_string_equal(err.text, "x is 7");
}

static void a_prefix_goes_in_front_of_the_text(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    rj_fail(&err, RJ_E_BUSY, "inner");
    assert_int_equal(rj_fail_prefix(&err, RJ_E_BUSY, "outer %d", 1), RJ_E_BUSY);
    assert_string_equal(err.text, "outer 1: inner");
}

static void a_text_may_be_made_from_itself(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    rj_fail(&err, RJ_E_IO, "inner");
    rj_fail(&err, RJ_E_IO, "around %s here", err.text);
    assert_string_equal(err.text, "around inner here");
}

static void an_errno_value_brings_its_meaning_and_status(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_fail_errno(&err, ENOENT, "open %s", "/x"), RJ_E_NOT_FOUND);
    assert_string_equal(err.text, "open /x: No such file or directory");
    assert_int_equal(rj_status_of_errno(EACCES), RJ_E_DENIED);
    assert_int_equal(rj_status_of_errno(ENOSPC), RJ_E_IO);
}

static void a_cut_text_stays_valid_utf8(void **state)
{
    (void)state;
    char many[3000];
    for (size_t i = 0; i + 3 < sizeof many; i += 3)
        memcpy(many + i, "\xe2\x82\xac", 3);
    many[2997] = '\0';
    rj_error err = RJ_ERROR_NONE;
    rj_fail(&err, RJ_E_IO, "%s", many);
    assert_true(rj_utf8_valid(err.text, strlen(err.text)));
    assert_in_range(strlen(err.text), RJ_ERROR_TEXT - 4, RJ_ERROR_TEXT - 1);
}

static void broken_bytes_in_a_text_become_question_marks(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    rj_fail(&err, RJ_E_IO, "a%sb", "\xff\xc3");
    assert_string_equal(err.text, "a??b");
}

static void nobody_has_to_read_the_text(void **state)
{
    (void)state;
    assert_int_equal(rj_fail(NULL, RJ_E_IO, "x"), RJ_E_IO);
    assert_int_equal(rj_fail_prefix(NULL, RJ_E_IO, "x"), RJ_E_IO);
    assert_int_equal(rj_fail_errno(NULL, EIO, "x"), RJ_E_IO);
}

static void every_status_has_a_name_and_others_have_none(void **state)
{
    (void)state;
    assert_string_equal(rj_status_name(RJ_OK), "ok");
    assert_string_equal(rj_status_name(RJ_E_NOT_STARTED), "not-started");
    assert_string_equal(rj_status_name(RJ_E_EXISTS), "exists");
    assert_string_equal(rj_status_name(-16), "unknown-status");
    assert_string_equal(rj_status_name(1), "unknown-status");
    assert_string_equal(rj_status_name(INT32_MIN), "unknown-status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_sets_the_text_and_returns_the_status),
        cmocka_unit_test(a_prefix_goes_in_front_of_the_text),
        cmocka_unit_test(a_text_may_be_made_from_itself),
        cmocka_unit_test(an_errno_value_brings_its_meaning_and_status),
        cmocka_unit_test(a_cut_text_stays_valid_utf8),
        cmocka_unit_test(broken_bytes_in_a_text_become_question_marks),
        cmocka_unit_test(nobody_has_to_read_the_text),
        cmocka_unit_test(every_status_has_a_name_and_others_have_none),
    };
    return cmocka_run_group_tests_name("base_status", tests, NULL, NULL);
}
