/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "ipc/message.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Lines ----------------------------------------------------------------------------------- */

typedef struct seen {
    char text[256];
    int count;
    int stop_at; /* the line that says stop; 0: none */
} seen;

static bool on_line(void *data, const char *bytes, size_t length)
{
    seen *self = data;
    size_t have = strlen(self->text);
    snprintf(self->text + have, sizeof self->text - have, "<%.*s>", (int)length, bytes);
    self->count++;
    return self->count != self->stop_at;
}

static bool count_line(void *data, const char *bytes, size_t length)
{
    (void)bytes;
    *(size_t *)data = length;
    return true;
}

static void lines_come_whole_however_the_bytes_are_cut(void **state)
{
    static const char bytes[] = "a\nbcd\n\nlast\n";
    (void)state;
    for (size_t step = 1; step <= sizeof bytes - 1; step++) {
        rj_lines lines = {0};
        seen got = {{0}, 0, 0};
        for (size_t at = 0; at < sizeof bytes - 1; at += step) {
            size_t length = sizeof bytes - 1 - at < step ? sizeof bytes - 1 - at : step;
            assert_int_equal(rj_lines_feed(&lines, bytes + at, length, on_line, &got, NULL), RJ_OK);
        }
        assert_string_equal(got.text, "<a><bcd><><last>");
        assert_false(rj_lines_is_partial(&lines));
        rj_lines_free(&lines);
    }
}

static void what_follows_a_stop_is_dropped(void **state)
{
    rj_lines lines = {0};
    seen got = {.stop_at = 2};
    (void)state;
    assert_int_equal(rj_lines_feed(&lines, "a\nb\nc\nd", 7, on_line, &got, NULL), RJ_OK);
    assert_string_equal(got.text, "<a><b>");
    assert_false(rj_lines_is_partial(&lines));
    rj_lines_free(&lines);
}

static void a_line_as_long_as_allowed_is_taken_and_one_byte_more_is_not(void **state)
{
    size_t length = 0;
    char *bytes = malloc(RJ_MESSAGE_MAX + 2);
    rj_lines lines = {0};
    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', RJ_MESSAGE_MAX + 1);
    bytes[RJ_MESSAGE_MAX] = '\n';
    assert_int_equal(rj_lines_feed(&lines, bytes, 1000, count_line, &length, NULL), RJ_OK);
    assert_int_equal(
        rj_lines_feed(&lines, bytes + 1000, RJ_MESSAGE_MAX - 999, count_line, &length, NULL),
        RJ_OK);
    assert_int_equal(length, RJ_MESSAGE_MAX);
    bytes[RJ_MESSAGE_MAX] = 'x';
    bytes[RJ_MESSAGE_MAX + 1] = '\n';
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_lines_feed(&lines, bytes, RJ_MESSAGE_MAX + 2, count_line, &length, &error),
                     RJ_E_LIMIT);
    assert_non_null(strstr(error.text, "1048576"));
    rj_lines_free(&lines);
    free(bytes);
}

static void a_line_without_an_end_costs_no_more_than_the_limit(void **state)
{
    enum { CHUNK = 65536 };
    static char chunk[CHUNK];
    size_t length = 0;
    rj_lines lines = {0};
    rj_status status = RJ_OK;
    int fed = 0;
    (void)state;
    memset(chunk, '{', sizeof chunk);
    while (status == RJ_OK && fed < 1000) {
        status = rj_lines_feed(&lines, chunk, sizeof chunk, count_line, &length, NULL);
        assert_true(lines.capacity <= RJ_MESSAGE_MAX);
        fed++;
    }
    assert_int_equal(status, RJ_E_LIMIT);
    assert_int_equal(fed, RJ_MESSAGE_MAX / CHUNK + 1);
    rj_lines_free(&lines);
}

static void the_memory_of_a_long_line_is_given_back(void **state)
{
    static char bytes[100000];
    size_t length = 0;
    rj_lines lines = {0};
    (void)state;
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(rj_lines_feed(&lines, bytes, sizeof bytes, count_line, &length, NULL), RJ_OK);
    assert_int_equal(rj_lines_feed(&lines, "\n", 1, count_line, &length, NULL), RJ_OK);
    assert_int_equal(length, sizeof bytes);
    assert_null(lines.bytes);
}

/* ---- Parsing --------------------------------------------------------------------------------- */

static int parse(const char *text, rj_message *message, rj_error *error)
{
    *error = (rj_error)RJ_ERROR_NONE;
    return rj_message_parse(text, strlen(text), message, error);
}

static void a_request_a_notification_a_result_and_an_error_are_told_apart(void **state)
{
    rj_message message;
    rj_error error;
    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\",\"params\":{\"a\":1}}",
                           &message, &error),
                     0);
    assert_int_equal(message.kind, RJ_MESSAGE_REQUEST);
    assert_string_equal(message.method, "m");
    assert_int_equal(json_integer_value(message.id), 7);
    assert_int_equal(json_integer_value(json_object_get(message.params, "a")), 1);
    rj_message_free(&message);

    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", &message, &error), 0);
    assert_int_equal(message.kind, RJ_MESSAGE_NOTIFICATION);
    assert_null(message.params);
    rj_message_free(&message);

    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":null}", &message, &error),
                     0);
    assert_int_equal(message.kind, RJ_MESSAGE_RESULT);
    rj_message_free(&message);

    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,"
                           "\"message\":\"no\",\"data\":{\"status\":\"denied\","
                           "\"correlation\":\"0123456789abcdef\"}}}",
                           &message, &error),
                     0);
    assert_int_equal(message.kind, RJ_MESSAGE_ERROR);
    assert_int_equal(message.error_status, RJ_E_DENIED);
    assert_string_equal(message.correlation, "0123456789abcdef");
    assert_null(message.id);
    rj_message_free(&message);
}

static void what_is_no_message_is_refused_with_its_code_and_a_reason(void **state)
{
    static const struct {
        const char *text;
        int code;
    } table[] = {
        {"", RJ_CODE_PARSE},
        {"GET / HTTP/1.1", RJ_CODE_PARSE},
        {"{\"jsonrpc\":\"2.0\"", RJ_CODE_PARSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"} x", RJ_CODE_PARSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"m\"}", RJ_CODE_PARSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}", RJ_CODE_PARSE},
        {"[]", RJ_CODE_REQUEST},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}]", RJ_CODE_REQUEST},
        {"42", RJ_CODE_REQUEST},
        {"{\"id\":1,\"method\":\"m\"}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"m\"}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"m\"}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":[]}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"result\":1}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"result\":1}", RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"x\",\"message\":\"y\"}}",
         RJ_CODE_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":5}", RJ_CODE_REQUEST},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        rj_message message;
        rj_error error;
        int code = parse(table[i].text, &message, &error);
        if (code != table[i].code || !error.text[0])
            fail_msg("%s: code %d, \"%s\"", table[i].text, code, error.text);
    }
}

static void a_message_deeper_than_the_limit_is_refused(void **state)
{
    char text[256] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"a\":";
    rj_message message;
    rj_error error;
    (void)state;
    for (int i = 0; i < 40; i++)
        strncat(text, "[", sizeof text - strlen(text) - 1);
    for (int i = 0; i < 40; i++)
        strncat(text, "]", sizeof text - strlen(text) - 1);
    strncat(text, "}}", sizeof text - strlen(text) - 1);
    assert_int_equal(parse(text, &message, &error), RJ_CODE_PARSE);
}

static void an_id_longer_than_the_limit_is_refused(void **state)
{
    char text[512], id[RJ_MESSAGE_ID_MAX + 2];
    rj_message message;
    rj_error error;
    (void)state;
    memset(id, 'i', sizeof id);
    id[RJ_MESSAGE_ID_MAX] = '\0';
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"m\"}", id);
    assert_int_equal(parse(text, &message, &error), 0);
    rj_message_free(&message);
    id[RJ_MESSAGE_ID_MAX] = 'i';
    id[RJ_MESSAGE_ID_MAX + 1] = '\0';
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"m\"}", id);
    assert_int_equal(parse(text, &message, &error), RJ_CODE_REQUEST);
}

/* ---- Formatting ------------------------------------------------------------------------------ */

static void what_is_formatted_is_one_line_that_parses_back(void **state)
{
    rj_message message;
    rj_error error = RJ_ERROR_NONE;
    rj_text text = RJ_TEXT_EMPTY;
    json_t *id = json_string("q\"\n");
    json_t *value = json_pack("{s:s}", "text", "two\nlines \"quoted\" \xc3\xa9");
    (void)state;
    rj_message_add_result(&text, id, value);
    assert_ptr_equal(strchr(text.bytes, '\n'), text.bytes + text.length - 1);
    assert_int_equal(rj_message_parse(text.bytes, text.length - 1, &message, &error), 0);
    assert_true(json_equal(message.result, value));
    assert_true(json_equal(message.id, id));
    rj_message_free(&message);
    rj_text_free(&text);

    rj_message_add_request(&text, 12, "why", value);
    assert_int_equal(rj_message_parse(text.bytes, text.length - 1, &message, &error), 0);
    assert_int_equal(message.kind, RJ_MESSAGE_REQUEST);
    assert_true(json_equal(message.params, value));
    rj_message_free(&message);
    rj_text_free(&text);

    rj_message_add_event(&text, "run", value);
    assert_int_equal(rj_message_parse(text.bytes, text.length - 1, &message, &error), 0);
    assert_string_equal(message.method, "event");
    assert_true(json_equal(json_object_get(message.params, "document"), value));
    rj_message_free(&message);
    rj_text_free(&text);
    json_decref(id);
    json_decref(value);
}

static void an_error_carries_its_status_and_correlation_both_ways(void **state)
{
    (void)state;
    for (rj_status status = RJ_E_FAILED; status >= RJ_E_EXISTS; status--) {
        rj_message message;
        rj_error error = RJ_ERROR_NONE;
        rj_text text = RJ_TEXT_EMPTY;
        rj_message_add_error(&text, NULL, RJ_CODE_AGENT, status, "no \"way\"\n", "abc");
        assert_int_equal(rj_message_parse(text.bytes, text.length - 1, &message, &error), 0);
        assert_int_equal(message.error_status, status);
        assert_string_equal(message.error_text, "no \"way\"\n");
        assert_string_equal(message.correlation, "abc");
        rj_message_free(&message);
        rj_text_free(&text);
    }
    assert_int_equal(rj_status_of_name("no such status"), RJ_E_FAILED);
    assert_int_equal(rj_status_of_name(NULL), RJ_E_FAILED);
}

static void a_failed_allocation_sticks_to_the_text_and_leaks_nothing(void **state)
{
    rj_json_use_base_alloc();
    json_t *value = json_pack("{s:s}", "text", "a text that is long enough to need some room");
    (void)state;
    for (uint64_t nth = 1; nth < 20; nth++) {
        rj_text text = RJ_TEXT_EMPTY;
        rj_alloc_fail_from(nth);
        rj_message_add_error(&text, NULL, RJ_CODE_AGENT, RJ_E_FAILED, "message", "c");
        rj_message_add_result(&text, NULL, value);
        rj_alloc_fail_from(0);
        if (!rj_text_failed(&text))
            assert_int_equal(text.bytes[text.length - 1], '\n');
        rj_text_free(&text);
    }
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_whole_however_the_bytes_are_cut),
        cmocka_unit_test(what_follows_a_stop_is_dropped),
        cmocka_unit_test(a_line_as_long_as_allowed_is_taken_and_one_byte_more_is_not),
        cmocka_unit_test(a_line_without_an_end_costs_no_more_than_the_limit),
        cmocka_unit_test(the_memory_of_a_long_line_is_given_back),
        cmocka_unit_test(a_request_a_notification_a_result_and_an_error_are_told_apart),
        cmocka_unit_test(what_is_no_message_is_refused_with_its_code_and_a_reason),
        cmocka_unit_test(a_message_deeper_than_the_limit_is_refused),
        cmocka_unit_test(an_id_longer_than_the_limit_is_refused),
        cmocka_unit_test(what_is_formatted_is_one_line_that_parses_back),
        cmocka_unit_test(an_error_carries_its_status_and_correlation_both_ways),
        cmocka_unit_test(a_failed_allocation_sticks_to_the_text_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
