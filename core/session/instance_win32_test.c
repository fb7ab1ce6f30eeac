/* SPDX-License-Identifier: MIT */
/* One session program a user, and the links that reach it. */
#include "base/alloc.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/registry_win32.h"
#include "session/instance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#define ROOT "C:/rj-instance-test"

static rj_loop *loop;
static char got[300];
static unsigned arrived;

static void on_link(void *data, const char *text)
{
    (void)data;
    snprintf(got, sizeof got, "%s", text);
    arrived++;
}

static int set_up(void **state)
{
    (void)state;
    got[0] = '\0';
    arrived = 0;
    return rj_loop_new(&loop, NULL) == RJ_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rj_loop_free(loop);
    return 0;
}

static void a_link_reaches_the_running_session_and_a_second_session_is_refused(void **state)
{
    (void)state;
    rj_instance *first = NULL, *second = NULL;
    assert_int_equal(rj_instance_forward(ROOT, "realmjoin:sync:", NULL), RJ_E_NOT_FOUND);
    assert_int_equal(rj_instance_claim(loop, ROOT, on_link, NULL, &first, NULL), RJ_OK);
    assert_int_equal(rj_instance_claim(loop, ROOT, on_link, NULL, &second, NULL), RJ_E_BUSY);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rj_instance_forward(ROOT, "realmjoin:install:tool", NULL), RJ_OK);
        for (int turns = 0; turns < 100 && arrived <= i; turns++)
            rj_loop_turn(loop, 10);
        assert_int_equal(arrived, i + 1);
        assert_string_equal(got, "realmjoin:install:tool");
    }
    rj_instance_release(first);
    assert_int_equal(rj_instance_forward(ROOT, "realmjoin:sync:", NULL), RJ_E_NOT_FOUND);
    assert_int_equal(rj_instance_claim(loop, ROOT, NULL, NULL, &first, NULL), RJ_OK);
    /* It has no window to show anything in. */
    assert_int_equal(rj_instance_forward(ROOT, "realmjoin:sync:", NULL), RJ_E_NOT_FOUND);
    rj_instance_release(first);
}

static void a_second_start_asks_the_first_to_be_seen(void **state)
{
    (void)state;
    rj_instance *first = NULL;
    assert_int_equal(rj_instance_claim(loop, ROOT, on_link, NULL, &first, NULL), RJ_OK);
    assert_int_equal(rj_instance_forward(ROOT, RJ_INSTANCE_SHOW, NULL), RJ_OK);
    for (int turns = 0; turns < 100 && !arrived; turns++)
        rj_loop_turn(loop, 10);
    assert_string_equal(got, RJ_INSTANCE_SHOW);
    assert_int_not_equal(rj_instance_forward(ROOT, "shows", NULL), RJ_OK);
    assert_int_not_equal(rj_instance_forward(ROOT, "sho", NULL), RJ_OK);
    rj_instance_release(first);
}

static void what_the_grammar_does_not_know_never_arrives(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "realmjoin:",
                                        "realmjoin:install:a b",
                                        "realmjoin:install:tool\" --evil \"",
                                        "realmjoin:uninstall:tool",
                                        "calc.exe"};
    char text[400];
    rj_instance *instance = NULL;
    assert_int_equal(rj_instance_claim(loop, ROOT, on_link, NULL, &instance, NULL), RJ_OK);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_not_equal(rj_instance_forward(ROOT, texts[i], NULL), RJ_OK);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(rj_instance_forward(ROOT, text, NULL), RJ_E_INVALID);
    for (int turns = 0; turns < 10; turns++)
        rj_loop_turn(loop, 5);
    assert_int_equal(arrived, 0);
    assert_int_equal(rj_instance_forward(ROOT, "realmjoin:sync:", NULL), RJ_OK); /* it goes on */
    rj_instance_release(instance); /* with the link still on its way */
    for (int turns = 0; turns < 10; turns++)
        rj_loop_turn(loop, 5);
    assert_int_equal(arrived, 0);
}

/* Numbers of handles are given out anew, the lowest first or the last one closed. */
static uintptr_t next_handle(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    assert_non_null(event);
    CloseHandle(event);
    return (uintptr_t)event;
}

static void a_text_that_is_too_long_leaves_nothing_open(void **state)
{
    enum { TRIES = 100 };
    char text[400];
    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    uintptr_t before = next_handle();
    for (int i = 0; i < TRIES; i++)
        assert_int_equal(rj_instance_forward(ROOT, text, NULL), RJ_E_INVALID);
    assert_true(next_handle() < before + TRIES);
}

static void a_session_that_shows_nothing_does_not_take_the_wish_to_be_seen(void **state)
{
    (void)state;
    rj_instance *first = NULL;
    assert_int_equal(rj_instance_claim(loop, ROOT, NULL, NULL, &first, NULL), RJ_OK);
    assert_int_equal(rj_instance_forward(ROOT, RJ_INSTANCE_SHOW, NULL), RJ_E_NOT_FOUND);
    rj_instance_release(first);
}

/* As another program of this user may open it. */
static HANDLE connect_by_hand(void)
{
    char tag[17], *sid = NULL;
    wchar_t name[300];
    DWORD session = 0;
    HANDLE pipe = INVALID_HANDLE_VALUE;
    assert_int_equal(rj_account_token_sid(NULL, &sid, NULL), RJ_OK);
    rj_root_tag(ROOT, tag);
    ProcessIdToSessionId(GetCurrentProcessId(), &session);
    swprintf(name, 300, L"\\\\.\\pipe\\realmjoin-session-%lu-%hs-%hs", (unsigned long)session, sid,
             tag);
    rj_free(sid);
    for (int tries = 0; tries < 50 && pipe == INVALID_HANDLE_VALUE; tries++) {
        pipe = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (pipe == INVALID_HANDLE_VALUE)
            Sleep(20);
    }
    assert_true(pipe != INVALID_HANDLE_VALUE);
    return pipe;
}

static void a_sender_that_never_reads_its_answer_holds_nobody_up(void **state)
{
    (void)state;
    DWORD count = 0;
    rj_instance *instance = NULL;
    assert_int_equal(rj_instance_claim(loop, ROOT, on_link, NULL, &instance, NULL), RJ_OK);
    HANDLE mute = connect_by_hand();
    assert_true(WriteFile(mute, "realmjoin:install:tool", 22, &count, NULL));
    for (int turns = 0; turns < 100 && !arrived; turns++)
        rj_loop_turn(loop, 10);
    assert_int_equal(arrived, 1);
    rj_status status = RJ_E_NOT_FOUND;
    for (int tries = 0; tries < 10 && status; tries++)
        status = rj_instance_forward(ROOT, "realmjoin:sync:", NULL);
    assert_int_equal(status, RJ_OK);
    HANDLE silent = connect_by_hand();
    ULONGLONG begun = GetTickCount64();
    rj_instance_release(instance);
    assert_true(GetTickCount64() - begun < 5000);
    CloseHandle(mute);
    CloseHandle(silent);
    for (int turns = 0; turns < 10; turns++)
        rj_loop_turn(loop, 5);
}

static DWORD WINAPI forward_one(void *data)
{
    (void)data;
    return (DWORD)rj_instance_forward(ROOT, "realmjoin:install:tool", NULL);
}

static void a_crowd_of_links_at_once_arrives_whole(void **state)
{
    (void)state;
    enum { CROWD = 24 };
    HANDLE senders[CROWD];
    rj_instance *instance = NULL;
    assert_int_equal(rj_instance_claim(loop, ROOT, on_link, NULL, &instance, NULL), RJ_OK);
    for (int i = 0; i < CROWD; i++)
        senders[i] = CreateThread(NULL, 0, forward_one, NULL, 0, NULL);
    DWORD done;
    do {
        rj_loop_turn(loop, 10);
        done = WaitForMultipleObjects(CROWD, senders, TRUE, 0);
    } while (done == WAIT_TIMEOUT);
    for (int i = 0; i < CROWD; i++) {
        DWORD status = 1;
        assert_true(GetExitCodeThread(senders[i], &status));
        assert_int_equal(status, RJ_OK);
        CloseHandle(senders[i]);
    }
    for (int turns = 0; turns < 10; turns++)
        rj_loop_turn(loop, 5);
    assert_int_equal(arrived, CROWD);
    rj_instance_release(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_link_reaches_the_running_session_and_a_second_session_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sender_that_never_reads_its_answer_holds_nobody_up,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crowd_of_links_at_once_arrives_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_start_asks_the_first_to_be_seen, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_session_that_shows_nothing_does_not_take_the_wish_to_be_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_text_that_is_too_long_leaves_nothing_open, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_the_grammar_does_not_know_never_arrives, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("instance", tests, NULL, NULL);
}
