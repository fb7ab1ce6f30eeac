/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/stream.h"
#include "platform/system.h"
#include "runtime/loop.h"
#include "tap_skip.h"
#include "test_stream.h"
#include "test_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static rj_loop *loop;
static int calls;
static int pipe_ends[2];

static int setup(void **state)
{
    (void)state;
    calls = 0;
    return rj_loop_new(&loop, NULL);
}

static int teardown(void **state)
{
    (void)state;
    rj_loop_free(loop);
    return 0;
}

static void count(void *data)
{
    (void)data;
    calls++;
}

static void turn_for(int ms)
{
    uint64_t end = rj_clock_monotonic_ms() + (uint64_t)ms;
    while (rj_clock_monotonic_ms() < end)
        rj_loop_turn(loop, (int)(end - rj_clock_monotonic_ms()) + 1);
}

typedef struct numbered {
    rj_post post;
    int number;
} numbered;

static int order[100];

static void note(void *data)
{
    order[calls++] = ((numbered *)data)->number;
}

static void posts_run_in_order_on_a_later_turn(void **state)
{
    (void)state;
    static numbered posts[50];
    for (int i = 0; i < 50; i++) {
        posts[i].number = i;
        rj_loop_post(loop, &posts[i].post, note, &posts[i]);
    }
    assert_int_equal(calls, 0);
    turn_for(5);
    assert_int_equal(calls, 50);
    for (int i = 0; i < 50; i++)
        assert_int_equal(order[i], i);
}

static void post_from_threads(void *data)
{
    numbered *posts = data;
    assert_false(rj_loop_is_current(loop));
    for (int i = 0; i < 1000; i++)
        rj_loop_post(loop, &posts[i].post, count, NULL);
}

static void no_post_of_other_threads_is_lost(void **state)
{
    (void)state;
    static numbered posts[4][1000];
    uv_thread_t threads[4];
    assert_true(rj_loop_is_current(loop));
    for (int i = 0; i < 4; i++)
        uv_thread_create(&threads[i], post_from_threads, posts[i]);
    for (int turns = 0; calls < 4000 && turns < 5000; turns++)
        rj_loop_turn(loop, 10);
    for (int i = 0; i < 4; i++)
        uv_thread_join(&threads[i]);
    assert_int_equal(calls, 4000);
}

static void post_again(void *data)
{
    numbered *p = data;
    calls++;
    if (calls < 100000)
        rj_loop_post(loop, &p->post, post_again, p);
}

static void a_chain_of_posts_does_not_starve_a_timer(void **state)
{
    (void)state;
    numbered p;
    rj_timer *timer = NULL;
    rj_loop_post(loop, &p.post, post_again, &p);
    assert_int_equal(rj_timer_start(loop, 1, 0, count, NULL, &timer, NULL), RJ_OK);
    for (int turns = 0; turns < 3; turns++)
        rj_loop_turn(loop, 10);
    assert_in_range(calls, 1, 99999);
    while (calls < 100000)
        rj_loop_turn(loop, 10);
    turn_for(2);
    rj_timer_stop(timer);
}

static void posts_left_at_the_end_are_called(void **state)
{
    (void)state;
    numbered p;
    rj_loop_post(loop, &p.post, count, NULL);
    rj_loop_free(loop);
    assert_int_equal(calls, 1);
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
}

static void timers_fire_once_or_periodically_until_stopped(void **state)
{
    (void)state;
    rj_timer *once = NULL;
    rj_timer *often = NULL;
    rj_timer *never = NULL;
    rj_timer_start(loop, 10, 0, count, NULL, &once, NULL);
    turn_for(40);
    assert_int_equal(calls, 1);
    rj_timer_start(loop, 10, 10, count, NULL, &often, NULL);
    rj_timer_start(loop, 5, 0, count, NULL, &never, NULL);
    rj_timer_stop(never);
    turn_for(100);
    assert_in_range(calls, 4, 11);
    rj_timer_stop(often);
    int so_far = calls;
    turn_for(30);
    assert_int_equal(calls, so_far);
    rj_timer_stop(once);
    rj_timer_stop(NULL);
}

static rj_timer *self;

static void stop_myself(void *data)
{
    (void)data;
    calls++;
    rj_timer_stop(self);
}

static void a_timer_may_stop_itself(void **state)
{
    (void)state;
    rj_timer_start(loop, 1, 1, stop_myself, NULL, &self, NULL);
    turn_for(20);
    assert_int_equal(calls, 1);
}

static void timers_and_watches_left_at_the_end_are_dropped(void **state)
{
    (void)state;
    rj_timer *timer;
    rj_watch *watch;
    rj_timer_start(loop, 1000, 0, count, NULL, &timer, NULL);
    char folder[TEST_FOLDER_MAX];
    assert_true(test_folder("test", folder, sizeof folder));
    assert_int_equal(rj_watch_directory(loop, folder, count, NULL, &watch, NULL), RJ_OK);
    assert_int_equal(rj_watch_signal(loop, SIGINT, count, NULL, &watch, NULL), RJ_OK);
    test_stream_pair(pipe_ends);
    assert_int_equal(rj_watch_readable(loop, pipe_ends[0], count, NULL, &watch, NULL), RJ_OK);
    rj_loop_free(loop);
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
    test_stream_close(pipe_ends[0]);
    test_stream_close(pipe_ends[1]);
    assert_int_equal(rj_dir_remove(folder, NULL), RJ_OK);
}

static void read_one(void *data)
{
    char byte;
    (void)data;
    calls++;
    assert_int_equal(rj_stream_read(pipe_ends[0], &byte, 1), 1);
}

static void a_readable_descriptor_is_reported(void **state)
{
    (void)state;
    rj_watch *watch = NULL;
    test_stream_pair(pipe_ends);
    assert_int_equal(rj_watch_readable(loop, pipe_ends[0], read_one, NULL, &watch, NULL), RJ_OK);
    turn_for(20);
    assert_int_equal(calls, 0);
    assert_int_equal(rj_stream_write(pipe_ends[1], "ab", 2), 2);
    for (int turns = 0; turns < 200 && calls < 2; turns++)
        rj_loop_turn(loop, 10);
    turn_for(20);
    assert_int_equal(calls, 2);
    rj_watch_stop(watch);
    rj_watch_stop(NULL);
    turn_for(1);
    test_stream_close(pipe_ends[0]);
    test_stream_close(pipe_ends[1]);
}

static void what_cannot_be_watched_is_an_error(void **state)
{
    (void)state;
    rj_watch *watch = NULL;
    rj_error err = RJ_ERROR_NONE;
    char text[200];
    assert_int_equal(rj_watch_directory(loop, test_absent_folder(), count, NULL, &watch, &err),
                     RJ_E_NOT_FOUND);
    snprintf(text, sizeof text, "%s cannot be watched: no such file or directory",
             test_absent_folder());
    assert_string_equal(err.text, text);
    assert_int_not_equal(rj_watch_readable(loop, 9999, count, NULL, &watch, &err), RJ_OK);
    assert_int_not_equal(rj_watch_signal(loop, 9999, count, NULL, &watch, &err), RJ_OK);
    assert_null(watch);
}

static void changes_of_a_folder_are_gathered(void **state)
{
    (void)state;
    char folder[TEST_FOLDER_MAX];
    char path[TEST_FOLDER_MAX + 8];
    rj_watch *watch = NULL;
    assert_true(test_folder("test", folder, sizeof folder));
    assert_int_equal(rj_watch_directory(loop, folder, count, NULL, &watch, NULL), RJ_OK);
    for (int i = 0; i < 30; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        fclose(fopen(path, "w"));
    }
    turn_for(300);
    assert_in_range(calls, 1, 2);
    int so_far = calls;
    turn_for(200);
    assert_int_equal(calls, so_far);
    rj_watch_stop(watch);
    assert_int_equal(rj_dir_remove(folder, NULL), RJ_OK);
}

static void a_signal_is_reported(void **state)
{
    (void)state;
    rj_watch *watch = NULL;
    if (!test_signal())
        tap_skip("no signal of this system can be raised by the process itself");
    assert_int_equal(rj_watch_signal(loop, test_signal(), count, NULL, &watch, NULL), RJ_OK);
    test_raise(test_signal());
    turn_for(50);
    assert_int_equal(calls, 1);
    rj_watch_stop(watch);
}

static void stop_soon(void *data)
{
    uv_sleep(20);
    rj_loop_stop(data);
}

static void running_ends_when_another_thread_says_so(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        uv_thread_t thread;
        uv_thread_create(&thread, stop_soon, loop);
        rj_loop_run(loop);
        uv_thread_join(&thread);
    }
}

static void a_failing_allocation_is_an_error(void **state)
{
    (void)state;
    rj_timer *timer = NULL;
    rj_watch *watch = NULL;
    rj_loop *other = NULL;
    rj_alloc_fail_from(1);
    rj_status timer_status = rj_timer_start(loop, 1, 0, count, NULL, &timer, NULL);
    rj_status watch_status =
        rj_watch_directory(loop, test_absent_folder(), count, NULL, &watch, NULL);
    rj_status loop_status = rj_loop_new(&other, NULL);
    rj_alloc_fail_from(0);
    assert_int_equal(timer_status, RJ_E_NO_MEMORY);
    assert_int_equal(watch_status, RJ_E_NO_MEMORY);
    assert_int_equal(loop_status, RJ_E_NO_MEMORY);
}

#define WITH_LOOP(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(posts_run_in_order_on_a_later_turn),
        WITH_LOOP(no_post_of_other_threads_is_lost),
        WITH_LOOP(a_chain_of_posts_does_not_starve_a_timer),
        WITH_LOOP(posts_left_at_the_end_are_called),
        WITH_LOOP(timers_fire_once_or_periodically_until_stopped),
        WITH_LOOP(a_timer_may_stop_itself),
        WITH_LOOP(timers_and_watches_left_at_the_end_are_dropped),
        WITH_LOOP(a_readable_descriptor_is_reported),
        WITH_LOOP(what_cannot_be_watched_is_an_error),
        WITH_LOOP(changes_of_a_folder_are_gathered),
        WITH_LOOP(a_signal_is_reported),
        WITH_LOOP(running_ends_when_another_thread_says_so),
        WITH_LOOP(a_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("runtime_loop", tests, NULL, NULL);
}
