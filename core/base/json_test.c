/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const rj_json_limits plain = {.max_bytes = 1 << 20, .max_depth = 32};
static const rj_json_limits folding = {.max_bytes = 1 << 20, .max_depth = 32, .fold_keys = true};

static void assert_refused_n(const char *text, size_t length, const rj_json_limits *limits,
                             rj_status expected, const char *message)
{
    rj_error err = RJ_ERROR_NONE;
    json_t *value = NULL;
    assert_int_equal(rj_json_parse("policy", text, length, limits, &value, &err), expected);
    assert_null(value);
    assert_string_equal(err.text, message);
}

static void assert_refused(const char *text, const char *message)
{
    assert_refused_n(text, strlen(text), &plain, RJ_E_INVALID, message);
}

static json_t *parse(const char *text, const rj_json_limits *limits)
{
    rj_error err = RJ_ERROR_NONE;
    json_t *value = NULL;
    assert_int_equal(rj_json_parse("x", text, strlen(text), limits, &value, &err), RJ_OK);
    return value;
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    json_t *value =
        parse(" {\"a\": [1, -2.5e3, true, false, null, \"\\u00e4\\ud83d\\ude00\\n\"], \"b\": {}} ",
              &plain);
    const json_t *list = json_object_get(value, "a");
    assert_int_equal(json_array_size(list), 6);
    assert_int_equal(json_integer_value(json_array_get(list, 0)), 1);
    assert_true(json_real_value(json_array_get(list, 1)) == -2500.0);
    assert_string_equal(json_string_value(json_array_get(list, 5)), "\xc3\xa4\xf0\x9f\x98\x80\n");
    json_decref(value);
    value = parse("[9223372036854775807, -9223372036854775808]", &plain);
    assert_true(json_integer_value(json_array_get(value, 0)) == INT64_MAX);
    assert_true(json_integer_value(json_array_get(value, 1)) == INT64_MIN);
    json_decref(value);
    value = parse("\"alone\"", &plain);
    json_decref(value);
}

static void a_fault_names_line_column_and_pointer(void **state)
{
    (void)state;
    assert_refused("{\"a\": 1,\n \"b\": [0, {\"c/d\": x}]}",
                   "policy: line 2, column 19: 'x' found where a value is expected, at /b/1/c~1d");
    assert_refused("{\"\xc3\xa4\": ?}", "policy: line 1, column 7: '?' found where a value is "
                                        "expected, at /\xc3\xa4");
}

static void truncated_text_says_what_is_missing(void **state)
{
    (void)state;
    assert_refused("", "policy: line 1, column 1: the text ends where a value is expected");
    assert_refused("{\"a\": [1,", "policy: line 1, column 10: the text ends where a value is "
                                  "expected, at /a/1");
    assert_refused("{\"a\"",
                   "policy: line 1, column 5: the text ends where ':' is expected, at /a");
    assert_refused("[\"abc", "policy: line 1, column 2: a string that does not end, at /0");
}

static void every_prefix_of_a_document_is_refused(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,2.5,\"x\\u00e4\",{\"b\":null}],\"c\":true}";
    for (size_t length = 0; length < strlen(text); length++) {
        json_t *value = NULL;
        assert_int_equal(rj_json_parse("x", text, length, &plain, &value, NULL), RJ_E_INVALID);
    }
}

static void a_second_equal_key_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"a\": 1, \"b\": 2, \"a\": 3}",
                   "policy: line 1, column 18: a key that is there already, at /a");
    assert_refused("[{\"k\": {\"x\": 1, \"\\u0078\": 2}}]",
                   "policy: line 1, column 17: a key that is there already, at /0/k/x");
}

static void keys_equal_but_for_case_are_refused_when_folding(void **state)
{
    (void)state;
    const char *text = "{\"Args\": 1, \"other\": 2, \"args\": 3}";
    json_decref(parse(text, &plain));
    assert_refused_n(text, strlen(text), &folding, RJ_E_INVALID,
                     "policy: line 1, column 25: a key that is there already (upper and lower case "
                     "are the same), at /args");
}

static void the_same_key_in_different_objects_is_fine(void **state)
{
    (void)state;
    json_decref(parse("{\"a\": {\"a\": {\"a\": 1}}, \"b\": [{\"a\": 1}, {\"a\": 2}]}", &folding));
}

static void one_duplicate_among_many_keys_is_found(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, "{");
    for (int i = 0; i < 5000; i++)
        rj_text_addf(&text, "\"key%d\":0,", i * 7919 % 5000);
    rj_text_add(&text, "\"KEY4321\":1}");
    rj_json_limits limits = folding;
    rj_error err = RJ_ERROR_NONE;
    json_t *value = NULL;
    assert_int_equal(rj_json_parse("x", text.bytes, text.length, &limits, &value, &err),
                     RJ_E_INVALID);
    assert_non_null(strstr(err.text, "at /KEY4321"));
    limits.fold_keys = false;
    assert_int_equal(rj_json_parse("x", text.bytes, text.length, &limits, &value, &err), RJ_OK);
    json_decref(value);
    rj_text_free(&text);
}

static void depth_is_limited_before_anything_is_built(void **state)
{
    (void)state;
    char deep[2001];
    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    deep[2000] = '\0';
    rj_error err = RJ_ERROR_NONE;
    json_t *value = NULL;
    assert_int_equal(rj_json_parse("x", deep, 2000, &plain, &value, &err), RJ_E_LIMIT);
    assert_non_null(strstr(err.text, "column 33: nested deeper than 32 levels"));
    json_decref(parse("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", &plain));
}

static void too_many_bytes_are_refused_without_a_look(void **state)
{
    (void)state;
    rj_json_limits small = {.max_bytes = 4, .max_depth = 4};
    assert_refused_n("garbage", 7, &small, RJ_E_LIMIT,
                     "policy: 7 bytes long; at most 4 are accepted");
}

static void nul_and_controls_in_strings_are_refused(void **state)
{
    (void)state;
    assert_refused("[\"a\\u0000b\"]",
                   "policy: line 1, column 4: a NUL character inside a string, at /0");
    assert_refused_n("[\"a\0b\"]", 7, &plain, RJ_E_INVALID,
                     "policy: line 1, column 4: a NUL character inside a string, at /0");
    assert_refused("[\"a\nb\"]", "policy: line 1, column 4: a control character inside a string "
                                 "(write it as an escape), at /0");
}

static void text_that_is_not_utf8_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_refused("[\"ab\xc3\xa4\xff\"]",
                   "policy: line 1, column 6: text that is not UTF-8, at /0");
    assert_refused("[\"\\ud800\"]", "policy: line 1, column 3: half a surrogate pair, at /0");
    assert_refused("[\"\\udc00\\ud800\"]",
                   "policy: line 1, column 3: half a surrogate pair, at /0");
}

static void anything_behind_the_value_is_refused(void **state)
{
    (void)state;
    assert_refused("{} x", "policy: line 1, column 4: 'x' found where the end is expected");
    assert_refused_n("{}\0", 3, &plain, RJ_E_INVALID,
                     "policy: line 1, column 3: byte 0x00 found where the end is expected");
}

static void what_json_does_not_know_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"{'a': 1}",
                                        "[1,]",
                                        "{\"a\":1,}",
                                        "[01]",
                                        "[+1]",
                                        "[1.]",
                                        "[.5]",
                                        "[1e]",
                                        "[NaN]",
                                        "[tru]",
                                        "[\"\\x\"]",
                                        "[--1]",
                                        "{1: 2}",
                                        "[1 2]",
                                        "]",
                                        "{\"a\"}",
                                        "// x\n1",
                                        "[\"\\u12\"]",
                                        "\xef\xbb\xbf{}",
                                        "[1e999]",
                                        "[9223372036854775808]",
                                        "[-9223372036854775809]"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        rj_error err = RJ_ERROR_NONE;
        json_t *value = NULL;
        assert_int_equal(rj_json_parse("x", texts[i], strlen(texts[i]), &plain, &value, &err),
                         RJ_E_INVALID);
        assert_non_null(strstr(err.text, "x: line "));
    }
}

static void lookups_ignore_the_case_of_keys(void **state)
{
    (void)state;
    json_t *value = parse("{\"DependsOn\": \"x\", \"Hidden\": true, \"Order\": 7}", &plain);
    assert_string_equal(json_string_value(rj_json_get(value, "dependson")), "x");
    assert_true(json_is_true(rj_json_get(value, "HIDDEN")));
    assert_int_equal(json_integer_value(rj_json_get(value, "order")), 7);
    assert_null(rj_json_get(value, "absent"));
    assert_null(rj_json_get(NULL, "x"));
    json_decref(value);
}

static void a_boolean_may_be_a_word_and_nothing_else(void **state)
{
    (void)state;
    static const char *const others[] = {"0", "1", "null", "\"\"", "\"no\"", "\"true \"", "[true]"};
    bool value = false;
    json_t *words = parse("[true, \"TRUE\", \"true\", false, \"False\"]", &plain);
    for (size_t i = 0; i < json_array_size(words); i++) {
        assert_true(rj_json_read_bool(json_array_get(words, i), &value));
        assert_int_equal(value, i < 3);
    }
    json_decref(words);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        json_t *other = json_loads(others[i], JSON_DECODE_ANY, NULL);
        assert_non_null(other);
        value = true;
        assert_false(rj_json_read_bool(other, &value));
        assert_true(value);
        json_decref(other);
    }
    assert_false(rj_json_read_bool(NULL, &value));
}

static void printing_is_compact_and_keeps_the_order(void **state)
{
    (void)state;
    json_t *value = parse("{ \"z\": [1, 2], \"a\": \"\xc3\xa4\" }", &plain);
    size_t length = 0;
    char *text = rj_json_print(value, &length);
    assert_string_equal(text, "{\"z\":[1,2],\"a\":\"\xc3\xa4\"}");
    assert_int_equal(length, strlen(text));
    rj_free(text);
    json_decref(value);
}

static void every_failing_allocation_is_an_error_and_nothing_leaks(void **state)
{
    (void)state;
    const char *text = "{\"a\": [1, {\"b\": \"text\", \"c\": [[[]]]}], \"d\": 1.5}";
    for (uint64_t n = 1;; n++) {
        rj_error err = RJ_ERROR_NONE;
        json_t *value = NULL;
        rj_alloc_fail_from(n);
        rj_status status = rj_json_parse("x", text, strlen(text), &plain, &value, &err);
        char *printed = status == RJ_OK ? rj_json_print(value, NULL) : NULL;
        rj_alloc_fail_from(0);
        if (status != RJ_OK) {
            assert_int_equal(status, RJ_E_NO_MEMORY);
            assert_null(value);
            assert_string_equal(err.text, "out of memory while reading JSON");
        }
        json_decref(value);
        rj_free(printed);
        if (printed) {
            assert_true(n > 10);
            return;
        }
    }
}

int main(void)
{
    rj_json_use_base_alloc();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(a_fault_names_line_column_and_pointer),
        cmocka_unit_test(truncated_text_says_what_is_missing),
        cmocka_unit_test(every_prefix_of_a_document_is_refused),
        cmocka_unit_test(a_second_equal_key_is_refused),
        cmocka_unit_test(keys_equal_but_for_case_are_refused_when_folding),
        cmocka_unit_test(the_same_key_in_different_objects_is_fine),
        cmocka_unit_test(one_duplicate_among_many_keys_is_found),
        cmocka_unit_test(depth_is_limited_before_anything_is_built),
        cmocka_unit_test(too_many_bytes_are_refused_without_a_look),
        cmocka_unit_test(nul_and_controls_in_strings_are_refused),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_where_it_stands),
        cmocka_unit_test(anything_behind_the_value_is_refused),
        cmocka_unit_test(what_json_does_not_know_is_refused),
        cmocka_unit_test(lookups_ignore_the_case_of_keys),
        cmocka_unit_test(a_boolean_may_be_a_word_and_nothing_else),
        cmocka_unit_test(printing_is_compact_and_keeps_the_order),
        cmocka_unit_test(every_failing_allocation_is_an_error_and_nothing_leaks),
    };
    return cmocka_run_group_tests_name("base_json", tests, NULL, NULL);
}
