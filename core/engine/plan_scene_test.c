/* SPDX-License-Identifier: MIT */
#include "engine/plan_scene_test.h"

static uint64_t evidence(void *data, const rj_assignment *assignment)
{
    (void)data;
    (void)assignment;
    return 7;
}

outcome play(const scene *s)
{
    char device[2048], jane[1024];
    snprintf(device, sizeof(device), "{%s%s\"SoftwarePackages\":[%s]}",
             s->settings ? s->settings : "", s->settings ? "," : "", s->device ? s->device : "");
    snprintf(jane, sizeof(jane), "{\"SoftwarePackages\":[%s]}", s->jane ? s->jane : "");
    rj_policy_source documents[] = {{"device.json", device, strlen(device), M},
                                    {"users/jane.json", jane, strlen(jane), JANE}};
    outcome out = {0};
    rj_error err = RJ_ERROR_NONE;
    if (rj_policy_parse(documents, s->jane ? 2 : 1, &out.policy, &err) != RJ_OK)
        fail_msg("%s", err.text);

    rj_plan_input input = {.policy = out.policy,
                           .records = s->records,
                           .detections = s->detections,
                           .attempts = s->attempts,
                           .checks = s->checks,
                           .sessions = s->sessions,
                           .evidence = evidence,
                           .trigger = s->trigger};
    while (input.record_count < 4 && s->records[input.record_count].id)
        input.record_count++;
    while (input.detection_count < 4 && s->detections[input.detection_count].id)
        input.detection_count++;
    while (input.attempt_count < 2 && s->attempts[input.attempt_count].id)
        input.attempt_count++;
    while (input.check_count < 2 && s->checks[input.check_count].check_id)
        input.check_count++;
    while (input.session_count < 2 && s->sessions[input.session_count])
        input.session_count++;
    if (rj_plan_make(&input, &out.plan, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return out;
}

void end(outcome *out)
{
    rj_plan_free(out->plan);
    rj_policy_free(out->policy);
}

const rj_reason *reason_with(const rj_plan_item *item, const char *code)
{
    for (size_t i = 0; i < item->reason_count; i++)
        if (strcmp(item->reasons[i].code, code) == 0)
            return &item->reasons[i];
    return NULL;
}

const rj_reason *last_reason(const rj_plan_item *item)
{
    assert_true(item->reason_count > 0);
    return &item->reasons[item->reason_count - 1];
}
