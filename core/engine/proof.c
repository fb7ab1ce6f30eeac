/* SPDX-License-Identifier: MIT */
#include "engine/proof.h"

#include <string.h>

#define VERSION_MAX 256

rj_found rj_found_read(const rj_answer *answer)
{
    rj_found found = {RJ_DETECTED_UNKNOWN, "", ""};
    if (answer->status != RJ_OK) {
        found.detail = answer->message;
        return found;
    }
    const json_t *installed = json_object_get(answer->result, "installed");
    if (!json_is_boolean(installed)) {
        found.detail = "the provider gave no sound answer";
        return found;
    }
    found.state = json_is_true(installed) ? RJ_DETECTED_PRESENT : RJ_DETECTED_ABSENT;
    const char *version = json_string_value(json_object_get(answer->result, "version"));
    const char *detail = json_string_value(json_object_get(answer->result, "detail"));
    /* What is longer is no version; a user's session could say anything. */
    if (version && found.state == RJ_DETECTED_PRESENT && strlen(version) <= VERSION_MAX)
        found.version = version;
    if (detail)
        found.detail = detail;
    return found;
}

bool rj_found_proves(const rj_found *found, rj_verdict verdict, const char *wanted,
                     rj_error *ret_why)
{
    if (found->state == RJ_DETECTED_UNKNOWN) {
        rj_fail(ret_why, RJ_E_FAILED, "what is there now could not be found out: %s",
                found->detail);
        return false;
    }
    bool present = found->state == RJ_DETECTED_PRESENT;
    if (verdict == RJ_VERDICT_UNINSTALL) {
        if (present)
            rj_fail(ret_why, RJ_E_FAILED, "it is still there: %s", found->detail);
        return !present;
    }
    if (!present) {
        rj_fail(ret_why, RJ_E_FAILED, "it is not there: %s", found->detail);
        return false;
    }
    /* A newer one is fine: some packages update themselves. */
    if (wanted[0] && found->version[0] && rj_version_compare(found->version, wanted) < 0) {
        rj_fail(ret_why, RJ_E_FAILED, "version %s is there, %s was wanted", found->version, wanted);
        return false;
    }
    return true;
}
