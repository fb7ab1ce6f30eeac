/* SPDX-License-Identifier: MIT */
/*
 * The planner: a pure function from what is wanted, what is there and what was tried to an ordered
 * list of actions, each with the chain of reasons that produced it.  No I/O, no clock, no globals.
 *
 * Order: stage = dependency depth, inside a stage `order` ascending with 0 last, then id.
 * A(1), B(101) -> C(100) gives C, A, B.  Removal comes first and runs the other way round.
 */
#ifndef RJ_ENGINE_PLAN_H
#define RJ_ENGINE_PLAN_H

#include "base/status.h"
#include "engine/policy.h"

/* What the records say about one package of one owner (uid RJ_UID_MACHINE: system scope). */
typedef struct rj_record {
    const char *id;
    rj_uid uid;
    const char *version;
    const char *args_hash; /* "" when installed without args */
    bool success;
    int32_t exit_code;
    bool restart_pending;
} rj_record;

typedef enum rj_detected {
    RJ_DETECTED_UNKNOWN,
    RJ_DETECTED_ABSENT,
    RJ_DETECTED_PRESENT
} rj_detected;

/* What a provider saw. */
typedef struct rj_detection {
    const char *id;
    rj_uid uid;
    rj_detected state;
    const char *version; /* PRESENT; may be "" if the provider cannot tell */
    const char *detail;
} rj_detection;

/* How often this very thing was tried in vain. */
typedef struct rj_attempts {
    const char *id;
    rj_uid uid;
    const char *version; /* wanted, "" for newest */
    const char *args_hash;
    uint64_t evidence; /* what was known then; a different number now allows new attempts */
    unsigned failures;
    int64_t last_wall_ms;
    const char *last_error;
} rj_attempts;

typedef enum rj_check_state { /* of check results */
                              RJ_CHECK_UNKNOWN,
                              RJ_CHECK_OK,
                              RJ_CHECK_NOT_MET,
                              RJ_CHECK_NOT_APPLICABLE
} rj_check_state;

typedef struct rj_check_fact {
    const char *check_id;
    rj_check_state state;
    rj_enforcement enforcement;
    const char *summary;
} rj_check_fact;

typedef enum rj_trigger_kind {
    RJ_TRIGGER_SYNC,      /* interval, policy change, start, "Sync this device" */
    RJ_TRIGGER_INSTALL,   /* a person or link asks for one package: ensure present */
    RJ_TRIGGER_UPGRADE,   /* a person asks: only if outdated; id NULL: all that are */
    RJ_TRIGGER_UNINSTALL, /* a person asks */
    RJ_TRIGGER_RETRY      /* install, and forget earlier failures */
} rj_trigger_kind;

typedef struct rj_trigger {
    rj_trigger_kind kind;
    const char *id;    /* NULL for sync */
    rj_uid uid;        /* who asks; RJ_UID_MACHINE: the agent itself */
    bool admin;        /* root asks */
    bool from_link;    /* hidden packages are refused */
    const char *asker; /* the name of who asks, to be told; NULL: that of `uid` */
} rj_trigger;

typedef struct rj_plan_input {
    const rj_policy *policy;
    const rj_record *records;
    size_t record_count;
    const rj_detection *detections;
    size_t detection_count;
    const rj_attempts *attempts;
    size_t attempt_count;
    const rj_check_fact *checks;
    size_t check_count;
    const rj_uid *sessions; /* users whose `realmjoin` is there to run user-scope packages */
    size_t session_count;
    /* Evidence as of now, by package: what rj_attempts.evidence is compared with; NULL: always 0. */
    uint64_t (*evidence)(void *data, const rj_assignment *assignment);
    void *evidence_data;
    rj_trigger trigger;
    int64_t now_wall_ms;
} rj_plan_input;

typedef enum rj_verdict {
    RJ_VERDICT_INSTALL,
    RJ_VERDICT_UPGRADE,   /* also a permitted downgrade */
    RJ_VERDICT_REINSTALL, /* args changed, damaged, or asked for */
    RJ_VERDICT_UNINSTALL,
    RJ_VERDICT_NOTHING, /* as wanted already, or available and not asked for */
    RJ_VERDICT_HELD,    /* wanted, but must wait: gate, session, dependency, gave up */
    RJ_VERDICT_REFUSED  /* asked for and not allowed */
} rj_verdict;
const char *rj_verdict_name(rj_verdict verdict);

/* A link of the chain: a stable code and the text made from it on demand. */
typedef struct rj_reason {
    const char *code; /* "assigned-mandatory", "not-installed", "args-changed", "gate", ... */
    const char *a;    /* borrowed from the input: ids, versions, texts; may be NULL */
    const char *b;
    int64_t n;
} rj_reason;
size_t rj_reason_text(const rj_reason *reason, char *ret_text, size_t size);

typedef struct rj_plan_item {
    const rj_assignment *assignment; /* NULL only when REFUSED for an unknown id */
    rj_uid uid;                      /* owner: RJ_UID_MACHINE or the user it is done for */
    rj_verdict verdict;
    unsigned stage;
    const rj_reason *reasons; /* in order of thought: first what is wanted, last what decided */
    size_t reason_count;
} rj_plan_item;

typedef struct rj_plan {
    rj_plan_item *items; /* actions in order of execution, then everything else by id */
    size_t item_count;
    size_t action_count; /* items[0 .. action_count) are INSTALL .. UNINSTALL */
} rj_plan;

/* Borrows the input's strings: free the plan before the input.  10,000 packages with three
 * dependencies each: well under 50 ms. */
rj_status rj_plan_make(const rj_plan_input *input, rj_plan **ret_plan, rj_error *err);
void rj_plan_free(rj_plan *plan);
/* The item of this owner; else the machine's, if it is assigned to the machine or to this user. */
const rj_plan_item *rj_plan_find(const rj_plan *plan, const char *id, rj_uid uid);

#endif
