/* SPDX-License-Identifier: MIT */
#include "ipc/authorize.h"
#include "ipc/refusal_texts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ALICE = 1000 };

/* The rule, written down a second time as the sets that may; every combination is compared. */
static bool may(const rj_access_facts *facts, rj_access access)
{
    switch (access) {
    case RJ_ACCESS_ANYONE:
        return true;
    case RJ_ACCESS_ADMIN:
        return facts->admin;
    case RJ_ACCESS_OWN_PACKAGE:
        return facts->admin || facts->package == RJ_PACKAGE_USER_SCOPE ||
               facts->package == RJ_PACKAGE_NOT_VISIBLE;
    case RJ_ACCESS_USER:
        return facts->uid != 0;
    case RJ_ACCESS_SESSION:
        return facts->session;
    }
    return false;
}

static void every_combination_of_caller_and_rule_is_decided_as_written(void **state)
{
    static const rj_access rules[] = {RJ_ACCESS_ANYONE, RJ_ACCESS_ADMIN, RJ_ACCESS_OWN_PACKAGE,
                                      RJ_ACCESS_USER, RJ_ACCESS_SESSION};
    static const rj_uid uids[] = {0, ALICE, 65534, 0xfffffffeu};
    int compared = 0;
    (void)state;
    for (size_t rule = 0; rule < sizeof rules / sizeof rules[0]; rule++) {
        for (unsigned bits = 0; bits < 4 * 3 * 4; bits++) {
            rj_access_facts facts = {.uid = uids[bits % 4],
                                     .package = (rj_package_fact)(bits / 4 % 3),
                                     .admin = bits / 12 & 1u,
                                     .session = bits / 24 & 1u};
            rj_error error = RJ_ERROR_NONE;
            rj_status status = rj_authorize(&facts, rules[rule], &error);
            assert_int_equal(status, may(&facts, rules[rule]) ? RJ_OK : RJ_E_DENIED);
            assert_int_equal(status == RJ_OK, error.text[0] == '\0');
            compared++;
        }
    }
    assert_int_equal(compared, 5 * 48);
}

static void a_plain_user_may_not_stop_the_service(void **state)
{
    rj_access_facts alice = {.uid = ALICE};
    (void)state;
    assert_int_equal(rj_authorize(&alice, RJ_ACCESS_ADMIN, NULL), RJ_E_DENIED);
}

static void root_may_not_be_a_session(void **state)
{
    rj_access_facts root = {.uid = 0, .admin = true, .session = true};
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_authorize(&root, RJ_ACCESS_USER, &error), RJ_E_DENIED);
    assert_string_equal(error.text, rj_refusal_admin_session);
}

static void a_rule_that_does_not_exist_denies_root_too(void **state)
{
    rj_access_facts root = {.uid = 0, .admin = true, .session = true};
    (void)state;
    assert_int_equal(rj_authorize(&root, (rj_access)99, NULL), RJ_E_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_caller_and_rule_is_decided_as_written),
        cmocka_unit_test(a_plain_user_may_not_stop_the_service),
        cmocka_unit_test(root_may_not_be_a_session),
        cmocka_unit_test(a_rule_that_does_not_exist_denies_root_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
