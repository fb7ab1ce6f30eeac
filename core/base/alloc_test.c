/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"

#include <string.h>

static void the_nth_allocation_and_all_after_it_fail(void **state)
{
    (void)state;
    rj_alloc_fail_from(2);
    char *first = rj_malloc(1);
    char *second = rj_malloc(1);
    char *third = rj_strdup("x");
    rj_alloc_fail_from(0);
    char *fourth = rj_malloc(1);
    assert_non_null(first);
    assert_null(second);
    assert_null(third);
    assert_non_null(fourth);
    rj_free(first);
    rj_free(fourth);
}

static void allocations_since_the_last_call_are_counted(void **state)
{
    (void)state;
    rj_alloc_fail_from(0);
    rj_free(rj_malloc(1));
    rj_free(rj_calloc(1, 1));
    rj_free(rj_strdup("x"));
    assert_int_equal(rj_alloc_fail_from(0), 3);
    assert_int_equal(rj_alloc_fail_from(0), 0);
}

static void a_failed_realloc_leaves_the_memory_alone(void **state)
{
    (void)state;
    char *memory = rj_strdup("kept");
    rj_alloc_fail_from(1);
    assert_null(rj_realloc(memory, 1000));
    rj_alloc_fail_from(0);
    assert_string_equal(memory, "kept");
    rj_free(memory);
}

static void products_that_overflow_give_nothing(void **state)
{
    (void)state;
    volatile size_t huge = SIZE_MAX / 2;
    assert_null(rj_calloc(huge, 3));
    assert_null(rj_realloc_array(NULL, huge, 3));
}

static void strndup_ends_its_copy(void **state)
{
    (void)state;
    char *copy = rj_strndup("abcdef", 3);
    assert_string_equal(copy, "abc");
    rj_free(copy);
    assert_null(rj_strdup(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_allocation_and_all_after_it_fail),
        cmocka_unit_test(allocations_since_the_last_call_are_counted),
        cmocka_unit_test(a_failed_realloc_leaves_the_memory_alone),
        cmocka_unit_test(products_that_overflow_give_nothing),
        cmocka_unit_test(strndup_ends_its_copy),
    };
    return cmocka_run_group_tests_name("base_alloc", tests, NULL, NULL);
}
