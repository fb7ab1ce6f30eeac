/* SPDX-License-Identifier: MIT */
#include "ipc/server_fixture_test.h"
#include "platform/stream.h"
#include "test_stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

/* ---- Tests: clients without manners ------------------------------------------------------------ */

static void what_is_no_message_is_answered_and_the_connection_closed(void **state)
{
    static const char *const table[] = {"GET / HTTP/1.1\r\n", "\n", "[]\n", "\xff\xfe\n",
                                        "{\"jsonrpc\":\"2.0\"}\n"};
    char text[4096];
    (void)state;
    start_server();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int fd = open_raw();
        send_raw(fd, table[i]);
        assert_true(read_raw(fd, text, sizeof text) > 0);
        assert_non_null(strstr(text, "\"id\":null,\"error\""));
        assert_int_equal(read_raw(fd, text, sizeof text), -1);
        test_stream_close(fd);
    }
}

static void a_line_that_is_not_completed_in_time_ends_the_connection(void **state)
{
    char text[4096];
    (void)state;
    limits.partial_ms = 60;
    start_server();
    int idle = open_raw(), half = open_raw();
    send_raw(half, "{\"jsonrpc\"");
    for (int i = 0; i < 8; i++) { /* further bytes of the same line win no time */
        uv_sleep(15);
        rj_stream_write(half, " ", 1);
        turns(1);
    }
    assert_true(read_raw(half, text, sizeof text) > 0);
    assert_non_null(strstr(text, "not completed in time"));
    assert_int_equal(read_raw(half, text, sizeof text), -1);
    send_raw(idle, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}\n");
    assert_true(read_raw(idle, text, sizeof text) > 0);
    test_stream_close(idle);
    test_stream_close(half);
}

static void a_user_with_too_many_connections_is_refused_and_others_are_not(void **state)
{
    int fds[4];
    char text[4096];
    (void)state;
    limits.clients_per_user = 3;
    start_server();
    for (int i = 0; i < 4; i++)
        fds[i] = open_raw();
    assert_true(read_raw(fds[3], text, sizeof text) > 0);
    assert_non_null(strstr(text, "too many connections"));
    assert_int_equal(read_raw(fds[3], text, sizeof text), -1);
    caller = BOB;
    int bob = open_raw();
    send_raw(bob, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}\n");
    assert_true(read_raw(bob, text, sizeof text) > 0);
    assert_non_null(strstr(text, "\"result\""));
    test_stream_close(fds[0]);
    turns(3);
    caller = ALICE;
    int again = open_raw();
    send_raw(again, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}\n");
    assert_true(read_raw(again, text, sizeof text) > 0);
    assert_non_null(strstr(text, "\"result\""));
    for (int i = 1; i < 4; i++)
        test_stream_close(fds[i]);
    test_stream_close(bob);
    test_stream_close(again);
}

static void users_together_cannot_lock_out_root(void **state)
{
    int fds[3];
    char text[4096];
    (void)state;
    limits.clients = 2;
    start_server();
    for (int i = 0; i < 3; i++) {
        caller = ALICE + (rj_uid)i;
        fds[i] = open_raw();
    }
    assert_true(read_raw(fds[2], text, sizeof text) > 0);
    assert_non_null(strstr(text, "too many connections"));
    caller = 0;
    int admin = open_raw();
    send_raw(admin, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}\n");
    assert_true(read_raw(admin, text, sizeof text) > 0);
    assert_non_null(strstr(text, "\"result\""));
    for (int i = 0; i < 3; i++)
        test_stream_close(fds[i]);
    test_stream_close(admin);
}

static void a_reader_that_is_too_slow_is_disconnected_and_others_get_their_events(void **state)
{
    user bob;
    char text[4096];
    (void)state;
    limits.unsent_bytes = 64 * 1024;
    start_server();
    int slow = open_raw();
    send_raw(slow, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"topics\":"
                   "[\"run\"]}}\n");
    open_user(&bob, BOB);
    call(&bob, "subscribe", json_pack("{s:[s]}", "topics", "run"), NULL);
    for (int i = 0; i < 4000; i++) {
        json_t *document = json_pack("{s:s, s:i}", "message",
                                     "a message that is repeated until nobody wants to hear it "
                                     "any more, and then a few times more",
                                     "n", i);
        rj_server_event(server, "run", RJ_UID_MACHINE, document);
        json_decref(document);
        rj_loop_turn(loop, 0);
    }
    for (int i = 0; i < 200 && json_array_size(bob.notified) < 4000; i++)
        turns(1);
    turns(20);
    assert_int_equal(json_array_size(bob.notified), 4000);
    long got;
    do
        got = read_raw(slow, text, sizeof text);
    while (got > 0);
    assert_int_equal(got, -1);
    assert_int_equal(call(&bob, "version", NULL, NULL), RJ_OK);
    test_stream_close(slow);
    close_user(&bob);
}

static void
output_that_a_slow_reader_has_no_room_for_is_left_out_and_it_stays_connected(void **state)
{
    static char big[4000], text[64 * 1024];
    (void)state;
    limits.unsent_bytes = 64 * 1024;
    start_server();
    int slow = open_raw();
    send_raw(slow, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"topics\":"
                   "[\"output\"]}}\n");
    turns(3);
    memset(big, 'x', sizeof big - 1);
    for (int i = 0; i < 1000; i++) {
        json_t *document = json_pack("{s:i, s:s}", "line", i, "text", big);
        rj_server_event(server, "output", RJ_UID_MACHINE, document);
        json_decref(document);
        rj_loop_turn(loop, 0);
    }
    long got, all = 0;
    while ((got = read_raw(slow, text, sizeof text)) > 0)
        all += got;
    assert_true(all > 0 && all < 1000 * (long)sizeof big);
    send_raw(slow, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"version\",\"params\":{}}\n");
    turns(3);
    got = read_raw(slow, text, sizeof text - 1);
    assert_true(got > 0);
    text[got] = '\0';
    assert_non_null(strstr(text, "\"id\":2"));
    test_stream_close(slow);
}

static void a_client_that_vanishes_leaves_its_request_with_the_agent(void **state)
{
    (void)state;
    start_server();
    int fd = open_raw();
    const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"install\",\"params\":{\"id\":"
                        "\"a\"}}\n";
    assert_int_equal(rj_stream_write(fd, text, sizeof text - 1), sizeof text - 1);
    test_stream_close(fd);
    for (int i = 0; i < 100 && agent.requests == 0; i++)
        turns(1);
    turns(5);
    assert_int_equal(agent.requests, 1);
    assert_int_equal(agent.cancels, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_message_is_answered_and_the_connection_closed),
        TEST(a_line_that_is_not_completed_in_time_ends_the_connection),
        TEST(a_user_with_too_many_connections_is_refused_and_others_are_not),
        TEST(users_together_cannot_lock_out_root),
        TEST(a_reader_that_is_too_slow_is_disconnected_and_others_get_their_events),
        TEST(output_that_a_slow_reader_has_no_room_for_is_left_out_and_it_stays_connected),
        TEST(a_client_that_vanishes_leaves_its_request_with_the_agent),
    };
    test_stream_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
