/* SPDX-License-Identifier: MIT */
/*
 * Times rj_plan_make() over generated packages with three dependencies each.
 *
 *     plan_bench PACKAGES ROUNDS     prints the median in milliseconds
 */
#include "base/alloc.h"
#include "engine/plan.h"
#include "platform/system.h"
#include <stdio.h>
#include <stdlib.h>

enum { DEPENDENCIES = 3 };

static uint64_t same_evidence(void *data, const rj_assignment *assignment)
{
    (void)data;
    return assignment->fingerprint;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Package i depends on three lower ones, so the graph has no cycle and many stages. */
static rj_status make_policy(size_t count, rj_policy **ret_policy, rj_error *err)
{
    size_t room = 256 + count * 220, used = 0;
    char *text = rj_malloc(room);
    if (text == NULL)
        return rj_fail_memory(err, "generating a policy");
    used += (size_t)snprintf(text, room, "{\"SoftwarePackages\":[");
    uint64_t seed = 42;
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, room - used,
                                 "%s{\"ID\":\"package-%zu\",\"Version\":\"1.%zu.0\",\"Order\":%zu,"
                                 "\"Mandatory\":true,\"AutoUpgrade\":true,\"DependsOn\":[",
                                 i ? "," : "", i, i % 7, i % 13);
        size_t named[DEPENDENCIES], have = 0;
        while (have < DEPENDENCIES && have < i) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t pick = (size_t)(seed >> 33) % i;
            size_t k = 0;
            while (k < have && named[k] != pick)
                k++;
            if (k < have)
                continue;
            named[have++] = pick;
            used += (size_t)snprintf(text + used, room - used, "%s\"package-%zu\"",
                                     have > 1 ? "," : "", pick);
        }
        used += (size_t)snprintf(text + used, room - used, "]}");
    }
    used += (size_t)snprintf(text + used, room - used, "]}");
    rj_policy_source source = {"generated", text, used, RJ_UID_MACHINE};
    rj_status status = rj_policy_parse(&source, 1, ret_policy, err);
    rj_free(text);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: plan_bench PACKAGES ROUNDS\n");
        return 2;
    }
    size_t count = strtoul(argv[1], NULL, 10), rounds = strtoul(argv[2], NULL, 10);
    if (count == 0 || count > 20000 || rounds == 0 || rounds > 1000) {
        fprintf(stderr, "plan_bench: 1..20000 packages, 1..1000 rounds\n");
        return 2;
    }
    rj_error err = RJ_ERROR_NONE;
    rj_policy *policy;
    double *took = rj_calloc(rounds, sizeof *took);
    rj_detection *detections = rj_calloc(count, sizeof *detections);
    if (took == NULL || detections == NULL || make_policy(count, &policy, &err) != RJ_OK) {
        fprintf(stderr, "plan_bench: %s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        detections[i] = (rj_detection){policy->assignments[i].id, RJ_UID_MACHINE,
                                       RJ_DETECTED_ABSENT, NULL, NULL};
    rj_plan_input input = {.policy = policy,
                           .detections = detections,
                           .detection_count = count,
                           .evidence = same_evidence,
                           .trigger = {RJ_TRIGGER_SYNC, NULL, RJ_UID_MACHINE, true, false}};
    size_t actions = 0;
    for (size_t round = 0; round < rounds; round++) {
        uint64_t begin = rj_clock_monotonic_ns();
        rj_plan *plan;
        if (rj_plan_make(&input, &plan, &err) != RJ_OK) {
            fprintf(stderr, "plan_bench: %s\n", err.text);
            return 1;
        }
        took[round] = (double)(rj_clock_monotonic_ns() - begin) / 1e6;
        actions = plan->action_count;
        rj_plan_free(plan);
    }
    if (actions != count) {
        fprintf(stderr, "plan_bench: %zu actions planned, %zu expected\n", actions, count);
        return 1;
    }
    qsort(took, rounds, sizeof *took, by_value);
    printf("%.3f\n", took[rounds / 2]);
    rj_free(detections);
    rj_free(took);
    rj_policy_free(policy);
    return 0;
}
