/* SPDX-License-Identifier: MIT */
/* Told of the end as the system does it: by messages to every top-level window.  Without a screen there are
 * none under Wine, so test/windows/tray_test.py runs this with one. */
#include "platform/win32/end_event_win32.h"
#include "session/sign_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <windows.h>

static rj_loop *loop;
static rj_sign_out *watch;
static unsigned ends;

static void on_ended(void *data)
{
    (void)data;
    ends++;
}

static int set_up(void **state)
{
    (void)state;
    ends = 0;
    return rj_loop_new(&loop, NULL) == RJ_OK &&
                   rj_sign_out_watch(loop, on_ended, NULL, &watch, NULL) == RJ_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rj_sign_out_stop(watch);
    rj_loop_free(loop);
    return 0;
}

static HWND window(void)
{
    HWND found = FindWindowW(L"RealmJoinSession", NULL);
    assert_non_null(found);
    return found;
}

static LRESULT ask(LPARAM flags)
{
    return SendMessageW(window(), WM_QUERYENDSESSION, 0, flags);
}

static DWORD WINAPI end_session(void *flags)
{
    SendMessageW(window(), WM_ENDSESSION, TRUE, (LPARAM)flags);
    return 0;
}

static void turn_until_ended(void)
{
    for (int turns = 0; turns < 300 && !ends; turns++)
        rj_loop_turn(loop, 10);
    assert_int_equal(ends, 1);
}

static void the_end_is_granted_told_once_and_waits_until_all_is_cleaned_up(void **state)
{
    (void)state;
    assert_int_equal(ask(0), TRUE);
    assert_int_equal(ask(ENDSESSION_CLOSEAPP), TRUE);
    HANDLE sender = CreateThread(NULL, 0, end_session, (void *)ENDSESSION_CLOSEAPP, 0, NULL);
    turn_until_ended();
    assert_int_equal(WaitForSingleObject(sender, 200), WAIT_TIMEOUT);
    rj_sign_out_stop(watch);
    watch = NULL;
    assert_int_equal(WaitForSingleObject(sender, 5000), WAIT_OBJECT_0);
    CloseHandle(sender);
}

static void a_reason_that_goes_while_the_session_ends_holds_nobody_up(void **state)
{
    (void)state;
    rj_sign_out_hold(watch, "Größenrechner wird installiert");
    HANDLE sender = CreateThread(NULL, 0, end_session, (void *)ENDSESSION_CRITICAL, 0, NULL);
    turn_until_ended();
    ULONGLONG begin = GetTickCount64();
    rj_sign_out_hold(watch, NULL);
    assert_true(GetTickCount64() - begin < 5000);
    rj_sign_out_stop(watch);
    watch = NULL;
    assert_int_equal(WaitForSingleObject(sender, 5000), WAIT_OBJECT_0);
    CloseHandle(sender);
}

static void an_end_that_did_not_come_about_ends_nothing(void **state)
{
    (void)state;
    SendMessageW(window(), WM_ENDSESSION, FALSE, 0);
    for (int turns = 0; turns < 10; turns++)
        rj_loop_turn(loop, 5);
    assert_int_equal(ends, 0);
}

static void a_reason_holds_the_end_up_unless_it_is_forced(void **state)
{
    (void)state;
    rj_sign_out_hold(watch, "Größenrechner wird installiert");
    assert_int_equal(ask(0), FALSE);
    assert_int_equal(ask(ENDSESSION_CLOSEAPP), FALSE);
    assert_int_equal(ask((LPARAM)ENDSESSION_CRITICAL), TRUE);
    rj_sign_out_hold(watch, NULL);
    assert_int_equal(ask(0), TRUE);
}

static void messages_of_other_programs_bring_nothing_with_them(void **state)
{
    (void)state;
    SendMessageW(window(), WM_APP + 1, 0, (LPARAM)0x10);
    assert_int_equal(ask(0), TRUE);
    SendMessageW(window(), WM_APP + 2, 1, (LPARAM)0x10);
    char bytes[] = "abc";
    COPYDATASTRUCT copied = {.cbData = sizeof bytes, .lpData = bytes};
    SendMessageW(window(), WM_COPYDATA, 0, (LPARAM)&copied);
    rj_sign_out_hold(watch, "still heard");
    assert_int_equal(ask(0), FALSE);
    rj_sign_out_hold(watch, NULL);
    assert_int_equal(ends, 0);
}

static void a_program_that_asks_us_to_close_is_heard(void **state)
{
    (void)state;
    PostMessageW(window(), WM_CLOSE, 0, 0);
    PostMessageW(window(), WM_CLOSE, 0, 0);
    turn_until_ended();
    assert_int_equal(ask(0), TRUE); /* the window is still there */
}

static void an_installer_ends_it_though_a_package_holds_the_end_up(void **state)
{
    (void)state;
    rj_sign_out_hold(watch, "Größenrechner wird installiert");
    HANDLE event = rj_end_event_open(GetCurrentProcessId());
    assert_non_null(event);
    assert_true(SetEvent(event));
    turn_until_ended();
    assert_int_equal(ask((LPARAM)ENDSESSION_CRITICAL), TRUE); /* it still listens */
    CloseHandle(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_end_is_granted_told_once_and_waits_until_all_is_cleaned_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_end_that_did_not_come_about_ends_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_reason_that_goes_while_the_session_ends_holds_nobody_up,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reason_holds_the_end_up_unless_it_is_forced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_installer_ends_it_though_a_package_holds_the_end_up,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_of_other_programs_bring_nothing_with_them, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_program_that_asks_us_to_close_is_heard, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
