/* SPDX-License-Identifier: MIT */
/*
 * One node's verdict, from what is wanted and what is there.
 *
 * What a provider sees counts, not what we wrote down; where nothing could be seen, nothing is
 * changed by itself, and only a person's explicit request goes ahead.
 */
#include "engine/plan_nodes.h"

#include <string.h>

#define TRIES_MAX 2

static rj_choice choose(rj_verdict verdict, const char *code, const char *a, const char *b)
{
    return (rj_choice){.verdict = verdict, .reason = {.code = code, .a = a, .b = b}};
}

bool rj_plan_is_action(rj_verdict verdict)
{
    return verdict == RJ_VERDICT_INSTALL || verdict == RJ_VERDICT_UPGRADE ||
           verdict == RJ_VERDICT_REINSTALL || verdict == RJ_VERDICT_UNINSTALL;
}

static rj_detected seen(const rj_plan_node *node)
{
    return node->detection ? node->detection->state : RJ_DETECTED_UNKNOWN;
}

static bool on_record(const rj_plan_node *node)
{
    return node->record && node->record->success;
}

bool rj_plan_is_present(const rj_plan_node *node)
{
    return seen(node) == RJ_DETECTED_PRESENT ||
           (seen(node) == RJ_DETECTED_UNKNOWN && on_record(node));
}

const char *rj_plan_version(const rj_plan_node *node)
{
    if (seen(node) == RJ_DETECTED_PRESENT && node->detection->version && *node->detection->version)
        return node->detection->version;
    if (on_record(node) && node->record->version && *node->record->version)
        return node->record->version;
    return NULL;
}

/* ---- It is there ------------------------------------------------------------------------------ */

static bool args_differ(const rj_plan_node *node)
{
    const char *recorded = node->record->args_hash ? node->record->args_hash : "";
    return strcmp(recorded, node->assignment->args_hash) != 0;
}

/* The wanted version is there: was it also run as the policy says? */
static rj_choice decide_same_version(const rj_plan_node *node, bool wanted, bool again)
{
    const rj_assignment *a = node->assignment;
    const char *have = rj_plan_version(node);
    rj_choice failed = choose(wanted ? RJ_VERDICT_REINSTALL : RJ_VERDICT_NOTHING,
                              wanted ? "last-failed" : "last-failed-kept", have, NULL);
    if (node->record && !node->record->success) {
        failed.reason.n = node->record->exit_code;
        return failed;
    }
    if (node->record && args_differ(node))
        return choose(RJ_VERDICT_REINSTALL, "args-changed", have, NULL);
    if (again && a->allow_reinstall)
        return choose(RJ_VERDICT_REINSTALL, "reinstall-asked", have, NULL);
    if (again)
        return choose(RJ_VERDICT_NOTHING, "already-installed", have, NULL);
    if (!node->record)
        return choose(RJ_VERDICT_NOTHING, "present-without-record", have, NULL);
    return choose(RJ_VERDICT_NOTHING, a->version ? "as-wanted" : "newest-kept", have, NULL);
}

static rj_choice decide_newer(const rj_planner *planner, const rj_plan_node *node)
{
    const rj_assignment *a = node->assignment;
    const char *have = rj_plan_version(node);
    if (planner->input->policy->allow_downgrade && a->auto_upgrade)
        return choose(RJ_VERDICT_UPGRADE, "downgrade", have, a->version);
    return choose(RJ_VERDICT_NOTHING, "newer-kept", have, a->version);
}

static rj_choice decide_present(const rj_planner *planner, const rj_plan_node *node, bool wanted)
{
    const rj_assignment *a = node->assignment;
    const char *have = rj_plan_version(node);
    if (!a->version)
        return decide_same_version(node, wanted, node->target);
    if (!have)
        return choose(node->target ? RJ_VERDICT_REINSTALL : RJ_VERDICT_NOTHING,
                      node->target ? "version-unknown-asked" : "version-unknown", NULL, a->version);

    int order = rj_version_compare(have, a->version);
    if (order == 0)
        return decide_same_version(node, wanted, node->target);
    if (order > 0)
        return decide_newer(planner, node);
    if (node->target)
        return choose(RJ_VERDICT_UPGRADE, "outdated-asked", have, a->version);
    if (a->auto_upgrade)
        return choose(RJ_VERDICT_UPGRADE, "outdated", have, a->version);
    return choose(RJ_VERDICT_NOTHING, "outdated-kept", have, a->version);
}

/* ---- It is to be there ------------------------------------------------------------------------ */

static rj_choice decide_absent(const rj_plan_node *node, bool wanted)
{
    const rj_assignment *a = node->assignment;
    if (!wanted)
        return choose(RJ_VERDICT_NOTHING, a->hidden ? "hidden-not-needed" : "not-asked", NULL,
                      a->version);
    if (on_record(node) && !node->target)
        return choose(RJ_VERDICT_INSTALL, "was-removed", node->record->version, a->version);
    return choose(RJ_VERDICT_INSTALL, "not-installed", NULL, a->version);
}

static rj_choice decide_presence(const rj_planner *planner, const rj_plan_node *node, bool wanted)
{
    switch (seen(node)) {
    case RJ_DETECTED_PRESENT:
        return decide_present(planner, node, wanted);
    case RJ_DETECTED_ABSENT:
        return decide_absent(node, wanted);
    default:
        if (wanted && planner->asked)
            return choose(RJ_VERDICT_INSTALL, "asked-despite-unknown", NULL, NULL);
        return choose(wanted ? RJ_VERDICT_HELD : RJ_VERDICT_NOTHING, "detection-unknown", NULL,
                      NULL);
    }
}

/* ---- It is to go ------------------------------------------------------------------------------ */

static rj_choice decide_removal(const rj_plan_node *node)
{
    const char *have = rj_plan_version(node);
    switch (seen(node)) {
    case RJ_DETECTED_PRESENT:
        return choose(RJ_VERDICT_UNINSTALL, "policy-removes", have, NULL);
    case RJ_DETECTED_ABSENT:
        return choose(RJ_VERDICT_NOTHING, "already-absent", NULL, NULL);
    default:
        return choose(RJ_VERDICT_HELD, "detection-unknown", NULL, NULL);
    }
}

static rj_choice decide_asked_removal(const rj_plan_node *node)
{
    const char *have = rj_plan_version(node);
    if (seen(node) == RJ_DETECTED_ABSENT)
        return choose(RJ_VERDICT_NOTHING, "already-absent", NULL, NULL);
    if (node->assignment->mandatory)
        return choose(RJ_VERDICT_UNINSTALL, "removal-asked-comes-back", have, NULL);
    return choose(RJ_VERDICT_UNINSTALL, "removal-asked", have, NULL);
}

/* ---- It is to be newer ------------------------------------------------------------------------ */

static rj_choice decide_asked_upgrade(const rj_planner *planner, const rj_plan_node *node)
{
    const rj_assignment *a = node->assignment;
    const char *have = rj_plan_version(node);
    if (!rj_plan_is_present(node))
        return choose(RJ_VERDICT_NOTHING,
                      seen(node) == RJ_DETECTED_ABSENT ? "not-there-to-upgrade"
                                                       : "detection-unknown",
                      NULL, NULL);
    if (!a->version)
        return choose(RJ_VERDICT_UPGRADE, "newest-asked", have, NULL);
    if (!have)
        return choose(RJ_VERDICT_UPGRADE, "version-unknown-asked", NULL, a->version);
    int order = rj_version_compare(have, a->version);
    if (order < 0)
        return choose(RJ_VERDICT_UPGRADE, "outdated-asked", have, a->version);
    if (order > 0)
        return decide_newer(planner, node);
    return choose(RJ_VERDICT_NOTHING, "not-outdated", have, NULL);
}

/* ---- All together ----------------------------------------------------------------------------- */

static rj_choice decide_target(const rj_planner *planner, const rj_plan_node *node, bool needed)
{
    rj_choice choice;
    switch (planner->input->trigger.kind) {
    case RJ_TRIGGER_UNINSTALL:
        return decide_asked_removal(node);
    case RJ_TRIGGER_UPGRADE:
        choice = decide_asked_upgrade(planner, node);
        if (needed && choice.verdict == RJ_VERDICT_NOTHING && !rj_plan_is_present(node))
            return decide_presence(planner, node, true);
        return choice;
    default:
        return decide_presence(planner, node, true);
    }
}

rj_choice rj_plan_decide(const rj_planner *planner, const rj_plan_node *node, bool needed)
{
    if (node->assignment->uninstall)
        return decide_removal(node);
    if (node->target)
        return decide_target(planner, node, needed);
    if (planner->asked && !needed)
        return choose(RJ_VERDICT_NOTHING, "not-part-of-request", NULL, NULL);
    return decide_presence(planner, node, needed || node->assignment->mandatory);
}

/* ---- Waiting ---------------------------------------------------------------------------------- */

static bool gave_up(const rj_planner *planner, const rj_plan_node *node)
{
    const rj_plan_input *input = planner->input;
    const rj_attempts *attempts = node->attempts;
    if (planner->asked || !attempts || attempts->failures < TRIES_MAX)
        return false;
    uint64_t evidence =
        input->evidence ? input->evidence(input->evidence_data, node->assignment) : 0;
    return evidence == attempts->evidence;
}

/* Whoever asks: an enforced check is not got round by asking for the package oneself. */
bool rj_plan_gate_applies(const rj_plan_node *node, const rj_choice *choice)
{
    return rj_plan_is_action(choice->verdict) && choice->verdict != RJ_VERDICT_UNINSTALL &&
           (node->assignment->mandatory || node->for_mandatory);
}

rj_reason rj_plan_hold(const rj_planner *planner, const rj_plan_node *node, const rj_choice *choice)
{
    const rj_plan_input *input = planner->input;
    if (!rj_plan_is_action(choice->verdict))
        return (rj_reason){0};
    if (gave_up(planner, node))
        return (rj_reason){.code = "gave-up",
                           .a = node->attempts->last_error,
                           .b = node->assignment->id,
                           .n = node->attempts->failures};
    for (size_t i = 0; rj_plan_gate_applies(node, choice) && i < input->check_count; i++) {
        const rj_check_fact *check = &input->checks[i];
        if (check->enforcement == RJ_ENFORCE && check->state == RJ_CHECK_NOT_MET)
            return (rj_reason){.code = "gate", .a = check->check_id, .b = check->summary};
    }
    if (node->uid != RJ_UID_MACHINE && !rj_plan_has_session(planner, node->uid))
        return (rj_reason){.code = "no-session", .n = node->uid};
    return (rj_reason){0};
}
