/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

static void text_grows_and_is_handed_over(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    for (int i = 0; i < 500; i++)
        rj_text_addf(&text, "%d,", i % 10);
    char *taken = rj_text_take(&text);
    assert_int_equal(strlen(taken), 1000);
    assert_memory_equal(taken + 996, "8,9,", 4);
    assert_null(text.bytes);
    rj_free(taken);
}

static void nothing_appended_is_an_empty_string(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    char *taken = rj_text_take(&text);
    assert_string_equal(taken, "");
    rj_free(taken);
}

static void the_first_failure_sticks(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, "abc");
    rj_alloc_fail_from(1);
    char big[300];
    memset(big, 'x', sizeof big);
    rj_text_append(&text, big, sizeof big);
    rj_alloc_fail_from(0);
    rj_text_add(&text, "d");
    assert_true(rj_text_failed(&text));
    assert_null(rj_text_take(&text));
}

static void long_formatted_text_is_complete(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_addf(&text, "<%1000d>", 7);
    assert_int_equal(text.length, 1002);
    assert_string_equal(text.bytes + 1000, "7>");
    rj_text_free(&text);
}

static void only_well_formed_utf8_is_valid(void **state)
{
    (void)state;
    assert_true(rj_utf8_valid("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10));
    static const char *const broken[] = {"\x80",
                                         "\xc3",
                                         "\xc0\xaf",
                                         "\xe0\x80\xaf",
                                         "\xed\xa0\x80",
                                         "\xf4\x90\x80\x80",
                                         "\xf5\x80\x80\x80",
                                         "\xff",
                                         "\xe2\x82"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_false(rj_utf8_valid(broken[i], strlen(broken[i])));
}

static void control_characters_become_visible_in_a_line(void **state)
{
    (void)state;
    char line[64];
    rj_text_to_line(line, sizeof line, "a\nb\tc\x1b[0m\0d\xff\xc2\x9b", 14);
    assert_string_equal(line, "a\\nb\\tc\\x1b[0m\\x00d\xef\xbf\xbd\\x9b");
}

static void a_line_is_cut_at_a_character_and_says_so(void **state)
{
    (void)state;
    char line[8];
    assert_int_equal(rj_text_to_line(line, sizeof line, "abcdefg", 7), 7);
    assert_string_equal(line, "abcdefg");
    rj_text_to_line(line, sizeof line, "abcdefgh", 8);
    assert_string_equal(line, "abcd...");
    rj_text_to_line(line, sizeof line, "abc\xe2\x82\xac\xe2\x82\xac", 9);
    assert_string_equal(line, "abc...");
    char tiny[3];
    assert_int_equal(rj_text_to_line(tiny, sizeof tiny, "abcd", 4), 2);
}

static void ascii_letters_compare_without_case(void **state)
{
    (void)state;
    assert_int_equal(rj_ascii_casecmp("DependsOn", "dependson"), 0);
    assert_true(rj_ascii_casecmp("a", "B") < 0);
    assert_true(rj_ascii_casecmp("ab", "a") > 0);
    assert_true(rj_ascii_casecmp("\xc3\x84", "\xc3\xa4") != 0);
}

static void arguments_split_at_blanks_outside_quotes(void **state)
{
    (void)state;
    char **list = NULL;
    size_t count = 0;
    bool unclosed = true;
    assert_true(rj_text_split_arguments("  /a \"/Name:A B\" x\"y z\"w \"\" \"q\\\"q\" c:\\d ",
                                        &list, &count, &unclosed));
    assert_false(unclosed);
    assert_int_equal(count, 6);
    assert_string_equal(list[0], "/a");
    assert_string_equal(list[1], "/Name:A B");
    assert_string_equal(list[2], "xy zw");
    assert_string_equal(list[3], "");
    assert_string_equal(list[4], "q\"q");
    assert_string_equal(list[5], "c:\\d");
    assert_null(list[6]);
    rj_free(list);
    assert_true(rj_text_split_arguments("", &list, &count, &unclosed));
    assert_int_equal(count, 0);
    assert_null(list[0]);
    rj_free(list);
}

static void many_one_letter_arguments_fit(void **state)
{
    (void)state;
    char **list = NULL;
    size_t count = 0;
    bool unclosed;
    assert_true(rj_text_split_arguments("a b c d e f g \"\" \"\" \"\"", &list, &count, &unclosed));
    assert_int_equal(count, 10);
    assert_string_equal(list[9], "");
    rj_free(list);
}

static void an_unclosed_quote_is_told_from_lack_of_memory(void **state)
{
    (void)state;
    char **list = NULL;
    size_t count = 0;
    bool unclosed = false;
    assert_false(rj_text_split_arguments("a \"b", &list, &count, &unclosed));
    assert_true(unclosed);
    rj_alloc_fail_from(1);
    assert_false(rj_text_split_arguments("a b", &list, &count, &unclosed));
    rj_alloc_fail_from(0);
    assert_false(unclosed);
    assert_null(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_and_is_handed_over),
        cmocka_unit_test(nothing_appended_is_an_empty_string),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(long_formatted_text_is_complete),
        cmocka_unit_test(only_well_formed_utf8_is_valid),
        cmocka_unit_test(control_characters_become_visible_in_a_line),
        cmocka_unit_test(a_line_is_cut_at_a_character_and_says_so),
        cmocka_unit_test(ascii_letters_compare_without_case),
        cmocka_unit_test(arguments_split_at_blanks_outside_quotes),
        cmocka_unit_test(many_one_letter_arguments_fit),
        cmocka_unit_test(an_unclosed_quote_is_told_from_lack_of_memory),
    };
    return cmocka_run_group_tests_name("base_text", tests, NULL, NULL);
}
