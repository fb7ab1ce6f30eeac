/* SPDX-License-Identifier: MIT */
/*
 * What the service control manager asks, at every time it may ask it: no stop is lost.  The manager is
 * played here: the build takes its three functions for ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/scm_win32.h"
#include "service/service.h"
#include "service/service_main.h"

#include <string.h>

#define STATES_MAX 32

static struct {
    LPHANDLER_FUNCTION_EX control;
    DWORD states[STATES_MAX];
    size_t state_count;
    DWORD accepted; /* controls, of the last report */
    rj_loop *loop;
    unsigned stops, sessions;
    char why[64];
    bool ask_again; /* while a stop is handled */
} it;

/* ---- The manager ----------------------------------------------------------------------------- */

BOOL WINAPI StartServiceCtrlDispatcherW(const SERVICE_TABLE_ENTRYW *table)
{
    table->lpServiceProc(0, NULL);
    return TRUE;
}

SERVICE_STATUS_HANDLE WINAPI RegisterServiceCtrlHandlerExW(LPCWSTR name,
                                                           LPHANDLER_FUNCTION_EX control,
                                                           LPVOID context)
{
    (void)name, (void)context;
    it.control = control;
    return (SERVICE_STATUS_HANDLE)&it;
}

BOOL WINAPI SetServiceStatus(SERVICE_STATUS_HANDLE handle, LPSERVICE_STATUS status)
{
    assert_ptr_equal(handle, &it);
    assert_true(it.state_count < STATES_MAX);
    it.states[it.state_count++] = status->dwCurrentState;
    it.accepted = status->dwControlsAccepted;
    return TRUE;
}

static DWORD asks(DWORD control)
{
    WTSSESSION_NOTIFICATION session = {.cbSize = sizeof session, .dwSessionId = 1};
    return it.control(control, 0, &session, NULL);
}

static DWORD WINAPI asks_for_much(void *data)
{
    (void)data;
    for (int i = 0; i < 100; i++)
        asks(SERVICE_CONTROL_SESSIONCHANGE);
    asks(SERVICE_CONTROL_STOP);
    return 0;
}

/* ---- The service ----------------------------------------------------------------------------- */

static void on_asked(void *data, rj_service_asked what, const char *why)
{
    (void)data;
    if (what != RJ_SERVICE_ASKED_STOP) {
        it.sessions++;
        return;
    }
    it.stops++;
    strncpy(it.why, why, sizeof it.why - 1);
    if (it.ask_again && it.stops == 1)
        asks(SERVICE_CONTROL_STOP);
    else
        rj_loop_stop(it.loop);
}

static void listen_and_run(void)
{
    assert_int_equal(rj_service_listen(it.loop, on_asked, NULL, NULL), RJ_OK);
    rj_service_notify(RJ_SERVICE_READY, NULL);
    rj_loop_run(it.loop);
}

static int stopped_before_it_listens(const rj_service_options *options)
{
    (void)options;
    assert_int_equal(asks(SERVICE_CONTROL_STOP), NO_ERROR);
    listen_and_run();
    return RJ_SERVICE_OK;
}

static int stopped_before_its_loop_runs(const rj_service_options *options)
{
    (void)options;
    assert_int_equal(rj_service_listen(it.loop, on_asked, NULL, NULL), RJ_OK);
    rj_service_notify(RJ_SERVICE_READY, NULL);
    assert_int_equal(asks(SERVICE_CONTROL_STOP), NO_ERROR);
    rj_loop_run(it.loop);
    return RJ_SERVICE_OK;
}

static int stopped_among_much_else(const rj_service_options *options)
{
    (void)options;
    HANDLE threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_non_null(threads[i] = CreateThread(NULL, 0, asks_for_much, NULL, 0, NULL));
    listen_and_run();
    WaitForMultipleObjects(4, threads, TRUE, INFINITE);
    for (size_t i = 0; i < 4; i++)
        CloseHandle(threads[i]);
    return RJ_SERVICE_OK;
}

static int stopped_when_it_has_ended(const rj_service_options *options)
{
    int code = stopped_before_its_loop_runs(options);
    rj_service_unlisten();
    assert_int_equal(asks(SERVICE_CONTROL_STOP), NO_ERROR);
    return code;
}

static void run(int (*service)(const rj_service_options *), bool ask_again)
{
    rj_service_options options = {.service = true};
    memset(&it, 0, sizeof it);
    it.ask_again = ask_again;
    assert_int_equal(rj_loop_new(&it.loop, NULL), RJ_OK);
    assert_int_equal(rj_service_main(&options, service), RJ_SERVICE_OK);
    rj_service_unlisten();
    rj_loop_free(it.loop);
}

static void assert_states(const DWORD *states, size_t count)
{
    assert_int_equal(it.state_count, count);
    assert_memory_equal(it.states, states, count * sizeof *states);
    assert_int_equal(it.accepted, 0);
}

#define ASSERT_STATES(...)                                                                         \
    assert_states((const DWORD[]){__VA_ARGS__},                                                    \
                  sizeof((const DWORD[]){__VA_ARGS__}) / sizeof(DWORD))

/* ---- Tests ----------------------------------------------------------------------------------- */

static void a_stop_before_anybody_listens_is_handed_over_and_never_becomes_running(void **state)
{
    (void)state;
    run(stopped_before_it_listens, false);
    assert_int_equal(it.stops, 1);
    assert_string_equal(it.why, "asked to stop while it started");
    ASSERT_STATES(SERVICE_START_PENDING, SERVICE_STOP_PENDING, SERVICE_STOP_PENDING,
                  SERVICE_STOPPED);
}

static void a_stop_before_the_loop_runs_is_handed_over(void **state)
{
    (void)state;
    run(stopped_before_its_loop_runs, false);
    assert_int_equal(it.stops, 1);
    assert_string_equal(it.why, "asked by the service manager");
    ASSERT_STATES(SERVICE_START_PENDING, SERVICE_RUNNING, SERVICE_STOP_PENDING, SERVICE_STOPPED);
}

static void a_second_stop_while_the_first_is_handled_is_handed_over_too(void **state)
{
    (void)state;
    run(stopped_before_its_loop_runs, true);
    assert_int_equal(it.stops, 2);
}

static void a_stop_among_many_other_questions_of_several_threads_is_handed_over(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        run(stopped_among_much_else, false);
        assert_true(it.stops >= 1 && it.stops <= 4);
        assert_int_equal(it.states[it.state_count - 1], SERVICE_STOPPED);
    }
}

static void a_stop_after_the_end_changes_nothing(void **state)
{
    (void)state;
    run(stopped_when_it_has_ended, false);
    assert_int_equal(it.stops, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_before_anybody_listens_is_handed_over_and_never_becomes_running),
        cmocka_unit_test(a_stop_before_the_loop_runs_is_handed_over),
        cmocka_unit_test(a_second_stop_while_the_first_is_handled_is_handed_over_too),
        cmocka_unit_test(a_stop_among_many_other_questions_of_several_threads_is_handed_over),
        cmocka_unit_test(a_stop_after_the_end_changes_nothing),
    };
    return cmocka_run_group_tests_name("service_main", tests, NULL, NULL);
}
