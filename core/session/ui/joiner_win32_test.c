/* SPDX-License-Identifier: MIT */
/* Who joined the device, from the keys that Windows keeps it in. */
#include "session/ui/joiner_win32.h"

#include "base/alloc.h"
#include "platform/win32/registry_win32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOT "C:/rj-joiner-test"
#define SID "S-1-12-1-1-2-3-4"
#define JOIN "SYSTEM\\CurrentControlSet\\Control\\CloudDomainJoin\\JoinInfo"
#define ENROLLMENTS "SOFTWARE\\Microsoft\\Enrollments"
#define CACHE "SOFTWARE\\Microsoft\\IdentityStore"

static void put(const char *key, const char *name, const char *text)
{
    const rj_registry_key where = {.root = ROOT, .hive = RJ_HIVE_MACHINE, .key = key};
    assert_int_equal(rj_registry_set_text(&where, name, text, NULL), RJ_OK);
}

static int clear(void **state)
{
    static const char *const keys[] = {JOIN, ENROLLMENTS, CACHE};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const rj_registry_key where = {.root = ROOT, .hive = RJ_HIVE_MACHINE, .key = keys[i]};
        rj_registry_remove_key(&where, NULL);
    }
    return 0;
}

static void who_joined_to_entra_is_the_owner_and_nobody_else(void **state)
{
    (void)state;
    put(JOIN "\\0123", "UserEmail", "Alice@contoso.example");
    put(ENROLLMENTS "\\{1}", "UPN", "bob@contoso.example");
    assert_true(rj_ui_has_joined(ROOT, "alice@contoso.example"));
    assert_false(rj_ui_has_joined(ROOT, "bob@contoso.example"));
    assert_false(rj_ui_has_joined(ROOT, "alice"));
}

static void without_such_a_join_who_enrolled_it_counts(void **state)
{
    (void)state;
    assert_false(rj_ui_has_joined(ROOT, "bob@contoso.example"));
    put(JOIN "\\0123", "UserEmail", "");
    put(ENROLLMENTS "\\{1}", "Other", "x");
    put(ENROLLMENTS "\\{2}", "UPN", "bob@contoso.example");
    assert_true(rj_ui_has_joined(ROOT, "bob@contoso.example"));
    assert_false(rj_ui_has_joined(ROOT, "alice@contoso.example"));
}

static void the_principal_name_is_that_of_the_account(void **state)
{
    (void)state;
    assert_null(rj_ui_principal_name(ROOT, SID));
    put(CACHE "\\LogonCache\\B16898C6-A148-4967-9171-64D755DA8520\\Sid2Name\\" SID, "IdentityName",
        "alice@contoso.example");
    char *name = rj_ui_principal_name(ROOT, SID);
    assert_string_equal(name, "alice@contoso.example");
    rj_free(name);
    assert_null(rj_ui_principal_name(ROOT, SID "5"));
    assert_null(rj_ui_principal_of_directory(ROOT)); /* a root of its own has none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_joined_to_entra_is_the_owner_and_nobody_else, clear,
                                        clear),
        cmocka_unit_test_setup_teardown(without_such_a_join_who_enrolled_it_counts, clear, clear),
        cmocka_unit_test_setup_teardown(the_principal_name_is_that_of_the_account, clear, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
