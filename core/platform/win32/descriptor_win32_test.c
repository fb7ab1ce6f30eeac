/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "descriptor_win32.h"
#include "platform/stream.h"

#include <string.h>

enum { BOTH = RJ_DESCRIPTOR_READ | RJ_DESCRIPTOR_WRITE };

static int left, right;

static int setup(void **state)
{
    HANDLE other = NULL;
    (void)state;
    assert_int_equal(rj_descriptor_make_pipe(BOTH, true, &left, &other, NULL), RJ_OK);
    assert_int_equal(rj_descriptor_of_pipe(other, BOTH, &right, NULL), RJ_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rj_descriptor_close(left);
    rj_descriptor_close(right);
    return (int)rj_descriptor_count();
}

static bool is_readable(int number)
{
    return WaitForSingleObject(rj_descriptor_readable(number), 0) == WAIT_OBJECT_0;
}

static void an_end_is_readable_as_long_as_there_is_something_to_read(void **state)
{
    char text[8] = "";
    (void)state;
    assert_false(is_readable(left));
    assert_int_equal(rj_stream_read(left, text, sizeof text), RJ_STREAM_AGAIN);
    assert_int_equal(rj_stream_write(right, "abc", 3), 3);
    assert_true(rj_descriptor_await(left, 5000));
    assert_int_equal(rj_stream_read(left, text, 2), 2);
    assert_memory_equal(text, "ab", 2);
    assert_true(is_readable(left));
    assert_int_equal(rj_stream_read(left, text, sizeof text), 1);
    assert_int_equal(text[0], 'c');
    assert_false(is_readable(left));
    assert_int_equal(rj_stream_read(left, text, sizeof text), RJ_STREAM_AGAIN);
}

static void what_was_written_before_the_end_is_read_and_then_the_end(void **state)
{
    char text[8];
    (void)state;
    assert_true(rj_stream_write_all(right, "last", 4));
    rj_descriptor_close(right);
    assert_true(rj_stream_read_all(left, text, 4));
    assert_memory_equal(text, "last", 4);
    assert_true(rj_descriptor_await(left, 5000));
    assert_int_equal(rj_stream_read(left, text, sizeof text), 0);
    assert_true(is_readable(left)); /* the end stays there */
    assert_int_equal(rj_stream_read(left, text, sizeof text), 0);
    assert_false(rj_stream_read_all(left, text, 1));
}

static void writing_to_an_end_that_nobody_reads_says_so_in_time(void **state)
{
    static char bytes[65536];
    (void)state;
    size_t total = 0;
    long sent;
    while ((sent = rj_stream_write(left, bytes, sizeof bytes)) > 0 && total < (1u << 24))
        total += (size_t)sent;
    assert_int_equal(sent, RJ_STREAM_AGAIN);
    assert_int_equal(WaitForSingleObject(rj_descriptor_writable(left), 0), WAIT_TIMEOUT);
    while (total) { /* read: then it takes more, and nothing was lost */
        static char back[65536];
        assert_true(rj_descriptor_await(right, 5000));
        long got = rj_stream_read(right, back, sizeof back);
        assert_true(got > 0);
        total -= (size_t)got;
    }
    assert_int_equal(WaitForSingleObject(rj_descriptor_writable(left), 5000), WAIT_OBJECT_0);
    assert_int_equal(rj_stream_write(left, bytes, 1), 1);
}

static void writing_to_an_end_that_is_gone_is_lost(void **state)
{
    (void)state;
    rj_descriptor_close(right);
    assert_int_equal(rj_stream_write(left, "x", 1), RJ_STREAM_LOST);
    assert_false(rj_stream_write_all(left, "x", 1));
}

static DWORD CALLBACK write_much(void *data)
{
    static char bytes[300000];
    memset(bytes, 'y', sizeof bytes);
    *(bool *)data = rj_stream_write_all(right, bytes, sizeof bytes);
    return 0;
}

static void writing_all_waits_for_the_reader_and_outlives_its_thread(void **state)
{
    bool good = false;
    char bytes[1000];
    (void)state;
    HANDLE thread = CreateThread(NULL, 0, write_much, &good, 0, NULL);
    assert_non_null(thread);
    for (int i = 0; i < 300; i++) {
        assert_true(rj_stream_read_all(left, bytes, sizeof bytes));
        assert_int_equal(bytes[0] + bytes[999], 2 * 'y');
    }
    assert_int_equal(WaitForSingleObject(thread, 5000), WAIT_OBJECT_0);
    CloseHandle(thread);
    assert_true(good);
    assert_int_equal(rj_stream_read(left, bytes, sizeof bytes), RJ_STREAM_AGAIN);
}

static void a_handle_is_readable_once_it_is_signalled(void **state)
{
    int number = -1;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    (void)state;
    assert_int_equal(rj_descriptor_of_handle(event, &number, NULL), RJ_OK);
    assert_true(number >= RJ_DESCRIPTOR_FIRST_FREE);
    assert_false(is_readable(number));
    SetEvent(event);
    assert_true(is_readable(number));
    assert_int_equal(rj_stream_read(number, &event, 1), RJ_STREAM_LOST);
    rj_descriptor_close(number);
}

static void a_number_that_is_taken_is_not_given_twice(void **state)
{
    (void)state;
    assert_int_equal(rj_descriptor_place(3, CreateEventW(NULL, TRUE, FALSE, NULL), 0, NULL), RJ_OK);
    assert_int_equal(rj_descriptor_place(3, CreateEventW(NULL, TRUE, FALSE, NULL), 0, NULL),
                     RJ_E_LIMIT);
    rj_descriptor_close(3);
    rj_descriptor_close(3);
    rj_descriptor_close(-1);
    rj_descriptor_close(1000000);
    assert_null(rj_descriptor_handle(3));
    assert_int_equal(rj_stream_read(3, &left, 1), RJ_STREAM_LOST);
}

#define WITH_PIPE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(an_end_is_readable_as_long_as_there_is_something_to_read),
        WITH_PIPE(what_was_written_before_the_end_is_read_and_then_the_end),
        WITH_PIPE(writing_to_an_end_that_nobody_reads_says_so_in_time),
        WITH_PIPE(writing_to_an_end_that_is_gone_is_lost),
        WITH_PIPE(writing_all_waits_for_the_reader_and_outlives_its_thread),
        WITH_PIPE(a_handle_is_readable_once_it_is_signalled),
        WITH_PIPE(a_number_that_is_taken_is_not_given_twice),
    };
    return cmocka_run_group_tests_name("platform_descriptor", tests, NULL, NULL);
}
