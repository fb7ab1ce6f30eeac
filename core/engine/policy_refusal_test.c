/* SPDX-License-Identifier: MIT */
/* Documents that are wrong: one clear error each, and nothing is kept. */
#include "engine/policy.h"

#include "base/alloc.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_documents_refused(const rj_policy_source *documents, size_t count,
                                     rj_status status, const char *text)
{
    rj_policy *policy = NULL;
    rj_error err = RJ_ERROR_NONE;
    rj_status got = rj_policy_parse(documents, count, &policy, &err);
    if (got == RJ_OK)
        fail_msg("accepted, but expected: %s", text);
    assert_null(policy);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
    assert_int_equal(got, status);
    assert_true(rj_utf8_valid(err.text, strlen(err.text)));
}

static void assert_bytes_refused(const char *bytes, size_t length, rj_status status,
                                 const char *text)
{
    const rj_policy_source document = {"device.json", bytes, length, RJ_UID_MACHINE};
    assert_documents_refused(&document, 1, status, text);
}

static void assert_refused(const char *document, const char *text)
{
    assert_bytes_refused(document, strlen(document), RJ_E_INVALID, text);
}

/* The members of one package entry, behind its ID. */
static void assert_entry_refused(const char *members, const char *text)
{
    char document[1024];
    snprintf(document, sizeof(document),
             "{\"SoftwarePackages\":[{\"ID\":\"a\"},{\"ID\":\"b\",%s}]}", members);
    assert_refused(document, text);
}

static void text_that_is_no_json_is_refused(void **state)
{
    (void)state;
    assert_refused("hello", "device.json: line 1");
    assert_refused("", "device.json: ");
    assert_refused("{\"a\":1}x", "device.json: line 1");
    assert_refused("{'a':1}", "device.json: line 1");
    assert_refused("\xef\xbb\xbf\xef\xbb\xbf{}", "device.json: line 1");
    assert_refused("\xef\xbb\xbf", "device.json: line 1");
    assert_bytes_refused("\xff\xfe{\0}\0", 6, RJ_E_INVALID, "device.json: this is UTF-16");
    assert_bytes_refused("\xfe\xff\0{\0}", 6, RJ_E_INVALID, "device.json: this is UTF-16");
    assert_refused("{\"a\":1,}", "device.json: line 1");
    assert_refused("\xff\xfe{\0}\0", "device.json: ");
    assert_refused("{\"a\":\"\xc3\x28\"}", "device.json: ");
}

static void a_truncated_document_is_refused_wherever_it_ends(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"SoftwarePackages\":[{\"ID\":\"a\",\"Args\":\"\\u00e4 x\",\"Order\":12}],"
        "\"Policies\":{\"RequireSecurityFeatures\":{\"AvEnabled\":null}}}";
    for (size_t length = 0; length + 1 < sizeof(whole); length++) {
        char *copy = rj_strndup(whole, length); /* exact size: a sanitizer sees reads behind it */
        assert_non_null(copy);
        assert_bytes_refused(copy, length, RJ_E_INVALID, "device.json: ");
        rj_free(copy);
    }
}

static void the_root_must_be_an_object(void **state)
{
    (void)state;
    assert_refused("[]", "device.json: /: expected an object (a policy document), found an array");
    assert_refused("null", "expected an object (a policy document), found null");
    assert_refused("\"x\"", "expected an object (a policy document), found the string \"x\"");
}

static void duplicate_keys_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"Environment\":{},\"Environment\":{}}", "Environment");
    assert_refused("{\"Environment\":{},\"environment\":{}}", "nvironment");
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\",\"Id\":\"b\"}]}", "SoftwarePackages/0");
}

static void wrong_types_are_named_with_pointer_expected_and_found(void **state)
{
    (void)state;
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\"},{\"ID\":\"b\"},{\"ID\":\"c\"},"
                   "{\"ID\":\"d\",\"Order\":\"x\"}]}",
                   "device.json: /SoftwarePackages/3/Order: expected an integer, found the string "
                   "\"x\"");
    assert_refused("{\"SoftwarePackages\":{}}",
                   "/SoftwarePackages: expected an array, found an object");
    assert_refused("{\"SoftwarePackages\":[1]}",
                   "/SoftwarePackages/0: expected an object (a package), found the number 1");
    assert_refused("{\"Environment\":[]}", "/Environment: expected an object, found an array");
    assert_refused("{\"Environment\":{\"ConfigCheckInterval\":30}}",
                   "/Environment/ConfigCheckInterval: expected a time span");
    assert_refused("{\"Environment.ConfigCheckInterval\":true}",
                   "/Environment.ConfigCheckInterval: expected a time span");
    assert_refused("{\"Chocolatey\":{\"Sources\":[\"/x\"]}}",
                   "/Chocolatey/Sources/0: expected an object (a source), found the string");
    assert_refused("{\"Chocolatey\":{\"Sources\":[{}]}}",
                   "/Chocolatey/Sources/0: expected the key \"Source\", found none");
    assert_refused("{\"Plugins\":[]}", "/Plugins: expected an object");
    assert_refused("{\"Plugins\":{\"RequireSignature\":1}}",
                   "/Plugins/RequireSignature: expected true or false, found the number 1");
    assert_refused("{\"Plugins.requireSignature\":\"yes\"}",
                   "/Plugins.requireSignature: expected true or false, found the string");
    assert_refused("{\"Plugins\":{\"TrustedSigners\":\"ab\"}}",
                   "/Plugins/TrustedSigners: expected an array");
    assert_refused("{\"Plugins\":{\"trustedSigners\":[\"ab\"]}}",
                   "/Plugins/trustedSigners/0: expected the SHA-256 of a certificate");
    assert_refused("{\"Plugins.TrustedSigners.x\":{}}",
                   "\"TrustedSigners\" is a setting and no plugin's id");
    assert_refused("{\"SoftwarePackaging\":{\"AutoUpgradeCanDowngrade\":1}}",
                   "expected true or false, found the number 1");
    assert_refused("{\"Policies\":{\"RequireSecurityFeatures\":{\"AvEnabled\":\"yes\"}}}",
                   "/Policies/RequireSecurityFeatures/AvEnabled: expected true (enforced), null "
                   "(recommended) or false (skipped), found the string \"yes\"");
}

static void wrong_values_of_a_package_are_named(void **state)
{
    (void)state;
    assert_entry_refused("\"Name\":1", "/SoftwarePackages/1/Name: expected a string, found the "
                                       "number 1");
    assert_entry_refused("\"Order\":1.5", "expected an integer, found the number 1.5");
    assert_entry_refused("\"Order\":2147483648", "expected an integer of 32 bits");
    assert_entry_refused("\"Mandatory\":0", "expected true or false, found the number 0");
    assert_entry_refused("\"Hidden\":\"yes\"", "expected true or false, found the string \"yes\"");
    assert_entry_refused("\"Scope\":\"machine\"", "expected \"system\" or \"user\"");
    assert_entry_refused("\"Platform\":\"mac\"", "expected \"winchoco\", \"linuxchoco\"");
    assert_entry_refused("\"Format\":\"\"", "expected a package format");
    assert_entry_refused("\"Format\":\"../x\"", "expected a package format");
    assert_entry_refused("\"Version\":1.2", "expected a version");
    assert_entry_refused("\"Version\":\"\"", "expected a version");
    assert_entry_refused("\"Version\":\"../1\"", "expected a version");
    assert_entry_refused("\"Version\":\"1 2\"", "expected a version");
    assert_entry_refused("\"Package\":\"a/b\"", "expected a package name");
    assert_entry_refused("\"Args\":\"\\\"open\"", "expected arguments with closed quotes");
    assert_entry_refused("\"Args\":[]", "expected a string, found an array");
    assert_entry_refused("\"DependsOn\":{}", "expected an array of package ids, found an object");
    assert_entry_refused("\"DependsOn\":[\"a\",1]",
                         "/SoftwarePackages/1/DependsOn/1: expected a package id");
    assert_entry_refused("\"Format\":\"craft\"", "expected the key \"Location\"");
    assert_entry_refused("\"Platform\":\"linux\",\"Location\":\"\"",
                         "expected the key \"Location\"");
    assert_entry_refused("\"Mandatory\":true,\"Uninstall\":true", "both true; keep one");
}

static void time_spans_out_of_form_or_range_are_refused(void **state)
{
    (void)state;
    static const char *const spans[] = {"",      "1",      "-00:01",      "24:00",   "00:60",
                                        "0:0:0", "00:01x", "1.2",         "1.24:00", "00:00:60",
                                        "::",    " 1:00",  "99999.00:00", "00:01:",  "1.:00"};
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        char member[64];
        snprintf(member, sizeof(member), "\"TimeLimit\":\"%s\"", spans[i]);
        assert_entry_refused(member, "/SoftwarePackages/1/TimeLimit: expected a time span");
    }
    assert_entry_refused("\"TimeLimit\":\"00:00\"",
                         "expected a time span from 00:00:01 to 7.00:00:00");
    assert_refused("{\"Environment\":{\"ConfigCheckInterval\":\"00:00:59\"}}",
                   "expected a time span from 00:01:00 to 7.00:00:00");
    assert_refused("{\"Environment\":{\"SecurityCheckInterval\":\"7.00:00:01\"}}",
                   "expected a time span from 00:01:00 to 7.00:00:00");
}

static void hashes_other_than_sha256_are_refused(void **state)
{
    (void)state;
    assert_entry_refused("\"Hash\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"",
                         "found a SHA-1 (40), which is no longer safe: give the SHA-256");
    assert_entry_refused("\"Hash\":\"abc\"", "expected a SHA-256 (64 hex digits)");
    assert_entry_refused(
        "\"Hash\":\"xa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"",
        "expected a SHA-256 (64 hex digits)");
    assert_entry_refused(
        "\"Hash\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0\"",
        "expected a SHA-256 (64 hex digits)");
}

static void ids_that_could_leave_a_folder_are_refused(void **state)
{
    (void)state;
    static const char *const ids[] = {"../a", "..",   "a/b", "a\\\\b", "/a",    "",  "-a", ".a",
                                      "a b",  "a\\n", "a#",  "#a",     "a#b#c", "ä", "a%"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char document[256];
        snprintf(document, sizeof(document), "{\"SoftwarePackages\":[{\"ID\":\"%s\"}]}", ids[i]);
        assert_refused(document, "/SoftwarePackages/0/ID: expected a package id");
    }
    assert_refused("{\"SoftwarePackages\":[{}]}",
                   "/SoftwarePackages/0: expected the key \"ID\", found none");
    assert_refused("{\"SoftwarePackages\":[{\"ID\":null}]}",
                   "/SoftwarePackages/0/ID: expected a package id");
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"\\u001b[31m\"}]}",
                   "found the string \"\\x1b[31m\"");
}

static void a_nul_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\\u0000b\"}]}", "device.json: ");
    assert_refused("{\"a\\u0000b\":1}", "device.json: ");
    assert_bytes_refused("{\"a\":\0}", 7, RJ_E_INVALID, "device.json: ");
}

static void control_characters_are_refused(void **state)
{
    (void)state;
    assert_entry_refused("\"Name\":\"a\\nb\"", "/Name: the string holds a control character");
    assert_entry_refused("\"Args\":\"a\\u0007\"", "/Args: the string holds a control character");
}

/* ---- Sizes ------------------------------------------------------------------------------------ */

static char *filled(const char *before, char fill, size_t count, const char *after,
                    size_t *ret_length)
{
    size_t head = strlen(before), tail = strlen(after);
    char *text = rj_malloc(head + count + tail + 1);
    assert_non_null(text);
    memcpy(text, before, head);
    memset(text + head, fill, count);
    memcpy(text + head + count, after, tail + 1);
    *ret_length = head + count + tail;
    return text;
}

static void fifty_megabytes_are_refused(void **state)
{
    (void)state;
    size_t length;
    char *text = filled("{", ' ', 50 * 1000 * 1000, "}", &length);
    assert_bytes_refused(text, length, RJ_E_LIMIT, "device.json: ");
    rj_free(text);
}

static void a_depth_of_a_thousand_is_refused(void **state)
{
    (void)state;
    size_t length;
    char *open = filled("{\"a\":", '[', 1000, "", &length);
    char *text = filled(open, ']', 1000, "}", &length);
    assert_bytes_refused(text, length, RJ_E_LIMIT, "device.json: ");
    rj_free(open);
    rj_free(text);
}

static void a_dotted_key_of_a_million_parts_is_refused(void **state)
{
    (void)state;
    size_t length;
    char *text = filled("{\"Plugins", '.', 1000 * 1000, "x\":1}", &length);
    for (size_t i = 10; i < length - 5; i += 2)
        text[i] = 'a';
    assert_bytes_refused(text, length, RJ_E_LIMIT, "more than 32 dots in a key");
    rj_free(text);
}

static void a_string_of_a_megabyte_is_refused(void **state)
{
    (void)state;
    size_t length;
    char *name = filled("{\"SoftwarePackages\":[{\"ID\":\"a\",\"Name\":\"", 'x', 1000 * 1000,
                        "\"}]}", &length);
    assert_bytes_refused(name, length, RJ_E_LIMIT,
                         "/SoftwarePackages/0/Name: the string has 1000000 bytes, at most 4096 are "
                         "accepted");
    rj_free(name);
    char *args = filled("{\"SoftwarePackages\":[{\"ID\":\"a\",\"Args\":\"", 'x', 32 * 1024 + 1,
                        "\"}]}", &length);
    assert_bytes_refused(args, length, RJ_E_LIMIT, "at most 32768 are accepted");
    rj_free(args);
    char *id = filled("{\"SoftwarePackages\":[{\"ID\":\"", 'x', 129, "\"}]}", &length);
    assert_bytes_refused(id, length, RJ_E_INVALID, "expected a package id");
    rj_free(id);
}

static void a_key_of_a_megabyte_makes_a_short_warning(void **state)
{
    (void)state;
    size_t length;
    char *text = filled("{\"", 'k', 1000 * 1000, "\":1}", &length);
    const rj_policy_source document = {"device.json", text, length, RJ_UID_MACHINE};
    rj_policy *policy;
    assert_int_equal(rj_policy_parse(&document, 1, &policy, NULL), RJ_OK);
    assert_int_equal(policy->warning_count, 1);
    assert_true(strlen(policy->warnings[0]) < 400);
    rj_policy_free(policy);
    rj_free(text);
}

static void more_than_20000_packages_are_refused(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, "{\"SoftwarePackages\":[");
    for (size_t i = 0; i <= 20000; i++)
        rj_text_addf(&text, "%s{\"ID\":\"p%zu\"}", i ? "," : "", i);
    rj_text_add(&text, "]}");
    assert_false(rj_text_failed(&text));
    assert_bytes_refused(text.bytes, text.length, RJ_E_LIMIT,
                         "/SoftwarePackages: 20001 packages in all, at most 20000 are accepted");
    rj_text_free(&text);
}

static void more_than_256_dependencies_of_one_package_are_refused(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, "{\"SoftwarePackages\":[{\"ID\":\"a\",\"DependsOn\":[\"b0\"");
    for (size_t i = 1; i <= 256; i++)
        rj_text_addf(&text, ",\"b%zu\"", i);
    rj_text_add(&text, "]}]}");
    assert_false(rj_text_failed(&text));
    assert_bytes_refused(text.bytes, text.length, RJ_E_LIMIT,
                         "/SoftwarePackages/0/DependsOn: 257 dependencies");
    rj_text_free(&text);
}

/* ---- The whole -------------------------------------------------------------------------------- */

static void two_packages_with_one_id_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\"},{\"ID\":\"b\"},{\"ID\":\"A\"}]}",
                   "device.json: /SoftwarePackages/2/ID: the id \"A\" is taken: device.json: "
                   "/SoftwarePackages/0 has it too");
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\",\"PreRelease\":true},"
                   "{\"ID\":\"a\",\"PreRelease\":true}]}",
                   "the id \"a\" is taken");
    static const char device[] = "{\"SoftwarePackages\":[{\"ID\":\"a\"}]}";
    const rj_policy_source documents[] = {
        {"device.json", device, sizeof(device) - 1, RJ_UID_MACHINE},
        {"users/jane.json", device, sizeof(device) - 1, 1000}};
    assert_documents_refused(documents, 2, RJ_E_INVALID,
                             "users/jane.json: /SoftwarePackages/0/ID: the id \"a\" is taken: "
                             "device.json: /SoftwarePackages/0 has it too");
}

static void a_circle_of_dependencies_is_shown(void **state)
{
    (void)state;
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\",\"DependsOn\":[\"b\"]},"
                   "{\"ID\":\"b\",\"DependsOn\":[\"a\"]}]}",
                   "device.json: /SoftwarePackages/0/DependsOn: the dependencies run in a circle: "
                   "a → b → a");
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\",\"DependsOn\":[\"A\"]}]}",
                   "circle: a → a");
    assert_refused(
        "{\"SoftwarePackages\":[{\"ID\":\"x\",\"DependsOn\":[\"b\"]},{\"ID\":\"b\","
        "\"DependsOn\":[\"c\"]},{\"ID\":\"c\",\"DependsOn\":[\"d\"]},{\"ID\":\"d\","
        "\"DependsOn\":[\"b\"]}]}",
        "/SoftwarePackages/1/DependsOn: the dependencies run in a circle: b → c → d → b");
}

static void a_circle_of_20000_packages_is_found_and_shown_in_short(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, "{\"SoftwarePackages\":[");
    for (size_t i = 0; i < 20000; i++)
        rj_text_addf(&text, "%s{\"ID\":\"p%zu\",\"DependsOn\":[\"p%zu\"]}", i ? "," : "", i,
                     (i + 1) % 20000);
    rj_text_add(&text, "]}");
    assert_false(rj_text_failed(&text));
    assert_bytes_refused(text.bytes, text.length, RJ_E_INVALID, "p10 → p11 → (19988 more) → p0");
    rj_text_free(&text);
}

static void a_dependency_that_is_not_assigned_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\",\"DependsOn\":[\"b\"]}]}",
                   "device.json: /SoftwarePackages/0/DependsOn: \"a\" needs \"b\", which is not "
                   "assigned to the device");
    static const char jane[] = "{\"SoftwarePackages\":[{\"ID\":\"j\",\"DependsOn\":[\"k\"]}]}";
    static const char karl[] = "{\"SoftwarePackages\":[{\"ID\":\"k\"}]}";
    const rj_policy_source documents[] = {{"users/jane.json", jane, sizeof(jane) - 1, 1000},
                                          {"users/karl.json", karl, sizeof(karl) - 1, 1001}};
    assert_documents_refused(documents, 2, RJ_E_INVALID,
                             "users/jane.json: /SoftwarePackages/0/DependsOn: \"j\" needs \"k\", "
                             "which is not assigned to this user or the device");
}

static void a_package_of_the_system_cannot_need_one_of_a_user(void **state)
{
    (void)state;
    assert_refused("{\"SoftwarePackages\":[{\"ID\":\"a\",\"DependsOn\":[\"b\"]},"
                   "{\"ID\":\"b\",\"Scope\":\"user\"}]}",
                   "the package \"a\" of the system cannot depend on \"b\"");
}

static void a_setting_given_dotted_and_nested_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"Environment.ConfigCheckInterval\":\"00:10\","
                   "\"Environment\":{\"ConfigCheckInterval\":\"00:10\"}}",
                   "/Environment/ConfigCheckInterval: this setting is given twice, dotted and "
                   "nested; keep one");
    assert_refused("{\"Plugins\":{\"a\":{\"Enabled\":true}},\"Plugins.a\":{}}",
                   "/Plugins.a: this setting is given twice");
    assert_refused("{\"Plugins.a.Enabled\":true,\"Plugins\":{\"A\":{}}}",
                   "/Plugins/A: this setting is given twice");
    assert_refused("{\"Plugins.a\":1,\"Plugins.a.b\":2}",
                   "/Plugins.a.b: this setting is given twice");
}

static void an_error_in_a_users_document_names_it(void **state)
{
    (void)state;
    const rj_policy_source documents[] = {{"device.json", "{}", 2, RJ_UID_MACHINE},
                                          {"users/jane.json", "[]", 2, 1000}};
    assert_documents_refused(documents, 2, RJ_E_INVALID, "users/jane.json: /: expected an object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_no_json_is_refused),
        cmocka_unit_test(a_truncated_document_is_refused_wherever_it_ends),
        cmocka_unit_test(the_root_must_be_an_object),
        cmocka_unit_test(duplicate_keys_are_refused),
        cmocka_unit_test(wrong_types_are_named_with_pointer_expected_and_found),
        cmocka_unit_test(wrong_values_of_a_package_are_named),
        cmocka_unit_test(time_spans_out_of_form_or_range_are_refused),
        cmocka_unit_test(hashes_other_than_sha256_are_refused),
        cmocka_unit_test(ids_that_could_leave_a_folder_are_refused),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(fifty_megabytes_are_refused),
        cmocka_unit_test(a_depth_of_a_thousand_is_refused),
        cmocka_unit_test(a_dotted_key_of_a_million_parts_is_refused),
        cmocka_unit_test(a_string_of_a_megabyte_is_refused),
        cmocka_unit_test(a_key_of_a_megabyte_makes_a_short_warning),
        cmocka_unit_test(more_than_20000_packages_are_refused),
        cmocka_unit_test(more_than_256_dependencies_of_one_package_are_refused),
        cmocka_unit_test(two_packages_with_one_id_are_refused),
        cmocka_unit_test(a_circle_of_dependencies_is_shown),
        cmocka_unit_test(a_circle_of_20000_packages_is_found_and_shown_in_short),
        cmocka_unit_test(a_dependency_that_is_not_assigned_is_refused),
        cmocka_unit_test(a_package_of_the_system_cannot_need_one_of_a_user),
        cmocka_unit_test(a_setting_given_dotted_and_nested_is_refused),
        cmocka_unit_test(an_error_in_a_users_document_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
