/* SPDX-License-Identifier: MIT */
/* Frames over a socket pair whose other end the tests hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "platform/stream.h"
#include "platform/system.h"
#include "runtime/channel.h"
#include "test_stream.h"

#include <stdlib.h>
#include <string.h>

static rj_loop *loop;
static rj_channel *channel;
static int ours, theirs;
static unsigned frames, ends;
static size_t last_length;
static uint64_t last_handle;
static rj_status end_status;
static char end_why[100];
static bool close_inside;

static void on_frame(void *data, const rj_wire_frame *frame)
{
    (void)data;
    frames++;
    last_length = frame->length;
    last_handle = frame->handle;
    for (size_t i = 0; i < frame->length; i++) /* all of it may be read */
        if (frame->payload[i] != 'p')
            fail_msg("byte %zu of frame %u is another", i, frames);
    if (close_inside) {
        rj_channel_close(channel);
        channel = NULL;
    }
}

static void on_ended(void *data, rj_status status, const char *why)
{
    (void)data;
    ends++;
    end_status = status;
    strncpy(end_why, why, sizeof end_why - 1);
    if (close_inside) {
        rj_channel_close(channel);
        channel = NULL;
    }
}

static void open_channel(rj_wire_direction direction)
{
    rj_channel_hooks hooks = {.frame = on_frame, .ended = on_ended};
    int pair[2];
    test_stream_pair(pair);
    ours = pair[0];
    theirs = pair[1];
    assert_int_equal(rj_channel_open(loop, ours, direction, &hooks, &channel, NULL), RJ_OK);
}

static int setup(void **state)
{
    (void)state;
    frames = ends = 0;
    last_length = 0;
    end_status = RJ_OK;
    memset(end_why, 0, sizeof end_why);
    close_inside = false;
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
    open_channel(RJ_WIRE_TO_CORE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rj_channel_close(channel);
    channel = NULL;
    test_stream_close(ours);
    if (theirs >= 0)
        test_stream_close(theirs);
    rj_loop_free(loop);
    return 0;
}

/* A frame of so many bytes of payload; rj_wire_discard(). */
static rj_wire_writer make_frame(rj_wire_type type, uint64_t handle, size_t length)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, type, handle);
    for (size_t i = 0; i < length; i += 4)
        rj_wire_put_u32(&writer, 0x70707070u);
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    return writer;
}

static void write_bytes(const char *bytes, size_t length)
{
    uint64_t limit = rj_clock_monotonic_ms() + 20000;
    while (length && rj_clock_monotonic_ms() < limit) {
        long sent = rj_stream_write(theirs, bytes, length);
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        }
        rj_loop_turn(loop, 0);
    }
    assert_int_equal(length, 0);
}

static void turn_until(const unsigned *count, unsigned wanted)
{
    uint64_t limit = rj_clock_monotonic_ms() + 20000;
    while (*count < wanted && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(loop, 50);
    assert_int_equal(*count, wanted);
}

static void frames_arrive_whole_however_they_are_cut(void **state)
{
    (void)state;
    rj_wire_writer one = make_frame(RJ_WIRE_LOG, 7, 40);
    for (size_t i = 0; i < one.length; i++) {
        write_bytes(one.bytes + i, 1);
        if (i + 1 < one.length)
            assert_int_equal(frames, 0);
    }
    turn_until(&frames, 1);
    char many[20000];
    size_t count = sizeof many / one.length;
    for (size_t i = 0; i < count; i++)
        memcpy(many + i * one.length, one.bytes, one.length);
    write_bytes(many, count * one.length);
    turn_until(&frames, 1 + (unsigned)count);
    assert_int_equal(last_handle, 7);
    assert_int_equal(ends, 0);
    rj_wire_discard(&one);
}

static void the_largest_frame_arrives_and_small_ones_behind_it(void **state)
{
    (void)state;
    rj_wire_writer large = make_frame(RJ_WIRE_LOG, 1, RJ_WIRE_PAYLOAD_MAX);
    rj_wire_writer small = make_frame(RJ_WIRE_LOG, 2, 8);
    for (unsigned round = 1; round <= 3; round++) {
        write_bytes(large.bytes, large.length);
        write_bytes(small.bytes, small.length);
        turn_until(&frames, 2 * round);
        assert_int_equal(last_handle, 2);
    }
    rj_wire_discard(&large);
    rj_wire_discard(&small);
}

static void what_is_no_frame_ends_it_once_with_the_reason(void **state)
{
    (void)state;
    static const char garbage[64] = "this is no frame and does not look like one at all";
    rj_wire_writer good = make_frame(RJ_WIRE_LOG, 1, 8);
    write_bytes(good.bytes, good.length);
    write_bytes(garbage, sizeof garbage);
    turn_until(&ends, 1);
    assert_int_equal(frames, 1);
    assert_int_equal(end_status, RJ_E_CORRUPT);
    assert_string_equal(end_why, "was killed: it sent what is no message");
    write_bytes(good.bytes, good.length); /* nothing comes after it */
    rj_loop_turn(loop, 10);
    assert_int_equal(frames, 1);
    assert_int_equal(ends, 1);
    assert_int_equal(rj_channel_send(channel, good.bytes, good.length), RJ_E_IO);
    rj_wire_discard(&good);
}

static void a_frame_larger_than_allowed_ends_it(void **state)
{
    (void)state;
    rj_wire_writer good = make_frame(RJ_WIRE_LOG, 1, 0);
    good.bytes[3] = 1; /* 16 MiB are to follow */
    write_bytes(good.bytes, good.length);
    turn_until(&ends, 1);
    assert_int_equal(end_status, RJ_E_LIMIT);
    assert_string_equal(end_why, "was killed: it sent a message larger than allowed");
    rj_wire_discard(&good);
}

static void a_frame_of_the_other_direction_ends_it(void **state)
{
    (void)state;
    rj_wire_writer other = make_frame(RJ_WIRE_STOP, 0, 0);
    write_bytes(other.bytes, other.length);
    turn_until(&ends, 1);
    assert_int_equal(end_status, RJ_E_CORRUPT);
    rj_wire_discard(&other);
}

static void an_end_between_two_frames_is_an_end(void **state)
{
    (void)state;
    rj_wire_writer good = make_frame(RJ_WIRE_LOG, 1, 8);
    write_bytes(good.bytes, good.length);
    test_stream_close(theirs);
    theirs = -1;
    turn_until(&ends, 1);
    assert_int_equal(frames, 1);
    assert_int_equal(end_status, RJ_OK);
    rj_wire_discard(&good);
}

static void an_end_in_the_middle_of_a_frame_says_so(void **state)
{
    (void)state;
    rj_wire_writer good = make_frame(RJ_WIRE_LOG, 1, 8);
    write_bytes(good.bytes, good.length);
    write_bytes(good.bytes, good.length - 1);
    test_stream_close(theirs);
    theirs = -1;
    turn_until(&ends, 1);
    assert_int_equal(frames, 1);
    assert_int_equal(end_status, RJ_E_IO);
    assert_string_equal(end_why, "ended in the middle of a message");
    rj_wire_discard(&good);
}

static void it_may_be_closed_from_inside_a_frame(void **state)
{
    (void)state;
    rj_wire_writer good = make_frame(RJ_WIRE_LOG, 1, 8);
    char two[64];
    memcpy(two, good.bytes, good.length);
    memcpy(two + good.length, good.bytes, good.length);
    close_inside = true;
    write_bytes(two, 2 * good.length);
    turn_until(&frames, 1);
    rj_loop_turn(loop, 10);
    assert_int_equal(frames, 1); /* and no call after it */
    assert_int_equal(ends, 0);
    rj_wire_discard(&good);
}

static void it_may_be_closed_from_inside_its_end(void **state)
{
    (void)state;
    close_inside = true;
    test_stream_close(theirs);
    theirs = -1;
    turn_until(&ends, 1);
    assert_null(channel);
}

static void who_does_not_read_is_told_no_more_than_the_limit(void **state)
{
    (void)state;
    rj_wire_writer frame = make_frame(RJ_WIRE_EVENT, 1, 1024 * 1024);
    size_t taken = 0;
    rj_status status = RJ_OK;
    while (!status && taken < 2 * RJ_CHANNEL_UNSENT_MAX) {
        status = rj_channel_send(channel, frame.bytes, frame.length);
        taken += status ? 0 : frame.length;
    }
    assert_int_equal(status, RJ_E_LIMIT);
    assert_true(taken > RJ_CHANNEL_UNSENT_MAX - 2 * frame.length);
    /* When it reads again it gets every byte of what was taken, and then there is room again. */
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    uint64_t limit = rj_clock_monotonic_ms() + 20000; /* the machine may be busy */
    size_t read_in_all = 0;
    while (read_in_all < taken && rj_clock_monotonic_ms() < limit) {
        long got = rj_stream_read(theirs, bytes, 1 << 20);
        for (long i = 0; i < got; i++, read_in_all++)
            if (bytes[i] != frame.bytes[read_in_all % frame.length])
                fail_msg("byte %zu is another", read_in_all);
        rj_loop_turn(loop, 0);
    }
    free(bytes);
    assert_int_equal(read_in_all, taken);
    assert_int_equal(rj_channel_send(channel, frame.bytes, frame.length), RJ_OK);
    rj_wire_discard(&frame);
}

static void sending_to_one_that_is_gone_is_told_and_raises_no_signal(void **state)
{
    (void)state;
    rj_wire_writer frame = make_frame(RJ_WIRE_EVENT, 1, 8);
    test_stream_close(theirs);
    theirs = -1;
    assert_int_equal(rj_channel_send(channel, frame.bytes, frame.length), RJ_E_IO);
    turn_until(&ends, 1);
    rj_wire_discard(&frame);
}

static void catching_up_reads_now_and_no_more_than_a_socket_holds(void **state)
{
    (void)state;
    rj_wire_writer good = make_frame(RJ_WIRE_LOG, 3, 8);
    assert_int_equal(rj_stream_write(theirs, good.bytes, good.length), (long)good.length);
    rj_channel_catch_up(channel);
    assert_int_equal(frames, 1);
    rj_channel_catch_up(channel);
    assert_int_equal(frames, 1);
    rj_wire_discard(&good);
}

static void two_calls_at_once_end_it_before_either_is_made(void **state)
{
    (void)state;
    rj_channel_close(channel);
    test_stream_close(ours);
    test_stream_close(theirs);
    open_channel(RJ_WIRE_CALL);
    rj_wire_writer call = make_frame(RJ_WIRE_CONFIG, 0, 0);
    write_bytes(call.bytes, call.length); /* one after the other is as it should be */
    turn_until(&frames, 1);
    write_bytes(call.bytes, call.length);
    turn_until(&frames, 2);
    char two[64];
    memcpy(two, call.bytes, call.length);
    memcpy(two + call.length, call.bytes, call.length);
    write_bytes(two, 2 * call.length);
    turn_until(&ends, 1);
    assert_int_equal(frames, 2);
    assert_int_equal(end_status, RJ_E_CORRUPT);
    assert_string_equal(end_why, "was killed: it asked again before it was answered");
    rj_wire_discard(&call);
}

static void without_memory_for_a_large_frame_it_ends_and_says_so(void **state)
{
    (void)state;
    rj_wire_writer large = make_frame(RJ_WIRE_LOG, 1, 100000);
    assert_int_equal(rj_stream_write(theirs, large.bytes, 30000), 30000);
    rj_alloc_fail_from(1);
    for (int i = 0; i < 20 && !ends; i++)
        rj_loop_turn(loop, 10);
    rj_alloc_fail_from(0);
    assert_int_equal(ends, 1);
    assert_int_equal(end_status, RJ_E_NO_MEMORY);
    rj_wire_discard(&large);
}

static void without_memory_it_is_not_opened_and_nothing_leaks(void **state)
{
    (void)state;
    rj_channel_hooks hooks = {.frame = on_frame, .ended = on_ended};
    rj_channel *second = NULL;
    rj_status status = RJ_E_NO_MEMORY;
    for (uint64_t n = 1; status && n < 20; n++) {
        rj_alloc_fail_from(n);
        status = rj_channel_open(loop, theirs, RJ_WIRE_TO_WORKER, &hooks, &second, NULL);
        rj_alloc_fail_from(0);
        if (status) {
            assert_int_equal(status, RJ_E_NO_MEMORY);
            assert_null(second);
        }
    }
    assert_int_equal(status, RJ_OK);
    rj_channel_close(second);
}

#define WITH_CHANNEL(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHANNEL(frames_arrive_whole_however_they_are_cut),
        WITH_CHANNEL(the_largest_frame_arrives_and_small_ones_behind_it),
        WITH_CHANNEL(what_is_no_frame_ends_it_once_with_the_reason),
        WITH_CHANNEL(a_frame_larger_than_allowed_ends_it),
        WITH_CHANNEL(a_frame_of_the_other_direction_ends_it),
        WITH_CHANNEL(an_end_between_two_frames_is_an_end),
        WITH_CHANNEL(an_end_in_the_middle_of_a_frame_says_so),
        WITH_CHANNEL(it_may_be_closed_from_inside_a_frame),
        WITH_CHANNEL(it_may_be_closed_from_inside_its_end),
        WITH_CHANNEL(who_does_not_read_is_told_no_more_than_the_limit),
        WITH_CHANNEL(sending_to_one_that_is_gone_is_told_and_raises_no_signal),
        WITH_CHANNEL(catching_up_reads_now_and_no_more_than_a_socket_holds),
        WITH_CHANNEL(two_calls_at_once_end_it_before_either_is_made),
        WITH_CHANNEL(without_memory_for_a_large_frame_it_ends_and_says_so),
        WITH_CHANNEL(without_memory_it_is_not_opened_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
