/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bell_win32.h"

#include <stdatomic.h>
#include <stdbool.h>

#define ROUNDS 3000
#define PATIENCE_MS 30000

/* Whoever waits for one event. */
typedef struct waiter {
    atomic_int rings;
    atomic_bool gone; /* its memory would be free by now */
    atomic_int late;
} waiter;

static HANDLE event, go, done;

static int setup(void **state)
{
    (void)state;
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    go = CreateEventW(NULL, FALSE, FALSE, NULL);
    done = CreateEventW(NULL, FALSE, FALSE, NULL);
    return !event || !go || !done;
}

static int teardown(void **state)
{
    (void)state;
    CloseHandle(event);
    CloseHandle(go);
    CloseHandle(done);
    return 0;
}

static void ring(void *data)
{
    waiter *w = data;
    w->rings++;
    w->late += w->gone;
}

static void assert_rings(waiter *w, int count)
{
    for (int waited = 0; w->rings < count && waited < PATIENCE_MS; waited += 5)
        Sleep(5);
    assert_int_equal(w->rings, count);
}

static void a_bell_rings_once_each_time_it_is_asked_to(void **state)
{
    static waiter w;
    (void)state;
    rj_bell *bell = rj_bell_take(ring, &w);
    assert_non_null(bell);
    rj_bell_await(bell, event);
    Sleep(20);
    assert_int_equal(w.rings, 0);
    SetEvent(event);
    assert_rings(&w, 1);
    Sleep(20);
    assert_int_equal(w.rings, 1);
    rj_bell_await(bell, event); /* which is set */
    assert_rings(&w, 2);
    ResetEvent(event);
    rj_bell_await(bell, event);
    rj_bell_give_back(bell);
    SetEvent(event);
    Sleep(20);
    assert_int_equal(w.rings, 2);
}

static void a_bell_that_was_given_back_is_the_next_ones(void **state)
{
    static waiter first, second;
    (void)state;
    rj_bell *bell = rj_bell_take(ring, &first);
    rj_bell_give_back(bell);
    rj_bell_give_back(NULL);
    assert_ptr_equal(rj_bell_take(ring, &second), bell);
    rj_bell_await(bell, event);
    SetEvent(event);
    assert_rings(&second, 1);
    assert_int_equal(first.rings, 0);
    rj_bell_give_back(bell);
}

static DWORD WINAPI set_events(void *data)
{
    (void)data;
    for (int i = 0; i < ROUNDS; i++) {
        WaitForSingleObject(go, INFINITE);
        SetEvent(event);
        SetEvent(done);
    }
    return 0;
}

static void nobody_is_rung_for_who_has_given_the_bell_back_at_that_moment(void **state)
{
    static waiter waiters[ROUNDS];
    int late = 0;
    (void)state;
    HANDLE setter = CreateThread(NULL, 0, set_events, NULL, 0, NULL);
    assert_non_null(setter);
    for (int i = 0; i < ROUNDS; i++) {
        rj_bell *bell = rj_bell_take(ring, &waiters[i]);
        assert_non_null(bell);
        ResetEvent(event);
        rj_bell_await(bell, event);
        SetEvent(go);
        WaitForSingleObject(done, INFINITE);
        rj_bell_give_back(bell);
        waiters[i].gone = true;
    }
    WaitForSingleObject(setter, INFINITE);
    CloseHandle(setter);
    Sleep(50);
    for (int i = 0; i < ROUNDS; i++)
        late += waiters[i].late;
    assert_int_equal(late, 0);
}

#define WITH_EVENTS(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_EVENTS(a_bell_rings_once_each_time_it_is_asked_to),
        WITH_EVENTS(a_bell_that_was_given_back_is_the_next_ones),
        WITH_EVENTS(nobody_is_rung_for_who_has_given_the_bell_back_at_that_moment),
    };
    return cmocka_run_group_tests_name("platform_bell", tests, NULL, NULL);
}
