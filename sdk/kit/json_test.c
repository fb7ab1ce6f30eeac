/* SPDX-License-Identifier: MIT */
/* The reader and writer that plugins carry: what they take, what they refuse, what they write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <realmjoin/kit/json.h>

/* From memory of exactly that size, so that a sanitizer sees the first byte beyond it. */
static char *exact(const char *text, size_t length)
{
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

static int is_document(const char *text, size_t length)
{
    char *copy = exact(text, length);
    int found = rj_json_document(copy, length).start != NULL;
    free(copy);
    return found;
}

static rj_json_value parsed(const char *text)
{
    rj_json_value root = rj_json_document(text, strlen(text));
    assert_non_null(root.start);
    return root;
}

static void well_formed_documents_are_taken(void **state)
{
    static const char *const good[] = {
        "{}",    " [ ] ",     "null", "-0.5e+10", "\"\\u00e9\\ud83d\\ude00\"",
        "[1,2]", "{\"a\":1}", "0",    "true",     "{\"a\": {\"b\": [\"c\", {\"d\": null}]}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!is_document(good[i], strlen(good[i])))
            fail_msg("%s", good[i]);
}

static void malformed_documents_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "}",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}",
        "[1 2]",
        "01",
        "1.",
        "-",
        "+1",
        "1e",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "tru",
        "nulll",
        "\"a\nb\"",
        "[\"]",
        "\"\\udc00\"",
        "{} {}",
        "[1}",
        "{\"a\":1]",
        "\"\\",
        "\"\\u",
        "\"\\ud83d\\u0041\"",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (is_document(bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
}

static void a_document_cut_anywhere_is_refused(void **state)
{
    static const char whole[] =
        "{\"a\": [1.5e3, \"\\ud83d\\ude00 \\n\", {\"b\": null}], \"c\": true}";
    (void)state;
    assert_true(is_document(whole, sizeof whole - 1));
    for (size_t length = 0; length < sizeof whole - 1; length++)
        assert_false(is_document(whole, length));
}

/* Texts made of the grammar's pieces, so that many are nearly right. */
static size_t scramble(uint64_t *seed, char *text, size_t size)
{
    static const char *const pieces[] = {
        "{",   "}",   "[",    "]",       ":",       ",",       "\"",   "\"a\"", "\"b\":", "0",
        "1",   "-",   "2.5",  "e+1",     "true",    "false",   "null", " ",     "\\n",    "\\u00e9",
        "\\u", "\\x", "\\\\", "\\ud83d", "\\ude00", "{\"c\":", "[1,",  "}}",    "\t",     ".",
    };
    size_t length = 0, count = 1 + (*seed >> 60);
    while (count--) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        const char *piece = pieces[(*seed >> 33) % (sizeof pieces / sizeof pieces[0])];
        if (length + strlen(piece) < size)
            length += (size_t)snprintf(text + length, size - length, "%s", piece);
    }
    return length;
}

static void it_takes_what_the_agent_s_own_reader_takes(void **state)
{
    uint64_t seed = 1;
    unsigned taken = 0;
    (void)state;
    for (int i = 0; i < 300000; i++) {
        char text[200] = "";
        size_t length = scramble(&seed, text, sizeof text);
        json_t *theirs = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        if (is_document(text, length) != (theirs != NULL))
            fail_msg("%s is %s by the agent's reader", text, theirs ? "taken" : "refused");
        taken += theirs != NULL;
        json_decref(theirs);
    }
    assert_true(taken > 1000);
}

static void nesting_has_a_limit(void **state)
{
    char text[2 * RJ_JSON_DEPTH + 2];
    (void)state;
    memset(text, '[', sizeof text / 2);
    memset(text + sizeof text / 2, ']', sizeof text / 2);
    assert_false(is_document(text, sizeof text));
    assert_true(is_document(text + 1, sizeof text - 2));
}

static void members_are_found_by_their_decoded_key(void **state)
{
    char buffer[32];
    rj_json_value root = parsed("{\"x\": {\"id\": \"inner\"}, \"\\u0069d\" : \"outer\", \"i\": 1}");
    (void)state;
    assert_int_equal(rj_json_string(rj_json_member(root, "id"), buffer, sizeof buffer), 5);
    assert_string_equal(buffer, "outer");
    rj_json_value inner = rj_json_member(rj_json_member(root, "x"), "id");
    assert_int_equal(rj_json_string(inner, buffer, sizeof buffer), 5);
    assert_string_equal(buffer, "inner");
    assert_null(rj_json_member(root, "idx").start);
    assert_null(rj_json_member(rj_json_member(root, "none"), "id").start);
    assert_null(rj_json_item(root, 0).start);
}

static void items_are_found_by_number(void **state)
{
    int64_t number = 0;
    rj_json_value root = parsed("[ 1 , [2, 3], {\"a\": 4}, 5 ]");
    (void)state;
    assert_true(rj_json_integer(rj_json_item(root, 3), &number));
    assert_int_equal(number, 5);
    assert_true(rj_json_integer(rj_json_item(rj_json_item(root, 1), 1), &number));
    assert_int_equal(number, 3);
    assert_null(rj_json_item(root, 4).start);
    assert_null(rj_json_item(parsed("[]"), 0).start);
}

static void a_string_that_does_not_fit_is_refused_whole(void **state)
{
    char buffer[4] = "xxx";
    (void)state;
    assert_int_equal(rj_json_string(parsed("\"abc\""), buffer, sizeof buffer), 3);
    assert_int_equal(rj_json_string(parsed("\"abcd\""), buffer, sizeof buffer), -1);
    assert_string_equal(buffer, "");
    assert_int_equal(rj_json_string(parsed("\"a\\u0000b\""), buffer, sizeof buffer), -1);
    assert_int_equal(rj_json_string(parsed("12"), buffer, sizeof buffer), -1);
    assert_int_equal(rj_json_string(parsed("\"\""), buffer, sizeof buffer), 0);
    assert_int_equal(rj_json_string(parsed("\"\""), buffer, 0), -1);
}

static void numbers_keep_to_64_bits(void **state)
{
    int64_t number = 7;
    (void)state;
    assert_true(rj_json_integer(parsed("9223372036854775807"), &number));
    assert_true(number == INT64_MAX);
    assert_true(rj_json_integer(parsed("-9223372036854775808"), &number));
    assert_true(number == INT64_MIN);
    number = 7;
    assert_false(rj_json_integer(parsed("9223372036854775808"), &number));
    assert_false(rj_json_integer(parsed("-9223372036854775809"), &number));
    assert_false(rj_json_integer(parsed("1.0"), &number));
    assert_false(rj_json_integer(parsed("\"1\""), &number));
    assert_int_equal(number, 7);
}

static void what_is_written_reads_back(void **state)
{
    static const char text[] = "tab\t \"quoted\" back\\slash \x01 \xc3\xa9 \xf0\x9f\x98\x80";
    char space[200], back[100];
    rj_json_writer out = {space, sizeof space, 0, 0};
    int64_t number = 0;
    (void)state;
    rj_json_format(&out, "{\"t\": %q, \"n\": %d}", text, INT64_MIN);
    assert_false(rj_json_failed(&out));
    rj_json_value root = rj_json_document(space, out.length);
    assert_true(rj_json_string(rj_json_member(root, "t"), back, sizeof back) > 0);
    assert_string_equal(back, text);
    assert_true(rj_json_integer(rj_json_member(root, "n"), &number));
    assert_true(number == INT64_MIN);
}

static void bytes_that_are_no_utf_8_are_replaced(void **state)
{
    static const struct {
        const char *given, *written;
    } cases[] = {
        {"\xff", "\"\\ufffd\""},
        {"\xc3", "\"\\ufffd\""},
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xe2\x82", "\"\\ufffd\\ufffd\""},
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char space[64];
        rj_json_writer out = {space, sizeof space, 0, 0};
        rj_json_quoted(&out, cases[i].given);
        assert_string_equal(space, cases[i].written);
    }
}

static void a_full_buffer_is_noticed(void **state)
{
    char space[8];
    rj_json_writer out = {space, sizeof space, 0, 0};
    (void)state;
    rj_json_raw(&out, "1234567");
    assert_false(rj_json_failed(&out));
    assert_string_equal(space, "1234567");
    rj_json_raw(&out, "8");
    assert_true(rj_json_failed(&out));
    assert_string_equal(space, "1234567");
}

static void a_format_that_is_not_known_is_noticed(void **state)
{
    char space[64];
    rj_json_writer out = {space, sizeof space, 0, 0};
    (void)state;
    rj_json_format(&out, "[%s]", "x");
    assert_true(rj_json_failed(&out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_documents_are_taken),
        cmocka_unit_test(malformed_documents_are_refused),
        cmocka_unit_test(a_document_cut_anywhere_is_refused),
        cmocka_unit_test(it_takes_what_the_agent_s_own_reader_takes),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(members_are_found_by_their_decoded_key),
        cmocka_unit_test(items_are_found_by_number),
        cmocka_unit_test(a_string_that_does_not_fit_is_refused_whole),
        cmocka_unit_test(numbers_keep_to_64_bits),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(bytes_that_are_no_utf_8_are_replaced),
        cmocka_unit_test(a_full_buffer_is_noticed),
        cmocka_unit_test(a_format_that_is_not_known_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
