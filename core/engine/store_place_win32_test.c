/* SPDX-License-Identifier: MIT */
/* What may be wrong with the place the database is in, on Windows. */
#include "engine/store_bench_test.h"

#include "base/alloc.h"
#include "platform/win32/wide_win32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"

static void assert_refused(rj_status expected, const char *words)
{
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_open(store_folder, &store, &damaged, &error), expected);
    if (!strstr(error.text, words) || !strstr(error.text, store_database))
        fail_msg("it says: %s", error.text);
    assert_null(store_find_file("agent.db.corrupt-"));
}

static void a_read_only_file_is_denied_and_nothing_is_set_aside(void **state)
{
    (void)state;
    store_fill();
    wchar_t *wide = rj_wide_path(store_database, NULL);
    assert_true(SetFileAttributesW(wide, FILE_ATTRIBUTE_READONLY));
    HANDLE written =
        CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (written != INVALID_HANDLE_VALUE) {
        CloseHandle(written);
        rj_free(wide);
        tap_skip("this system lets root write what is read-only (Wine)");
    }
    assert_refused(RJ_E_DENIED, "cannot be written");
    assert_true(SetFileAttributesW(wide, FILE_ATTRIBUTE_NORMAL));
    rj_free(wide);
    rj_store *store = store_open(NULL);
    assert_int_equal(store_count_records(store), 200);
    rj_store_close(store);
}

/* As a scanner or a copying program holds it. */
static void a_file_that_another_program_does_not_share_is_busy_and_stays_in_place(void **state)
{
    (void)state;
    store_fill();
    wchar_t *wide = rj_wide_path(store_database, NULL);
    HANDLE held = CreateFileW(wide, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    rj_free(wide);
    assert_true(held != INVALID_HANDLE_VALUE);
    assert_refused(RJ_E_BUSY, "cannot be opened");
    CloseHandle(held);
    rj_store *store = store_open(NULL);
    assert_int_equal(store_count_records(store), 200);
    rj_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_read_only_file_is_denied_and_nothing_is_set_aside),
        STORE_TEST(a_file_that_another_program_does_not_share_is_busy_and_stays_in_place),
    };
    return cmocka_run_group_tests_name("store_place", tests, NULL, NULL);
}
