/* SPDX-License-Identifier: MIT */
/* Places in the details of a job while these grow. */
#include "details_change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect(const wchar_t *shown, const wchar_t *text, size_t dropped, size_t kept)
{
    details_change change = details_compare(shown, text);
    assert_int_equal(change.dropped, dropped);
    assert_int_equal(change.kept, kept);
}

static void a_text_that_grew_is_kept_whole(void **state)
{
    (void)state;
    expect(L"", L"one\r\n", 0, 0);
    expect(L"one\r\n", L"one\r\n", 0, 5);
    expect(L"one\r\n", L"one\r\ntwo\r\n", 0, 5);
}

static void a_text_that_lost_its_beginning_is_found_again(void **state)
{
    (void)state;
    expect(L"one\r\ntwo\r\nthree\r\n", L"two\r\nthree\r\nfour\r\n", 5, 12);
    expect(L"a\r\na\r\nb\r\n", L"a\r\nb\r\nc\r\n", 3, 6);
    expect(L"xabab", L"ababc", 1, 4);
}

static void of_another_text_the_equal_beginning_is_kept(void **state)
{
    (void)state;
    expect(L"one\r\ntwo\r\n", L"one\r\n2\r\n", 0, 5);
    expect(L"abc", L"xyz", 0, 0);
    expect(L"abc", L"", 0, 0);
    expect(L"abc", L"ab", 0, 2);
    expect(L"a\r\na\r\na\r\n", L"a\r\na\r\nb\r\n", 0, 6);
}

static void a_place_moves_with_its_text_or_to_the_nearest_that_is_left(void **state)
{
    (void)state;
    const details_change change = {5, 12};
    assert_int_equal(details_moved(&change, 3), 0);
    assert_int_equal(details_moved(&change, 5), 0);
    assert_int_equal(details_moved(&change, 9), 4);
    assert_int_equal(details_moved(&change, 17), 12);
    assert_int_equal(details_moved(&change, 40), 12);
}

static void a_text_that_repeats_itself_takes_no_longer(void **state)
{
    (void)state;
    enum { LENGTH = 600000 };
    wchar_t *shown = calloc(LENGTH + 1, sizeof *shown), *text = calloc(LENGTH + 1, sizeof *text);
    assert_true(shown && text);
    for (size_t i = 0; i < LENGTH; i++)
        shown[i] = text[i] = i % 2 ? L'\n' : L'a';
    shown[LENGTH - 1] = L'b';
    details_change change = details_compare(shown, text); /* trying each line: 10^11 steps */
    assert_int_equal(change.kept, LENGTH - 1);
    text[0] = L'c';
    change = details_compare(shown, text);
    assert_int_equal(change.kept, 0);
    free(shown);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_grew_is_kept_whole),
        cmocka_unit_test(a_text_that_lost_its_beginning_is_found_again),
        cmocka_unit_test(of_another_text_the_equal_beginning_is_kept),
        cmocka_unit_test(a_place_moves_with_its_text_or_to_the_nearest_that_is_left),
        cmocka_unit_test(a_text_that_repeats_itself_takes_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
