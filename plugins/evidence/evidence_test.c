/* SPDX-License-Identifier: MIT */
/* The result document: its shape, and that no text can spoil it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "evidence.h"

static void assert_cleaned(const char *text, size_t size, const char *expected)
{
    char cleaned[64];

    memset(cleaned, 'x', sizeof cleaned);
    evidence_clean_text(cleaned, size, text);
    assert_string_equal(cleaned, expected);
}

static void text_becomes_valid_utf8_without_control_characters(void **state)
{
    (void)state;
    assert_cleaned("a\tb\nc\x1b[0m\x7f", 32, "a b c [0m ");
    assert_cleaned("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 32,
                   "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
    assert_cleaned("\xc3", 32, "?");
    assert_cleaned("\xc0\xaf\xed\xa0\x80\xff\xf5", 32, "???????");
    assert_cleaned("\xf4\x90\x80\x80", 32, "????");
    assert_cleaned("", 32, "");
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    assert_cleaned("0123456", 8, "0123456");
    assert_cleaned("01234567", 8, "0123...");
    assert_cleaned("012\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 8, "012...");
    assert_cleaned("\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 8, "\xf0\x9f\x98\x80...");
}

static json_t *print(evidence *document)
{
    size_t length = 0;
    char *text = evidence_print(document, &length);
    json_t *parsed;

    assert_non_null(text);
    assert_int_equal(strlen(text), length);
    parsed = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    free(text);
    evidence_free(document);
    return parsed;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void a_document_has_state_summary_and_evidence(void **state)
{
    evidence *document = evidence_new();
    const json_t *entry;
    json_t *parsed;

    (void)state;
    evidence_add(document, "/proc/x", "a\"b\\\xff", "%d of %s", 3, "four");
    evidence_conclude(document, CHECK_NOT_MET, "Do it.", "Not %s.", "met");
    parsed = print(document);
    assert_string_equal(text_of(parsed, "state"), "not-met");
    assert_string_equal(text_of(parsed, "summary"), "Not met.");
    assert_string_equal(text_of(parsed, "remedy"), "Do it.");
    entry = json_array_get(json_object_get(parsed, "evidence"), 0);
    assert_string_equal(text_of(entry, "source"), "/proc/x");
    assert_string_equal(text_of(entry, "found"), "a\"b\\?");
    assert_string_equal(text_of(entry, "means"), "3 of four");
    json_decref(parsed);
}

static void only_not_met_has_a_remedy(void **state)
{
    static const struct {
        check_state state;
        const char *name;
    } others[] = {
        {CHECK_OK, "ok"}, {CHECK_UNKNOWN, "unknown"}, {CHECK_NOT_APPLICABLE, "not-applicable"}};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        evidence *document = evidence_new();
        json_t *parsed;

        evidence_conclude(document, others[i].state, "Do it.", "So.");
        parsed = print(document);
        assert_string_equal(text_of(parsed, "state"), others[i].name);
        assert_null(json_object_get(parsed, "remedy"));
        json_decref(parsed);
    }
}

static void entries_beyond_the_limit_are_counted(void **state)
{
    evidence *document = evidence_new();
    const json_t *entries;
    json_t *parsed;

    (void)state;
    for (int i = 0; i < EVIDENCE_MAX_ENTRIES + 5; i++)
        evidence_add(document, "s", "f", "m");
    evidence_conclude(document, CHECK_OK, NULL, "So.");
    parsed = print(document);
    entries = json_object_get(parsed, "evidence");
    assert_int_equal(json_array_size(entries), EVIDENCE_MAX_ENTRIES + 1);
    assert_string_equal(text_of(json_array_get(entries, EVIDENCE_MAX_ENTRIES), "found"),
                        "5 more entries");
    json_decref(parsed);
}

static void a_document_without_a_verdict_is_not_printed(void **state)
{
    evidence *document = evidence_new();
    size_t length = 7;

    (void)state;
    assert_null(evidence_print(document, &length));
    assert_int_equal(length, 7);
    evidence_free(document);
}

/* The allocation that fails, counted from 1; 0: none. */
static int fail_at, allocations;

static void *allocate(size_t size)
{
    return ++allocations == fail_at ? NULL : malloc(size);
}

static char *print_with_failure(int at, size_t *ret_length)
{
    evidence *document;
    char *text = NULL;

    fail_at = at;
    allocations = 0;
    document = evidence_new();
    if (!document)
        return NULL;
    for (int i = 0; i < EVIDENCE_MAX_ENTRIES + 1; i++)
        evidence_add(document, "s", "f", "m");
    evidence_conclude(document, CHECK_NOT_MET, "Do it.", "So.");
    text = evidence_print(document, ret_length);
    evidence_free(document);
    return text;
}

static void running_out_of_memory_gives_no_document_or_the_whole_one(void **state)
{
    int total, refused = 0;
    size_t length;
    char *whole;

    (void)state;
    json_set_alloc_funcs(allocate, free);
    whole = print_with_failure(0, &length);
    total = allocations;
    assert_non_null(whole);
    for (int at = 1; at <= total; at++) {
        char *text = print_with_failure(at, &length);

        refused += !text;
        if (text)
            assert_string_equal(text, whole);
        free(text);
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(refused > total / 2);
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_valid_utf8_without_control_characters),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(a_document_has_state_summary_and_evidence),
        cmocka_unit_test(only_not_met_has_a_remedy),
        cmocka_unit_test(entries_beyond_the_limit_are_counted),
        cmocka_unit_test(a_document_without_a_verdict_is_not_printed),
        cmocka_unit_test(running_out_of_memory_gives_no_document_or_the_whole_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
