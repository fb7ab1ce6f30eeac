/* SPDX-License-Identifier: MIT */
/* What the rule says before anybody looks at a file.  Signed files: test/windows/signature_test.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/signature_rule.h"

#include <string.h>

#define SIGNER "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static rj_status apply(const char *policy, rj_error *err)
{
    json_t *section = json_loads(policy, JSON_DECODE_ANY, NULL);
    assert_non_null(section);
    rj_status status = rj_signature_rule_apply(section, -1, "/nowhere/plugin", err);
    json_decref(section);
    return status;
}

static void without_a_rule_no_signature_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(rj_signature_rule_apply(NULL, -1, "/nowhere/plugin", NULL), RJ_OK);
    assert_int_equal(apply("{}", NULL), RJ_OK);
    assert_int_equal(apply("{\"RequireSignature\": null, \"TrustedSigners\": null}", NULL), RJ_OK);
    assert_int_equal(apply("{\"RequireSignature\": \"False\"}", NULL), RJ_OK);
    assert_int_equal(apply("{\"TrustedSigners\": [\"" SIGNER "\"]}", NULL), RJ_OK);
}

static void a_rule_that_cannot_be_read_lets_no_plugin_in(void **state)
{
    static const char *const rules[] = {
        "{\"RequireSignature\": 1}",
        "{\"requiresignature\": \"yes\"}",
        "{\"RequireSignature\": {}}",
        "{\"TrustedSigners\": \"" SIGNER "\"}",
        "{\"TrustedSigners\": {}}",
        "{\"TrustedSigners\": [1]}",
        "{\"TrustedSigners\": [\"" SIGNER "\", \"" SIGNER "0\"]}",
        "{\"RequireSignature\": false, \"TrustedSigners\": [\"x\"]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        rj_error err = RJ_ERROR_NONE;
        assert_int_equal(apply(rules[i], &err), RJ_E_INVALID);
        assert_non_null(strstr(err.text, "policy: /Plugins/"));
    }
}

static void a_rule_that_cannot_be_kept_lets_no_plugin_in(void **state)
{
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_not_equal(apply("{\"RequireSignature\": true}", &err), RJ_OK);
    assert_non_null(strstr(err.text, "the policy requires signatures of plugins"));
    assert_int_not_equal(
        apply("{\"REQUIRESIGNATURE\": \"TRUE\", \"TrustedSigners\": [\"" SIGNER "\"]}", &err),
        RJ_OK);
}

static void more_signers_than_there_may_be_are_refused(void **state)
{
    rj_error err = RJ_ERROR_NONE;
    json_t *list = json_array();
    (void)state;
    for (unsigned i = 0; i <= RJ_SIGNERS_MAX; i++)
        json_array_append_new(list, json_string(SIGNER));
    json_t *section = json_pack("{s:o}", RJ_TRUSTED_SIGNERS, list);
    assert_int_equal(rj_signature_rule_apply(section, -1, "/x", &err), RJ_E_INVALID);
    json_array_remove(list, 0);
    assert_int_equal(rj_signature_rule_apply(section, -1, "/x", &err), RJ_OK);
    json_decref(section);
}

static void the_settings_have_names_in_any_case(void **state)
{
    (void)state;
    assert_true(rj_signature_rule_is_setting("RequireSignature", 16));
    assert_true(rj_signature_rule_is_setting("trustedsigners.x", 14));
    assert_false(rj_signature_rule_is_setting("RequireSignatures", 17));
    assert_false(rj_signature_rule_is_setting("", 0));
    assert_false(rj_signature_rule_is_setting("a-very-long-name-of-some-plugin-of-somebody", 43));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_rule_no_signature_is_asked_for),
        cmocka_unit_test(a_rule_that_cannot_be_read_lets_no_plugin_in),
        cmocka_unit_test(a_rule_that_cannot_be_kept_lets_no_plugin_in),
        cmocka_unit_test(more_signers_than_there_may_be_are_refused),
        cmocka_unit_test(the_settings_have_names_in_any_case),
    };
    return cmocka_run_group_tests_name("runtime_signature_rule", tests, NULL, NULL);
}
