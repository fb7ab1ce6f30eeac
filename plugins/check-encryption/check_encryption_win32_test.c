/* SPDX-License-Identifier: MIT */
/* The check "encryption" on Windows, before a BitLocker of the test's own. */
#include "wmi_rows_win32_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *verdict(const wmi_row *volumes, const char *trouble)
{
    static const wmi_question question = {"ROOT\\CIMV2\\Security\\MicrosoftVolumeEncryption",
                                          "Win32_EncryptableVolume",
                                          "DriveLetter",
                                          {"VolumeType", "ProtectionStatus"}};

    return wmi_verdict("encryption", &question, volumes, trouble);
}

static void protected_volumes_are_ok(void **state)
{
    (void)state;
    assert_string_equal(verdict(WMI_ROWS({"C:", {0, 1}}), NULL), "ok");
    assert_string_equal(verdict(WMI_ROWS({"C:", {0, 1}}, {"D:", {1, 1}}), NULL), "ok");
}

static void removable_volumes_and_those_without_a_letter_do_not_count(void **state)
{
    (void)state;
    assert_string_equal(verdict(WMI_ROWS({"C:", {0, 1}}, {"E:", {2, 0}}, {"", {1, 0}}), NULL),
                        "ok");
}

static void an_unprotected_volume_is_not_met_and_named(void **state)
{
    (void)state;
    assert_string_equal(verdict(WMI_ROWS({"C:", {0, 0}}), NULL), "not-met");
    assert_non_null(strstr(wmi_summary(), "C:"));
    assert_string_equal(verdict(WMI_ROWS({"C:", {0, 1}}, {"D:", {1, 0}}), NULL), "not-met");
    assert_non_null(strstr(wmi_summary(), "D:"));
    assert_string_equal(verdict(WMI_ROWS({"", {0, 0}}), NULL), "not-met");
}

static void what_cannot_be_read_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(verdict(NULL, "space: error 0x8004100e"), "unknown");
    assert_non_null(strstr(wmi_summary(), "0x8004100e"));
    assert_string_equal(verdict(NULL, NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"C:", {0, 2}}), NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"C:", {0, -1}}), NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"C:", {-1, 1}}), NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"D:", {1, 1}}), NULL), "unknown");
    assert_string_equal(verdict(WMI_ROWS({"C:", {0, 1}}), "answer: time-out 0x00040004"),
                        "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protected_volumes_are_ok),
        cmocka_unit_test(removable_volumes_and_those_without_a_letter_do_not_count),
        cmocka_unit_test(an_unprotected_volume_is_not_met_and_named),
        cmocka_unit_test(what_cannot_be_read_is_unknown),
    };

    return cmocka_run_group_tests_name("encryption on Windows", tests, NULL, NULL);
}
