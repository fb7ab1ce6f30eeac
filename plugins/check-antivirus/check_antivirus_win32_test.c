/* SPDX-License-Identifier: MIT */
/* The check "antivirus" on Windows, before a Security Center of the test's own. */
#include "wmi_rows_win32_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *verdict(const wmi_row *products, const char *trouble)
{
    static const wmi_question question = {
        "ROOT\\SecurityCenter2", "AntiVirusProduct", "displayName", {"productState"}};

    return wmi_verdict("antivirus", &question, products, trouble);
}

static void a_product_that_is_on_and_up_to_date_is_ok(void **state)
{
    (void)state;
    assert_string_equal(verdict(WMI_ROWS({"Defender", {397568}}), NULL), "ok");
    assert_string_equal(verdict(WMI_ROWS({"Old", {262144}}, {"Other", {266240}}), NULL), "ok");
    assert_non_null(strstr(wmi_summary(), "Other"));
    assert_string_equal(verdict(WMI_ROWS({"?", {-1}}, {"Other", {266240}}), NULL), "ok");
}

static void a_product_with_old_signatures_is_not_met(void **state)
{
    (void)state;
    assert_string_equal(verdict(WMI_ROWS({"Defender", {397584}}), NULL), "not-met");
    assert_non_null(strstr(wmi_summary(), "signatures are not up to date"));
}

static void a_product_that_is_off_or_asleep_or_expired_is_not_met(void **state)
{
    (void)state;
    assert_string_equal(verdict(WMI_ROWS({"Defender", {0x060000}}), NULL), "not-met");
    assert_string_equal(verdict(WMI_ROWS({"Defender", {0x062000}}), NULL), "not-met");
    assert_string_equal(verdict(WMI_ROWS({"Defender", {0x063000}}), NULL), "not-met");
}

static void what_cannot_be_read_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(verdict(NULL, "ROOT\\SecurityCenter2: error 0x8004100e"), "unknown");
    assert_non_null(strstr(wmi_summary(), "0x8004100e"));
    assert_string_equal(verdict(NULL, NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"Defender", {-1}}), NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"Defender", {0x060000}}, {"?", {-1}}), NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"Defender", {0x0610F0}}), NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"Off", {0x060000}}), "answer: time-out 0x00040004"),
                        "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_that_is_on_and_up_to_date_is_ok),
        cmocka_unit_test(a_product_with_old_signatures_is_not_met),
        cmocka_unit_test(a_product_that_is_off_or_asleep_or_expired_is_not_met),
        cmocka_unit_test(what_cannot_be_read_is_unknown),
    };

    return cmocka_run_group_tests_name("antivirus on Windows", tests, NULL, NULL);
}
