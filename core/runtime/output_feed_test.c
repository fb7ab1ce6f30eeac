/* SPDX-License-Identifier: MIT */
/* What a program writes becomes lines to look at: clean, in order, bounded, whatever is written. */
#include "runtime/output_feed.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    rj_loop *loop;
    rj_output_feed *feed;
    char *all;
    size_t length, times, longest;
    uint64_t next, left_out; /* as a reader counts them */
} fixture;

static void on_text(void *data, uint64_t line, const char *text)
{
    fixture *f = data;
    size_t length = strlen(text);
    assert_true(length && text[length - 1] == '\n' && rj_utf8_valid(text, length));
    assert_true(line >= f->next);
    f->left_out += line - f->next;
    f->next = line;
    for (const char *at = text; *at; at++)
        f->next += *at == '\n';
    f->all = rj_realloc(f->all, f->length + length + 1);
    assert_non_null(f->all);
    memcpy(f->all + f->length, text, length + 1);
    f->length += length;
    f->longest = length > f->longest ? length : f->longest;
    f->times++;
}

static int begin(void **state)
{
    static fixture f;
    f = (fixture){.next = 1};
    assert_int_equal(rj_loop_new(&f.loop, NULL), RJ_OK);
    f.feed = rj_output_feed_new(f.loop, on_text, &f);
    assert_non_null(f.feed);
    *state = &f;
    return 0;
}

static int end(void **state)
{
    fixture *f = *state;
    rj_output_feed_free(f->feed);
    rj_loop_free(f->loop);
    rj_free(f->all);
    return 0;
}

static void write_text(fixture *f, const char *text)
{
    rj_output_feed_add(f->feed, 0, text, strlen(text));
}

static void assert_flushed(fixture *f, const char *expected)
{
    rj_output_feed_flush(f->feed);
    assert_string_equal(f->all ? f->all : "", expected);
}

static void wait_ms(const fixture *f, uint64_t time_ms)
{
    uint64_t until = rj_clock_monotonic_ms() + time_ms;
    while (rj_clock_monotonic_ms() < until)
        rj_loop_turn(f->loop, 20);
}

static void lines_are_given_out_whole_while_the_program_runs(void **state)
{
    fixture *f = *state;
    write_text(f, "Unpacking\nRegis");
    assert_int_equal(f->times, 0);
    wait_ms(f, 2 * RJ_OUTPUT_EACH_MS);
    assert_string_equal(f->all, "Unpacking\n");
    write_text(f, "tering\r\n\n");
    assert_flushed(f, "Unpacking\nRegistering\n\n");
    assert_int_equal(f->left_out, 0);
}

static void an_unfinished_line_is_seen_after_a_second_and_at_the_end(void **state)
{
    fixture *f = *state;
    write_text(f, "Insert the card: ");
    wait_ms(f, 8 * RJ_OUTPUT_EACH_MS);
    assert_string_equal(f->all, "Insert the card: \n");
    write_text(f, "done");
    assert_flushed(f, "Insert the card: \ndone\n");
}

static void what_is_no_text_is_made_text(void **state)
{
    fixture *f = *state;
    rj_output_feed_add(f->feed, 0, "a\xff\0b\xc3\n", 6);
    write_text(f, "\x1b[1;31mred\x1b[0m\tand \x1b"
                  "7bell\a \xc2\x9bx\n");
    write_text(f, "10%\r20%\r30%\nGr\xc3\xb6\xc3\x9f"
                  "e\n\x1b[\n\x1b");
    assert_flushed(f, "a??b?\nred\tand bell x\n30%\nGr\xc3\xb6\xc3\x9f"
                      "e\n\n\n");
}

static void a_flood_is_bounded_keeps_the_newest_lines_and_says_how_many_are_missing(void **state)
{
    fixture *f = *state;
    char line[64];
    uint64_t start = rj_clock_monotonic_ms();
    for (int i = 1; i <= 100000; i++) {
        int length = snprintf(line, sizeof line, "line %d of the flood\n", i);
        rj_output_feed_add(f->feed, 0, line, (size_t)length);
    }
    rj_output_feed_flush(f->feed);
    assert_true(rj_clock_monotonic_ms() - start < 2000);
    assert_true(f->length <= RJ_OUTPUT_MOST && f->times == 1);
    assert_non_null(strstr(f->all, "line 100000 of the flood\n"));
    assert_int_equal(f->next, 100001);
    assert_true(f->left_out > 90000);
}

static void big_pieces_without_an_end_of_line_are_bounded_too(void **state)
{
    static char piece[60000];
    fixture *f = *state;
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 200; i++)
        rj_output_feed_add(f->feed, 0, piece, sizeof piece);
    write_text(f, "\nafter it\n");
    assert_flushed(f, "after it\n");
    assert_int_equal(f->left_out, 1);
}

static void one_text_is_given_out_each_time_however_much_comes(void **state)
{
    fixture *f = *state;
    uint64_t start = rj_clock_monotonic_ms();
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < 100; k++)
            write_text(f, "some line of a program that has much to say\n");
        wait_ms(f, 10);
    }
    uint64_t took = rj_clock_monotonic_ms() - start;
    rj_output_feed_flush(f->feed);
    assert_true(f->times <= took / RJ_OUTPUT_EACH_MS + 1);
    assert_true(f->longest <= RJ_OUTPUT_MOST);
    assert_int_equal(f->next, 10001);
}

static void lines_that_another_feed_left_out_stay_counted_and_bring_nothing_sooner(void **state)
{
    fixture *f = *state;
    rj_output_feed_add(f->feed, 1, "one\n", 4);
    rj_output_feed_add(f->feed, 10, "ten\n", 4);
    rj_output_feed_add(f->feed, 3, "late\n", 5);
    assert_int_equal(f->times, 0);
    assert_flushed(f, "one\nten\nlate\n");
    assert_int_equal(f->left_out, 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(lines_are_given_out_whole_while_the_program_runs),
        TEST(an_unfinished_line_is_seen_after_a_second_and_at_the_end),
        TEST(what_is_no_text_is_made_text),
        TEST(a_flood_is_bounded_keeps_the_newest_lines_and_says_how_many_are_missing),
        TEST(big_pieces_without_an_end_of_line_are_bounded_too),
        TEST(one_text_is_given_out_each_time_however_much_comes),
        TEST(lines_that_another_feed_left_out_stay_counted_and_bring_nothing_sooner),
    };
    return cmocka_run_group_tests_name("output feed", tests, NULL, NULL);
}
