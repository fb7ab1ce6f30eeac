/* SPDX-License-Identifier: MIT */
/*
 * The check "firewall" on Windows, before a registry of the test's own that stands for
 * HKEY_LOCAL_MACHINE, and a service whose state the test says.
 */
#include "firewall_service.h"

#include <windows.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check_verdict.h"

#define OWN_KEY "Software\\RealmJoin-Test-Firewall"
#define LOCAL "SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\"
#define POLICY "SOFTWARE\\Policies\\Microsoft\\WindowsFirewall\\"

static firewall_service service_says;
static check_verdict seen;

firewall_service firewall_service_look(const char *name, char *ret_found, size_t size)
{
    assert_string_equal(name, "MpsSvc");
    snprintf(ret_found, size, service_says == FIREWALL_SERVICE_RUNS ? "running" : "error 1060");
    return service_says;
}

static void remove_own_key(void)
{
    HKEY key = NULL;

    if (RegOpenKeyExA(HKEY_CURRENT_USER, OWN_KEY, 0, KEY_ALL_ACCESS, &key) == ERROR_SUCCESS) {
        RegDeleteTreeA(key, NULL);
        RegCloseKey(key);
        RegDeleteKeyA(HKEY_CURRENT_USER, OWN_KEY);
    }
}

static int set_up(void **state)
{
    HKEY key = NULL;

    (void)state;
    service_says = FIREWALL_SERVICE_RUNS;
    remove_own_key();
    if (RegCreateKeyExA(HKEY_CURRENT_USER, OWN_KEY, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) !=
            ERROR_SUCCESS ||
        RegOverridePredefKey(HKEY_LOCAL_MACHINE, key) != ERROR_SUCCESS)
        return -1;
    RegCloseKey(key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    RegOverridePredefKey(HKEY_LOCAL_MACHINE, NULL);
    remove_own_key();
    return 0;
}

static void set_typed(const char *key, const char *name, DWORD type, const void *bytes, DWORD size)
{
    HKEY handle = NULL;

    assert_int_equal(
        RegCreateKeyExA(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &handle, NULL),
        ERROR_SUCCESS);
    assert_int_equal(RegSetValueExA(handle, name, 0, type, bytes, size), ERROR_SUCCESS);
    RegCloseKey(handle);
}

static void set(const char *key, const char *name, DWORD value)
{
    set_typed(key, name, REG_DWORD, &value, sizeof value);
}

static void set_all(DWORD value)
{
    set(LOCAL "DomainProfile", "EnableFirewall", value);
    set(LOCAL "StandardProfile", "EnableFirewall", value);
    set(LOCAL "PublicProfile", "EnableFirewall", value);
}

/* The state; its sentence in `seen`. */
static const char *verdict(void)
{
    check_verdict_ask(rj_plugin_entry_v1, "firewall", "{}", &seen);
    return seen.state;
}

static void three_profiles_that_are_on_are_ok(void **state)
{
    (void)state;
    set_all(1);
    assert_string_equal(verdict(), "ok");
}

static void one_profile_that_is_off_is_not_met_and_named(void **state)
{
    (void)state;
    set_all(1);
    set(LOCAL "PublicProfile", "EnableFirewall", 0);
    assert_string_equal(verdict(), "not-met");
    assert_non_null(strstr(seen.summary, "public"));
}

static void a_profile_that_lets_everything_in_is_not_met(void **state)
{
    (void)state;
    set_all(1);
    set(LOCAL "StandardProfile", "DefaultInboundAction", 1);
    assert_string_equal(verdict(), "not-met");
    assert_non_null(strstr(seen.summary, "private"));
}

static void a_policy_counts_more_than_the_devices_own_setting(void **state)
{
    (void)state;
    set_all(0);
    set(POLICY "DomainProfile", "EnableFirewall", 1);
    set(POLICY "StandardProfile", "EnableFirewall", 1);
    set(LOCAL "Mdm\\PublicProfile", "EnableFirewall", 1);
    assert_string_equal(verdict(), "ok");
    set_all(1);
    set(POLICY "DomainProfile", "EnableFirewall", 0);
    assert_string_equal(verdict(), "not-met");
}

static void nothing_set_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(verdict(), "unknown");
    set(LOCAL "DomainProfile", "EnableFirewall", 1);
    assert_string_equal(verdict(), "unknown");
}

static void a_value_of_another_type_or_size_is_unknown(void **state)
{
    (void)state;
    set_all(1);
    set_typed(LOCAL "PublicProfile", "EnableFirewall", REG_SZ, "1", 2);
    assert_string_equal(verdict(), "unknown");
    set_typed(LOCAL "PublicProfile", "EnableFirewall", REG_SZ, "11111111", 9);
    assert_string_equal(verdict(), "unknown");
    set(LOCAL "PublicProfile", "EnableFirewall", 7);
    assert_string_equal(verdict(), "unknown");
}

static void a_service_that_does_not_run_is_never_ok(void **state)
{
    (void)state;
    set_all(1);
    service_says = FIREWALL_SERVICE_STOPPED;
    assert_string_equal(verdict(), "not-met");
    service_says = FIREWALL_SERVICE_UNKNOWN;
    assert_string_equal(verdict(), "unknown");
    assert_non_null(strstr(seen.summary, "error 1060"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(three_profiles_that_are_on_are_ok),
        T(one_profile_that_is_off_is_not_met_and_named),
        T(a_profile_that_lets_everything_in_is_not_met),
        T(a_policy_counts_more_than_the_devices_own_setting),
        T(nothing_set_is_unknown),
        T(a_value_of_another_type_or_size_is_unknown),
        T(a_service_that_does_not_run_is_never_ok),
    };

    return cmocka_run_group_tests_name("firewall on Windows", tests, NULL, NULL);
}
