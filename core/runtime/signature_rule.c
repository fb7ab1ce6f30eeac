/* SPDX-License-Identifier: MIT */
/* A rule that cannot be read, or cannot be kept on this system, lets no plugin in. */
#include "runtime/signature_rule.h"

#include "base/json.h"
#include "base/text.h"
#include "platform/signature.h"

#include <string.h>

static bool is_given(const json_t *value)
{
    return value && !json_is_null(value);
}

bool rj_signature_rule_is_setting(const char *name, size_t length)
{
    static const char *const names[] = {RJ_REQUIRE_SIGNATURE, RJ_TRUSTED_SIGNERS};
    char text[32];
    if (length >= sizeof text)
        return false;
    memcpy(text, name, length);
    text[length] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (rj_ascii_casecmp(names[i], text) == 0)
            return true;
    return false;
}

bool rj_signature_rule_is_signer(const char *text)
{
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static rj_status read_signers(const json_t *list, const char *ret_signers[RJ_SIGNERS_MAX],
                              size_t *ret_count, rj_error *err)
{
    size_t count = is_given(list) ? json_array_size(list) : 0;
    bool good = !is_given(list) || (json_is_array(list) && count <= RJ_SIGNERS_MAX);
    for (size_t i = 0; i < count && good; i++) {
        ret_signers[i] = json_string_value(json_array_get(list, i));
        good = rj_signature_rule_is_signer(ret_signers[i]);
    }
    if (!good)
        return rj_fail(err, RJ_E_INVALID,
                       "policy: /Plugins/" RJ_TRUSTED_SIGNERS
                       ": expected is a list of at most %u certificates, each the 64 hexadecimal "
                       "digits of its SHA-256",
                       RJ_SIGNERS_MAX);
    *ret_count = count;
    return RJ_OK;
}

rj_status rj_signature_rule_apply(const json_t *policy, int file, const char *path, rj_error *err)
{
    const json_t *value = rj_json_get(policy, RJ_REQUIRE_SIGNATURE);
    const char *signers[RJ_SIGNERS_MAX];
    size_t count = 0;
    bool required = false;
    if (is_given(value) && !rj_json_read_bool(value, &required))
        return rj_fail(err, RJ_E_INVALID,
                       "policy: /Plugins/" RJ_REQUIRE_SIGNATURE ": expected is true or false");
    rj_status status = read_signers(rj_json_get(policy, RJ_TRUSTED_SIGNERS), signers, &count, err);
    if (status || !required)
        return status;
    rj_error found = RJ_ERROR_NONE;
    status = rj_signature_check(file, path, signers, count, &found);
    if (status == RJ_E_NOT_APPLICABLE)
        return rj_fail(err, RJ_E_DENIED,
                       "the policy requires signatures of plugins, and files of this system carry "
                       "none; take /Plugins/" RJ_REQUIRE_SIGNATURE " out of this device's policy");
    if (status)
        return rj_fail(err, status, "the policy requires signatures of plugins: %s", found.text);
    return RJ_OK;
}
