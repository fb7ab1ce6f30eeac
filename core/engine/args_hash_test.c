/* SPDX-License-Identifier: MIT */
#include "engine/args_hash.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_same(const char *a, const char *b, int same)
{
    char x[65], y[65];
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_args_hash(a, x, &err), RJ_OK);
    assert_int_equal(rj_args_hash(b, y, &err), RJ_OK);
    if (same)
        assert_string_equal(x, y);
    else
        assert_string_not_equal(x, y);
}

static void no_arguments_have_no_hash(void **state)
{
    (void)state;
    char hex[65] = "x";
    const char *const nothing[] = {NULL, "", " ", " \t\r\n "};
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        hex[0] = 'x';
        assert_int_equal(rj_args_hash(nothing[i], hex, NULL), RJ_OK);
        assert_string_equal(hex, "");
    }
}

static void the_hash_is_the_sha256_of_the_canonical_text(void **state)
{
    (void)state;
    char hex[65];
    assert_int_equal(rj_args_hash("abc", hex, NULL), RJ_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void blanks_outside_quotes_do_not_count(void **state)
{
    (void)state;
    assert_same("/A:1 /B:2", "  /A:1 \t  /B:2\n", 1);
    assert_same("/A:1 /B:2", "/A:1/B:2", 0);
}

static void blanks_inside_quotes_count(void **state)
{
    (void)state;
    assert_same("/A:\"x y\"", "/A:\"x  y\"", 0);
    assert_same("\"a \\\" b\"  c", "\"a \\\" b\" c", 1);
    assert_same("\"a \\\"  b\"", "\"a \\\" b\"", 0);
}

static void case_and_order_count(void **state)
{
    (void)state;
    assert_same("/A /B", "/a /B", 0);
    assert_same("/A /B", "/B /A", 0);
}

static void running_out_of_memory_is_reported(void **state)
{
    (void)state;
    char hex[65] = "kept";
    rj_error err = RJ_ERROR_NONE;
    rj_alloc_fail_from(1);
    rj_status status = rj_args_hash("abc", hex, &err);
    rj_alloc_fail_from(0);
    assert_int_equal(status, RJ_E_NO_MEMORY);
    assert_string_equal(hex, "kept");
    assert_true(err.text[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_arguments_have_no_hash),
        cmocka_unit_test(the_hash_is_the_sha256_of_the_canonical_text),
        cmocka_unit_test(blanks_outside_quotes_do_not_count),
        cmocka_unit_test(blanks_inside_quotes_count),
        cmocka_unit_test(case_and_order_count),
        cmocka_unit_test(running_out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
