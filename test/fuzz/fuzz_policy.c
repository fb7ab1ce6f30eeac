/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a policy of the device, and behind a NUL as a user's: refused with one printable line
 * that names the document, or taken and planned.
 */
#include "engine/policy.h"

#include "base/text.h"
#include "engine/plan.h"
#include "fuzz_target.h"

#include <stdlib.h>
#include <string.h>

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void plan(const rj_policy *policy, rj_trigger_kind kind, const char *id)
{
    const rj_uid sessions[] = {1000};
    const rj_plan_input input = {.policy = policy,
                                 .sessions = sessions,
                                 .session_count = 1,
                                 .trigger = {.kind = kind, .id = id, .uid = 1000}};
    rj_plan *made;
    char text[256];
    demand(rj_plan_make(&input, &made, NULL) == RJ_OK);
    for (size_t i = 0; i < made->item_count; i++) {
        demand(made->items[i].reason_count > 0);
        rj_reason_text(&made->items[i].reasons[0], text, sizeof(text));
        demand(rj_utf8_valid(text, strlen(text)));
    }
    rj_plan_free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = size ? (const char *)data : "";
    const char *user = memchr(bytes, '\0', size);
    size_t device_size = user ? (size_t)(user - bytes) : size;
    const rj_policy_source documents[] = {
        {"device.json", bytes, device_size, RJ_UID_MACHINE},
        {"users/jane.json", user ? user + 1 : "", user ? size - device_size - 1 : 0, 1000}};
    rj_policy *policy;
    rj_error err = RJ_ERROR_NONE;

    if (rj_policy_parse(documents, user ? 2 : 1, &policy, &err) == RJ_OK) {
        plan(policy, RJ_TRIGGER_SYNC, NULL);
        plan(policy, RJ_TRIGGER_UPGRADE, NULL);
        if (policy->assignment_count)
            plan(policy, RJ_TRIGGER_INSTALL, policy->assignments[0].id);
        rj_policy_free(policy);
        return 0;
    }
    demand(strncmp(err.text, "device.json: ", 13) == 0 ||
           strncmp(err.text, "users/jane.json: ", 17) == 0);
    demand(rj_utf8_valid(err.text, strlen(err.text)));
    for (const char *at = err.text; *at; at++)
        demand((unsigned char)*at >= 0x20 && *at != 0x7f);
    return 0;
}
