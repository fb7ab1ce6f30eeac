/* SPDX-License-Identifier: MIT */
/* Plans from little text, for tests. */
#ifndef RJ_ENGINE_PLAN_SCENE_TEST_H
#define RJ_ENGINE_PLAN_SCENE_TEST_H

#include "engine/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define JANE 1000
#define KARL 1001
#define M RJ_UID_MACHINE

/* Lists end at the first empty element. */
typedef struct scene {
    const char *device;   /* entries of SoftwarePackages of the device */
    const char *jane;     /* of a user's document, NULL: none */
    const char *settings; /* further members of the device's document */
    rj_record records[4];
    rj_detection detections[4];
    rj_attempts attempts[2];
    rj_check_fact checks[2];
    rj_uid sessions[2];
    rj_trigger trigger;
} scene;

typedef struct outcome {
    rj_policy *policy;
    rj_plan *plan;
} outcome;

/* What a scene leads to; a policy or plan that cannot be made fails the test. */
outcome play(const scene *s);
void end(outcome *out);

const rj_reason *reason_with(const rj_plan_item *item, const char *code); /* NULL: none */
const rj_reason *last_reason(const rj_plan_item *item);

/* ---- Parts of a scene about the package "a" of the machine ------------------------------------- */

#define SEEN(ID, VERSION) .detections = {{ID, M, RJ_DETECTED_PRESENT, VERSION, NULL}}
#define GONE(ID) .detections = {{ID, M, RJ_DETECTED_ABSENT, NULL, NULL}}
#define BLIND(ID) .detections = {{ID, M, RJ_DETECTED_UNKNOWN, NULL, "rpm is broken"}}
#define RECORD(ID, VERSION) .records = {{ID, M, VERSION, "", true, 0, false}}
#define FAILED(ID, VERSION) .records = {{ID, M, VERSION, "", false, 7, false}}
#define TRIES(ID, VERSION, N, EVIDENCE)                                                            \
    .attempts = {{ID, M, VERSION, "", EVIDENCE, N, 0, "disk full"}}
#define ASKS(KIND) .trigger = {RJ_TRIGGER_##KIND, "a", JANE, false, false, NULL}
#define ROOT_ASKS(KIND) .trigger = {RJ_TRIGGER_##KIND, "a", 0, true, false, NULL}
#define LINK(KIND) .trigger = {RJ_TRIGGER_##KIND, "a", JANE, false, true, NULL}
#define NOT_MET .checks = {{"firewall", RJ_CHECK_NOT_MET, RJ_ENFORCE, "no rules"}}

#define NEED "{\"ID\":\"a\",\"Version\":\"1.2.0\",\"Mandatory\":true}"
#define NEED_AUTO "{\"ID\":\"a\",\"Version\":\"1.2.0\",\"Mandatory\":true,\"AutoUpgrade\":true}"
#define OFFER "{\"ID\":\"a\",\"Version\":\"1.2.0\"}"
#define OFFER_AUTO "{\"ID\":\"a\",\"Version\":\"1.2.0\",\"AutoUpgrade\":true}"
#define OFFER_AGAIN "{\"ID\":\"a\",\"Version\":\"1.2.0\",\"AllowReinstall\":true}"
#define OFFER_ARGS "{\"ID\":\"a\",\"Version\":\"1.2.0\",\"Args\":\"/x\"}"
#define HIDE "{\"ID\":\"a\",\"Version\":\"1.2.0\",\"Hidden\":true}"
#define NEWEST "{\"ID\":\"a\",\"Mandatory\":true,\"AutoUpgrade\":true}"
#define REMOVE "{\"ID\":\"a\",\"Uninstall\":true}"
#define DOWN "\"SoftwarePackaging\":{\"AutoUpgradeCanDowngrade\":true}"

#endif
