/* SPDX-License-Identifier: MIT */
/* Whether an installer works: nobody may bring a tray back under its hands. */
#include "service/replace_sessions.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <windows.h>

/* A mutex is its thread's, which may take it twice: the installer is played by another thread. */
typedef struct installer {
    HANDLE mutex, holds, done;
} installer;

static DWORD WINAPI install(void *data)
{
    installer *self = data;
    WaitForSingleObject(self->mutex, INFINITE);
    SetEvent(self->holds);
    WaitForSingleObject(self->done, INFINITE);
    ReleaseMutex(self->mutex);
    return 0;
}

static void an_installer_works_while_it_holds_windows_installers_mutex(void **state)
{
    (void)state;
    assert_false(rj_service_installer_works());
    installer other = {CreateMutexW(NULL, FALSE, L"Global\\_MSIExecute"),
                       CreateEventW(NULL, TRUE, FALSE, NULL),
                       CreateEventW(NULL, TRUE, FALSE, NULL)};
    assert_non_null(other.mutex);
    assert_false(rj_service_installer_works());

    HANDLE thread = CreateThread(NULL, 0, install, &other, 0, NULL);
    assert_non_null(thread);
    WaitForSingleObject(other.holds, INFINITE);
    assert_true(rj_service_installer_works());
    assert_true(rj_service_installer_works());

    SetEvent(other.done);
    WaitForSingleObject(thread, INFINITE);
    assert_false(rj_service_installer_works());
    assert_int_equal(WaitForSingleObject(other.mutex, 0), WAIT_OBJECT_0); /* asking took nothing */
    ReleaseMutex(other.mutex);
    CloseHandle(thread);
    CloseHandle(other.mutex);
    CloseHandle(other.holds);
    CloseHandle(other.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_installer_works_while_it_holds_windows_installers_mutex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
