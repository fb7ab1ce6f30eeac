/* SPDX-License-Identifier: MIT */
/* Verdicts by table: one row is one sentence. */
#include "engine/plan.h"

#include "base/alloc.h"

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

/* ---- Making a plan from little text ------------------------------------------------------------ */

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

static uint64_t evidence(void *data, const rj_assignment *assignment)
{
    (void)data;
    (void)assignment;
    return 7;
}

static outcome play(const scene *s)
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

static void end(outcome *out)
{
    rj_plan_free(out->plan);
    rj_policy_free(out->policy);
}

static const rj_reason *reason_with(const rj_plan_item *item, const char *code)
{
    for (size_t i = 0; i < item->reason_count; i++)
        if (strcmp(item->reasons[i].code, code) == 0)
            return &item->reasons[i];
    return NULL;
}

static const rj_reason *last_reason(const rj_plan_item *item)
{
    assert_true(item->reason_count > 0);
    return &item->reasons[item->reason_count - 1];
}

/* ---- The table --------------------------------------------------------------------------------- */

#define SEEN(ID, VERSION) .detections = {{ID, M, RJ_DETECTED_PRESENT, VERSION, NULL}}
#define GONE(ID) .detections = {{ID, M, RJ_DETECTED_ABSENT, NULL, NULL}}
#define BLIND(ID) .detections = {{ID, M, RJ_DETECTED_UNKNOWN, NULL, "rpm is broken"}}
#define RECORD(ID, VERSION) .records = {{ID, M, VERSION, "", true, 0, false}}
#define FAILED(ID, VERSION) .records = {{ID, M, VERSION, "", false, 7, false}}
#define TRIES(ID, VERSION, N, EVIDENCE)                                                            \
    .attempts = {{ID, M, VERSION, "", EVIDENCE, N, 0, "disk full"}}
#define ASKS(KIND) .trigger = {RJ_TRIGGER_##KIND, "a", JANE, false, false}
#define ROOT_ASKS(KIND) .trigger = {RJ_TRIGGER_##KIND, "a", 0, true, false}
#define LINK(KIND) .trigger = {RJ_TRIGGER_##KIND, "a", JANE, false, true}
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

static const struct {
    const char *sentence;
    scene scene;
    rj_verdict verdict;
    const char *last; /* deciding reason */
} rows[] = {
    /* required */
    {"what is required and absent is installed",
     {.device = NEED, GONE("a")},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"what is required and there in its version stays",
     {.device = NEED, SEEN("a", "1.2"), RECORD("a", "1.2.0")},
     RJ_VERDICT_NOTHING,
     "as-wanted"},
    {"what is on record but gone is installed again",
     {.device = NEED, GONE("a"), RECORD("a", "1.2.0")},
     RJ_VERDICT_INSTALL,
     "was-removed"},
    {"what something else installed in the wanted version is taken as it is",
     {.device = NEED, SEEN("a", "1.2.0")},
     RJ_VERDICT_NOTHING,
     "present-without-record"},
    {"nothing is installed blindly",
     {.device = NEED, BLIND("a")},
     RJ_VERDICT_HELD,
     "detection-unknown"},
    {"a record alone does not prove presence",
     {.device = NEED, BLIND("a"), RECORD("a", "1.2.0")},
     RJ_VERDICT_HELD,
     "detection-unknown"},
    {"no answer of a provider is unknown, not absent",
     {.device = NEED},
     RJ_VERDICT_HELD,
     "detection-unknown"},
    {"a failed run of something required is repeated",
     {.device = NEED, SEEN("a", "1.2.0"), FAILED("a", "1.2.0")},
     RJ_VERDICT_REINSTALL,
     "last-failed"},
    {"a failed run of something optional waits to be asked for",
     {.device = OFFER, SEEN("a", "1.2.0"), FAILED("a", "1.2.0")},
     RJ_VERDICT_NOTHING,
     "last-failed-kept"},

    /* upgrades */
    {"outdated and AutoUpgrade is upgraded",
     {.device = NEED_AUTO, SEEN("a", "1.0.0"), RECORD("a", "1.0.0")},
     RJ_VERDICT_UPGRADE,
     "outdated"},
    {"an optional one too",
     {.device = OFFER_AUTO, SEEN("a", "1.0.0"), RECORD("a", "1.0.0")},
     RJ_VERDICT_UPGRADE,
     "outdated"},
    {"without AutoUpgrade the old one stays",
     {.device = NEED, SEEN("a", "1.0.0"), RECORD("a", "1.0.0")},
     RJ_VERDICT_NOTHING,
     "outdated-kept"},
    {"a self-updated package is judged by what is there, not by the record",
     {.device = NEED_AUTO, SEEN("a", "1.3.0"), RECORD("a", "1.0.0")},
     RJ_VERDICT_NOTHING,
     "newer-kept"},
    {"a newer version is never taken back by itself",
     {.device = NEED_AUTO, SEEN("a", "2.0.0")},
     RJ_VERDICT_NOTHING,
     "newer-kept"},
    {"unless going back is allowed",
     {.device = NEED_AUTO, .settings = DOWN, SEEN("a", "2.0.0")},
     RJ_VERDICT_UPGRADE,
     "downgrade"},
    {"going back needs AutoUpgrade too",
     {.device = NEED, .settings = DOWN, SEEN("a", "2.0.0")},
     RJ_VERDICT_NOTHING,
     "newer-kept"},
    {"without a version in the policy any version will do",
     {.device = NEWEST, SEEN("a", "1.0.0"), RECORD("a", "1.0.0")},
     RJ_VERDICT_NOTHING,
     "newest-kept"},
    {"without a version in the policy an absent one is installed",
     {.device = NEWEST, GONE("a")},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"a version that cannot be told is left alone",
     {.device = NEED_AUTO, SEEN("a", "")},
     RJ_VERDICT_NOTHING,
     "version-unknown"},
    {"the record tells the version when the provider cannot",
     {.device = NEED_AUTO, SEEN("a", ""), RECORD("a", "1.0.0")},
     RJ_VERDICT_UPGRADE,
     "outdated"},

    /* arguments */
    {"changed arguments run the package again",
     {.device = OFFER_ARGS, SEEN("a", "1.2.0"), RECORD("a", "1.2.0")},
     RJ_VERDICT_REINSTALL,
     "args-changed"},
    {"changed arguments of an older version wait without AutoUpgrade",
     {.device = OFFER_ARGS, SEEN("a", "1.0.0"), RECORD("a", "1.0.0")},
     RJ_VERDICT_NOTHING,
     "outdated-kept"},
    {"arguments of what something else installed are not known to differ",
     {.device = OFFER_ARGS, SEEN("a", "1.2.0")},
     RJ_VERDICT_NOTHING,
     "present-without-record"},

    /* optional */
    {"what is offered is not installed unasked",
     {.device = OFFER, GONE("a")},
     RJ_VERDICT_NOTHING,
     "not-asked"},
    {"what is hidden is not installed unneeded",
     {.device = HIDE, GONE("a")},
     RJ_VERDICT_NOTHING,
     "hidden-not-needed"},
    {"what is offered and cannot be seen is left alone",
     {.device = OFFER, BLIND("a")},
     RJ_VERDICT_NOTHING,
     "detection-unknown"},
    {"what is offered and was removed stays removed",
     {.device = OFFER_AUTO, GONE("a"), RECORD("a", "1.2.0")},
     RJ_VERDICT_NOTHING,
     "not-asked"},

    /* removal by policy */
    {"what the policy wants removed is removed",
     {.device = REMOVE, SEEN("a", "1.0")},
     RJ_VERDICT_UNINSTALL,
     "policy-removes"},
    {"what is gone need not be removed",
     {.device = REMOVE, GONE("a")},
     RJ_VERDICT_NOTHING,
     "already-absent"},
    {"nothing is removed blindly",
     {.device = REMOVE, BLIND("a")},
     RJ_VERDICT_HELD,
     "detection-unknown"},

    /* asked to install */
    {"an offered package is installed when asked for",
     {.device = OFFER, GONE("a"), ASKS(INSTALL)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"a link does the same",
     {.device = OFFER, GONE("a"), LINK(INSTALL)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"an explicit request goes ahead where nothing can be seen",
     {.device = OFFER, BLIND("a"), ASKS(INSTALL)},
     RJ_VERDICT_INSTALL,
     "asked-despite-unknown"},
    {"what is there already is not installed again",
     {.device = OFFER, SEEN("a", "1.2.0"), RECORD("a", "1.2.0"), ASKS(INSTALL)},
     RJ_VERDICT_NOTHING,
     "already-installed"},
    {"unless AllowReinstall is on",
     {.device = OFFER_AGAIN, SEEN("a", "1.2.0"), RECORD("a", "1.2.0"), ASKS(INSTALL)},
     RJ_VERDICT_REINSTALL,
     "reinstall-asked"},
    {"asking to install an outdated one upgrades it without AutoUpgrade",
     {.device = OFFER, SEEN("a", "1.0.0"), ASKS(INSTALL)},
     RJ_VERDICT_UPGRADE,
     "outdated-asked"},
    {"asking does not take a newer one back",
     {.device = OFFER_AGAIN, SEEN("a", "2.0.0"), ASKS(INSTALL)},
     RJ_VERDICT_NOTHING,
     "newer-kept"},
    {"asking repeats what failed",
     {.device = OFFER, SEEN("a", "1.2.0"), FAILED("a", "1.2.0"), ASKS(INSTALL)},
     RJ_VERDICT_REINSTALL,
     "last-failed"},
    {"what is not assigned is refused",
     {.device = "{\"ID\":\"b\"}", ASKS(INSTALL)},
     RJ_VERDICT_REFUSED,
     "not-assigned"},
    {"a hidden package is refused to a link",
     {.device = HIDE, GONE("a"), LINK(INSTALL)},
     RJ_VERDICT_REFUSED,
     "hidden"},
    {"a hidden package is refused to a user",
     {.device = HIDE, GONE("a"), ASKS(INSTALL)},
     RJ_VERDICT_REFUSED,
     "hidden"},
    {"a hidden package is refused to a link even of an administrator",
     {.device = HIDE, GONE("a"), .trigger = {RJ_TRIGGER_INSTALL, "a", 0, true, true}},
     RJ_VERDICT_REFUSED,
     "hidden"},
    {"an administrator may install a hidden one",
     {.device = HIDE, GONE("a"), ROOT_ASKS(INSTALL)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"what the policy removes is not installed",
     {.device = REMOVE, GONE("a"), ROOT_ASKS(INSTALL)},
     RJ_VERDICT_REFUSED,
     "policy-wants-it-gone"},
    {"an id is found whatever its case",
     {.device = "{\"ID\":\"A\"}", GONE("A"), ASKS(INSTALL)},
     RJ_VERDICT_INSTALL,
     "not-installed"},

    /* asked to upgrade */
    {"asking to upgrade an outdated one upgrades it",
     {.device = OFFER, SEEN("a", "1.0.0"), ASKS(UPGRADE)},
     RJ_VERDICT_UPGRADE,
     "outdated-asked"},
    {"asking to upgrade a current one does nothing",
     {.device = OFFER_AGAIN, SEEN("a", "1.2.0"), RECORD("a", "1.2.0"), ASKS(UPGRADE)},
     RJ_VERDICT_NOTHING,
     "not-outdated"},
    {"asking to upgrade an absent one installs nothing",
     {.device = OFFER, GONE("a"), LINK(UPGRADE)},
     RJ_VERDICT_NOTHING,
     "not-there-to-upgrade"},
    {"asking to upgrade what has no version in the policy looks for the newest",
     {.device = NEWEST, SEEN("a", "1.0.0"), ASKS(UPGRADE)},
     RJ_VERDICT_UPGRADE,
     "newest-asked"},
    {"asking to upgrade what is only on record goes ahead",
     {.device = OFFER, BLIND("a"), RECORD("a", "1.0.0"), ASKS(UPGRADE)},
     RJ_VERDICT_UPGRADE,
     "outdated-asked"},

    /* asked to remove */
    {"a user may not remove a package of the machine",
     {.device = OFFER, SEEN("a", "1.2.0"), ASKS(UNINSTALL)},
     RJ_VERDICT_REFUSED,
     "needs-admin"},
    {"an administrator may",
     {.device = OFFER, SEEN("a", "1.2.0"), ROOT_ASKS(UNINSTALL)},
     RJ_VERDICT_UNINSTALL,
     "removal-asked"},
    {"an administrator is told that what is required comes back",
     {.device = NEED, SEEN("a", "1.2.0"), ROOT_ASKS(UNINSTALL)},
     RJ_VERDICT_UNINSTALL,
     "removal-asked-comes-back"},
    {"removing what is gone does nothing",
     {.device = OFFER, GONE("a"), ROOT_ASKS(UNINSTALL)},
     RJ_VERDICT_NOTHING,
     "already-absent"},
    {"an explicit removal goes ahead where nothing can be seen",
     {.device = OFFER, BLIND("a"), ROOT_ASKS(UNINSTALL)},
     RJ_VERDICT_UNINSTALL,
     "removal-asked"},

    /* tried in vain */
    {"after one failure it is tried once more",
     {.device = NEED, GONE("a"), TRIES("a", "1.2.0", 1, 7)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"after two failures it is given up",
     {.device = NEED, GONE("a"), TRIES("a", "1.2.0", 2, 7)},
     RJ_VERDICT_HELD,
     "gave-up"},
    {"new evidence allows new attempts",
     {.device = NEED, GONE("a"), TRIES("a", "1.2.0", 2, 8)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"another version is another attempt",
     {.device = NEED, GONE("a"), TRIES("a", "1.1.0", 2, 7)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"a person may always ask again",
     {.device = NEED, GONE("a"), TRIES("a", "1.2.0", 9, 7), ASKS(INSTALL)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"and retry",
     {.device = NEED, GONE("a"), TRIES("a", "1.2.0", 9, 7), ASKS(RETRY)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"a removal that failed twice is given up",
     {.device = REMOVE, SEEN("a", "1"), TRIES("a", "", 2, 7)},
     RJ_VERDICT_HELD,
     "gave-up"},

    /* the gate */
    {"an enforced check that is not met blocks what is required",
     {.device = NEED, GONE("a"), NOT_MET},
     RJ_VERDICT_HELD,
     "gate"},
    {"and its upgrade",
     {.device = NEED_AUTO, SEEN("a", "1.0.0"), NOT_MET},
     RJ_VERDICT_HELD,
     "gate"},
    {"but not the upgrade of something optional",
     {.device = OFFER_AUTO, SEEN("a", "1.0.0"), NOT_MET},
     RJ_VERDICT_UPGRADE,
     "outdated"},
    {"nor what a person asks for",
     {.device = OFFER, GONE("a"), NOT_MET, ASKS(INSTALL)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"nor a removal",
     {.device = REMOVE, SEEN("a", "1"), NOT_MET},
     RJ_VERDICT_UNINSTALL,
     "policy-removes"},
    {"nor what is right already",
     {.device = NEED, SEEN("a", "1.2.0"), RECORD("a", "1.2.0"), NOT_MET},
     RJ_VERDICT_NOTHING,
     "as-wanted"},
    {"a recommended check blocks nothing",
     {.device = NEED, GONE("a"), .checks = {{"firewall", RJ_CHECK_NOT_MET, RJ_RECOMMEND, ""}}},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"an unknown result blocks nothing",
     {.device = NEED, GONE("a"), .checks = {{"firewall", RJ_CHECK_UNKNOWN, RJ_ENFORCE, ""}}},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"a met one and one that makes no sense here block nothing",
     {.device = NEED,
      GONE("a"),
      .checks = {{"firewall", RJ_CHECK_OK, RJ_ENFORCE, ""},
                 {"encryption", RJ_CHECK_NOT_APPLICABLE, RJ_ENFORCE, ""}}},
     RJ_VERDICT_INSTALL,
     "not-installed"},
};

static void every_row_of_the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        outcome out = play(&rows[i].scene);
        assert_int_equal(out.plan->item_count, 1);
        const rj_plan_item *item = &out.plan->items[0];
        const char *last = last_reason(item)->code;
        if (item->verdict != rows[i].verdict || strcmp(last, rows[i].last) != 0)
            fail_msg("%s: %s because %s", rows[i].sentence, rj_verdict_name(item->verdict), last);
        bool is_action = rows[i].verdict <= RJ_VERDICT_UNINSTALL;
        assert_int_equal(out.plan->action_count, is_action ? 1 : 0);
        end(&out);
    }
}

/* ---- Chains ------------------------------------------------------------------------------------ */

static void assert_chain(const scene *s, const char *id, rj_uid uid, const char *wanted)
{
    outcome out = play(s);
    const rj_plan_item *item = rj_plan_find(out.plan, id, uid);
    assert_non_null(item);
    char chain[2048] = "", sentence[512];
    for (size_t i = 0; i < item->reason_count; i++) {
        size_t length = rj_reason_text(&item->reasons[i], sentence, sizeof(sentence));
        assert_int_equal(length, strlen(sentence));
        if (i)
            strcat(chain, "\n");
        strcat(chain, sentence);
    }
    assert_string_equal(chain, wanted);
    end(&out);
}

static void a_chain_reads_from_what_is_wanted_to_what_decided(void **state)
{
    (void)state;
    assert_chain(&(scene){.device = NEED_AUTO, SEEN("a", "1.0.0"), RECORD("a", "1.0.0")}, "a", M,
                 "the policy requires it on this device\n"
                 "version 1.0.0 is there\n"
                 "installed 1.0.0, policy wants 1.2.0, AutoUpgrade is on");
    assert_chain(&(scene){.device = NEED, BLIND("a")}, "a", M,
                 "the policy requires it on this device\n"
                 "whether it is there could not be found out: rpm is broken\n"
                 "nothing is changed until it is known what is there");
    assert_chain(&(scene){.device = NEED, GONE("a"), NOT_MET}, "a", M,
                 "the policy requires it on this device\n"
                 "it is not there\n"
                 "not installed, version 1.2.0 is wanted\n"
                 "waits until the enforced check \"firewall\" is met: no rules");
    assert_chain(&(scene){.device = NEED, GONE("a"), TRIES("a", "1.2.0", 2, 7)}, "a", M,
                 "the policy requires it on this device\n"
                 "it is not there\n"
                 "not installed, version 1.2.0 is wanted\n"
                 "given up after 2 failures, the last: disk full; \"realmjoin install a\" tries "
                 "again");
    assert_chain(&(scene){.device = NEWEST, GONE("a")}, "a", M,
                 "the policy requires it on this device\n"
                 "it is not there\n"
                 "not installed, the newest version is wanted");
    assert_chain(&(scene){.device = NEED,
                          GONE("a"),
                          .checks = {{"firewall", RJ_CHECK_UNKNOWN, RJ_ENFORCE, "nft is missing"}}},
                 "a", M,
                 "the policy requires it on this device\n"
                 "it is not there\n"
                 "the enforced check \"firewall\" has no result: nft is missing\n"
                 "not installed, version 1.2.0 is wanted");
    assert_chain(&(scene){.device = OFFER, ROOT_ASKS(UNINSTALL), SEEN("a", "2")}, "a", M,
                 "the policy offers it on this device\n"
                 "root asked to remove it\n"
                 "version 2 is there\n"
                 "removed as asked");
}

static void every_failing_check_is_named(void **state)
{
    (void)state;
    outcome out = play(&(scene){.device = NEED,
                                GONE("a"),
                                .checks = {{"firewall", RJ_CHECK_NOT_MET, RJ_ENFORCE, "x"},
                                           {"encryption", RJ_CHECK_NOT_MET, RJ_ENFORCE, "y"}}});
    const rj_plan_item *item = &out.plan->items[0];
    assert_string_equal(item->reasons[item->reason_count - 2].a, "firewall");
    assert_string_equal(item->reasons[item->reason_count - 1].a, "encryption");
    end(&out);
}

static void a_sentence_is_one_line_and_cut_where_it_does_not_fit(void **state)
{
    (void)state;
    char text[512];
    rj_reason reason = {.code = "gave-up", .a = "line\nbreak\x1b[31m", .b = "a", .n = 2};
    rj_reason_text(&reason, text, sizeof(text));
    assert_null(strchr(text, '\n'));
    assert_null(strchr(text, '\x1b'));
    size_t length = rj_reason_text(&reason, text, 20);
    assert_int_equal(length, strlen(text));
    assert_true(length < 20);
    static char huge[5000];
    memset(huge, 'x', sizeof(huge) - 1);
    reason.a = huge;
    assert_true(rj_reason_text(&reason, text, sizeof(text)) < sizeof(text));
    reason = (rj_reason){.code = "%s%n"};
    rj_reason_text(&reason, text, sizeof(text));
    assert_true(text[0] != '\0');
}

/* ---- Order ------------------------------------------------------------------------------------- */

static void assert_order(const scene *s, const char *wanted)
{
    outcome out = play(s);
    char order[256] = "";
    for (size_t i = 0; i < out.plan->action_count; i++) {
        strcat(order, i ? " " : "");
        strcat(order, out.plan->items[i].assignment->id);
    }
    assert_string_equal(order, wanted);
    end(&out);
}

#define ABSENT3                                                                                    \
    .detections = {{"A", M, RJ_DETECTED_ABSENT, NULL, NULL},                                       \
                   {"B", M, RJ_DETECTED_ABSENT, NULL, NULL},                                       \
                   {"C", M, RJ_DETECTED_ABSENT, NULL, NULL},                                       \
                   {"D", M, RJ_DETECTED_ABSENT, NULL, NULL}}
#define PRESENT4                                                                                   \
    .detections = {{"A", M, RJ_DETECTED_PRESENT, "1", NULL},                                       \
                   {"B", M, RJ_DETECTED_PRESENT, "1", NULL},                                       \
                   {"C", M, RJ_DETECTED_PRESENT, "1", NULL},                                       \
                   {"D", M, RJ_DETECTED_PRESENT, "1", NULL}}

static void dependencies_come_first_whatever_their_order(void **state)
{
    (void)state;
    assert_order(
        &(scene){.device = "{\"ID\":\"A\",\"Order\":1,\"Mandatory\":true},"
                           "{\"ID\":\"B\",\"Order\":101,\"Mandatory\":true,\"DependsOn\":[\"C\"]},"
                           "{\"ID\":\"C\",\"Order\":100,\"Mandatory\":true}",
                 ABSENT3},
        "C A B");
}

static void order_counts_inside_a_stage_with_0_last_and_then_the_id(void **state)
{
    (void)state;
    assert_order(&(scene){.device = "{\"ID\":\"A\",\"Mandatory\":true},"
                                    "{\"ID\":\"D\",\"Order\":5,\"Mandatory\":true},"
                                    "{\"ID\":\"C\",\"Order\":5,\"Mandatory\":true},"
                                    "{\"ID\":\"B\",\"Order\":-1,\"Mandatory\":true}",
                          ABSENT3},
                 "B C D A");
}

static void removal_runs_from_dependants_to_dependencies_and_before_installation(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Uninstall\":true},"
                         "{\"ID\":\"B\",\"Uninstall\":true,\"DependsOn\":[\"A\"]},"
                         "{\"ID\":\"C\",\"Uninstall\":true,\"DependsOn\":[\"B\"],\"Order\":1},"
                         "{\"ID\":\"D\",\"Mandatory\":true,\"Order\":1}",
               PRESENT4};
    s.detections[3].state = RJ_DETECTED_ABSENT;
    assert_order(&s, "C B A D");
}

/* ---- Dependencies ------------------------------------------------------------------------------ */

static void assert_item(const scene *s, const char *id, rj_uid uid, rj_verdict verdict,
                        const char *code, const char *a)
{
    outcome out = play(s);
    const rj_plan_item *item = rj_plan_find(out.plan, id, uid);
    assert_non_null(item);
    const rj_reason *last = last_reason(item);
    if (item->verdict != verdict || strcmp(last->code, code) != 0 ||
        (a && (!last->a || strcmp(last->a, a) != 0)))
        fail_msg("%s: %s because %s (%s)", id, rj_verdict_name(item->verdict), last->code,
                 last->a ? last->a : "");
    end(&out);
}

static void what_is_installed_pulls_in_hidden_dependencies(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true,\"DependsOn\":[\"C\"]},{\"ID\":\"C\"},"
                         "{\"ID\":\"D\"}",
               ABSENT3};
    assert_order(&s, "C B A");
    outcome out = play(&s);
    const rj_reason *needed = reason_with(rj_plan_find(out.plan, "C", M), "needed-by");
    assert_non_null(needed);
    assert_string_equal(needed->a, "B");
    end(&out);
}

static void a_missing_dependency_of_what_is_required_and_there_is_installed(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true}",
               PRESENT4};
    s.detections[1].state = RJ_DETECTED_ABSENT;
    assert_order(&s, "B");
}

static void what_needs_something_held_is_held_and_names_it(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\",\"D\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true,\"DependsOn\":[\"C\"]},"
                         "{\"ID\":\"C\",\"Hidden\":true},{\"ID\":\"D\",\"Hidden\":true}",
               ABSENT3,
               TRIES("C", "", 2, 7)};
    assert_item(&s, "A", M, RJ_VERDICT_HELD, "dependency-held", "B");
    assert_order(&s, ""); /* and D is not installed in vain */
    s.attempts[0].failures = 0;
    assert_order(&s, "C B D A");
    s.detections[2].state = RJ_DETECTED_UNKNOWN;
    assert_item(&s, "A", M, RJ_VERDICT_HELD, "dependency-held", "B");
    assert_item(&s, "C", M, RJ_VERDICT_NOTHING, "detection-unknown", NULL);
}

static void what_the_policy_removes_cannot_be_a_dependency(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Uninstall\":true}",
               PRESENT4};
    s.detections[0].state = RJ_DETECTED_ABSENT;
    assert_item(&s, "A", M, RJ_VERDICT_HELD, "dependency-removed", "B");
    assert_item(&s, "B", M, RJ_VERDICT_UNINSTALL, "policy-removes", NULL);
}

static void nothing_is_removed_from_under_what_needs_it(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Uninstall\":true}",
               PRESENT4};
    assert_item(&s, "B", M, RJ_VERDICT_HELD, "needed-by-installed", "A");
    s.device = "{\"ID\":\"A\",\"DependsOn\":[\"B\"]},{\"ID\":\"B\"}";
    s.trigger = (rj_trigger){RJ_TRIGGER_UNINSTALL, "B", 0, true, false};
    assert_item(&s, "B", M, RJ_VERDICT_REFUSED, "needed-by-installed", "A");
}

static void a_gate_on_a_required_package_also_stops_what_it_pulls_in(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Mandatory\":true,\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true}",
               ABSENT3,
               NOT_MET};
    assert_order(&s, "");
    s.detections[0] = (rj_detection){"A", M, RJ_DETECTED_PRESENT, "1", NULL};
    assert_item(&s, "B", M, RJ_VERDICT_HELD, "gate", "firewall");
}

static void a_request_plans_its_package_and_what_that_needs_and_no_more(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"DependsOn\":[\"B\"]},"
                         "{\"ID\":\"B\",\"Hidden\":true,\"AutoUpgrade\":true,\"Version\":\"2\"},"
                         "{\"ID\":\"C\",\"Mandatory\":true},{\"ID\":\"D\",\"Mandatory\":true}",
               ABSENT3,
               .trigger = {RJ_TRIGGER_INSTALL, "A", JANE, false, true},
               NOT_MET};
    outcome out = play(&s);
    assert_int_equal(out.plan->item_count, 2);
    end(&out);
    assert_order(&s, "B A");
    s.detections[0] = (rj_detection){"A", M, RJ_DETECTED_PRESENT, "1", NULL};
    assert_order(&s, "B"); /* asking for A makes it whole */
    s.trigger.kind = RJ_TRIGGER_UPGRADE;
    s.detections[1] = (rj_detection){"B", M, RJ_DETECTED_PRESENT, "1", NULL};
    s.device = "{\"ID\":\"A\",\"Version\":\"1\",\"DependsOn\":[\"B\"]},"
               "{\"ID\":\"B\",\"Hidden\":true,\"AutoUpgrade\":true,\"Version\":\"2\"}";
    assert_item(&s, "B", M, RJ_VERDICT_NOTHING, "not-part-of-request", NULL);
}

static void upgrading_all_takes_what_the_person_sees_whatever_auto_upgrade_says(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"A\",\"Version\":\"2\"},{\"ID\":\"B\",\"Version\":\"1\"},"
                         "{\"ID\":\"C\",\"Version\":\"2\",\"Hidden\":true},"
                         "{\"ID\":\"D\",\"Version\":\"2\",\"DependsOn\":[\"E\"]},{\"ID\":\"E\"}",
               PRESENT4,
               .trigger = {RJ_TRIGGER_UPGRADE, NULL, JANE, false, false}};
    assert_order(&s, "E A D"); /* E, which cannot be seen, because D needs it */
    assert_item(&s, "D", M, RJ_VERDICT_UPGRADE, "outdated-asked", NULL);
}

/* ---- Users ------------------------------------------------------------------------------------- */

static void a_users_package_waits_for_the_users_session(void **state)
{
    (void)state;
    scene s = {.jane = "{\"ID\":\"a\",\"Scope\":\"user\",\"Mandatory\":true}",
               .detections = {{"a", JANE, RJ_DETECTED_ABSENT, NULL, NULL}}};
    assert_item(&s, "a", JANE, RJ_VERDICT_HELD, "no-session", NULL);
    s.sessions[0] = KARL;
    assert_item(&s, "a", JANE, RJ_VERDICT_HELD, "no-session", NULL);
    s.sessions[1] = JANE;
    assert_item(&s, "a", JANE, RJ_VERDICT_INSTALL, "not-installed", NULL);
}

static void a_users_package_of_the_device_is_planned_for_each_user(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"a\",\"Scope\":\"user\",\"Mandatory\":true}",
               .records = {{"a", 1002, "1", "", true, 0, false}},
               .detections = {{"a", JANE, RJ_DETECTED_ABSENT, NULL, NULL},
                              {"a", KARL, RJ_DETECTED_ABSENT, NULL, NULL}},
               .sessions = {JANE, KARL}};
    outcome out = play(&s);
    assert_int_equal(out.plan->item_count, 3);
    assert_int_equal(out.plan->action_count, 2);
    assert_int_equal(rj_plan_find(out.plan, "a", 1002)->verdict, RJ_VERDICT_HELD);
    assert_null(rj_plan_find(out.plan, "a", 1003));
    end(&out);
}

static void a_users_part_comes_after_the_machines_part_it_needs(void **state)
{
    (void)state;
    scene s = {.device = "{\"ID\":\"B\",\"Hidden\":true}",
               .jane = "{\"ID\":\"A\",\"Scope\":\"user\",\"Mandatory\":true,\"DependsOn\":[\"B\"]}",
               .detections = {{"A", JANE, RJ_DETECTED_ABSENT, NULL, NULL},
                              {"B", M, RJ_DETECTED_ABSENT, NULL, NULL}},
               .sessions = {JANE}};
    assert_order(&s, "B A");
}

static void a_user_may_remove_their_own_optional_package(void **state)
{
    (void)state;
    scene s = {.jane = "{\"ID\":\"a\",\"Scope\":\"user\"}",
               .detections = {{"a", JANE, RJ_DETECTED_PRESENT, "1", NULL}},
               .sessions = {JANE},
               ASKS(UNINSTALL)};
    assert_item(&s, "a", JANE, RJ_VERDICT_UNINSTALL, "removal-asked", NULL);
    s.jane = "{\"ID\":\"a\",\"Scope\":\"user\",\"Mandatory\":true}";
    assert_item(&s, "a", JANE, RJ_VERDICT_REFUSED, "mandatory", NULL);
}

static void a_user_cannot_reach_what_is_assigned_to_another(void **state)
{
    (void)state;
    scene s = {.jane = "{\"ID\":\"a\"}",
               GONE("a"),
               .trigger = {RJ_TRIGGER_INSTALL, "a", KARL, false, false}};
    outcome out = play(&s);
    assert_int_equal(out.plan->item_count, 1);
    assert_null(out.plan->items[0].assignment);
    assert_int_equal(out.plan->items[0].verdict, RJ_VERDICT_REFUSED);
    assert_string_equal(last_reason(&out.plan->items[0])->code, "not-assigned");
    end(&out);
    s.trigger.admin = true;
    assert_item(&s, "a", M, RJ_VERDICT_INSTALL, "not-installed", NULL);
}

static void of_two_users_entries_for_the_machine_the_one_that_asks_for_more_counts(void **state)
{
    (void)state;
    static const char jane[] = "{\"SoftwarePackages\":[{\"ID\":\"a\",\"Version\":\"3\"}]}";
    static const char karl[] =
        "{\"SoftwarePackages\":[{\"ID\":\"a\",\"Version\":\"2\",\"Mandatory\":true}]}";
    const rj_policy_source documents[] = {{"jane", jane, sizeof(jane) - 1, JANE},
                                          {"karl", karl, sizeof(karl) - 1, KARL}};
    const rj_detection absent = {"a", M, RJ_DETECTED_ABSENT, NULL, NULL};
    rj_policy *policy;
    rj_plan *plan;
    assert_int_equal(rj_policy_parse(documents, 2, &policy, NULL), RJ_OK);
    rj_plan_input input = {.policy = policy, .detections = &absent, .detection_count = 1};
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_OK);
    assert_int_equal(plan->item_count, 1);
    assert_string_equal(plan->items[0].assignment->version, "2");
    rj_plan_free(plan);

    input.trigger = (rj_trigger){RJ_TRIGGER_INSTALL, "a", JANE, false, false};
    assert_int_equal(rj_plan_make(&input, &plan, NULL), RJ_OK);
    assert_string_equal(plan->items[0].assignment->version, "3");
    rj_plan_free(plan);
    rj_policy_free(policy);
}

static void an_empty_policy_makes_an_empty_plan(void **state)
{
    (void)state;
    outcome out = play(&(scene){0});
    assert_int_equal(out.plan->item_count, 0);
    assert_null(rj_plan_find(out.plan, "a", M));
    end(&out);
}

static void a_request_without_an_id_is_invalid(void **state)
{
    (void)state;
    rj_policy policy = {0};
    rj_plan *plan = NULL;
    rj_error err = RJ_ERROR_NONE;
    rj_plan_input input = {.policy = &policy, .trigger = {.kind = RJ_TRIGGER_INSTALL}};
    assert_int_equal(rj_plan_make(&input, &plan, &err), RJ_E_INVALID);
    assert_null(plan);
    assert_true(err.text[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_holds),
        cmocka_unit_test(a_chain_reads_from_what_is_wanted_to_what_decided),
        cmocka_unit_test(every_failing_check_is_named),
        cmocka_unit_test(a_sentence_is_one_line_and_cut_where_it_does_not_fit),
        cmocka_unit_test(dependencies_come_first_whatever_their_order),
        cmocka_unit_test(order_counts_inside_a_stage_with_0_last_and_then_the_id),
        cmocka_unit_test(removal_runs_from_dependants_to_dependencies_and_before_installation),
        cmocka_unit_test(what_is_installed_pulls_in_hidden_dependencies),
        cmocka_unit_test(a_missing_dependency_of_what_is_required_and_there_is_installed),
        cmocka_unit_test(what_needs_something_held_is_held_and_names_it),
        cmocka_unit_test(what_the_policy_removes_cannot_be_a_dependency),
        cmocka_unit_test(nothing_is_removed_from_under_what_needs_it),
        cmocka_unit_test(a_gate_on_a_required_package_also_stops_what_it_pulls_in),
        cmocka_unit_test(a_request_plans_its_package_and_what_that_needs_and_no_more),
        cmocka_unit_test(upgrading_all_takes_what_the_person_sees_whatever_auto_upgrade_says),
        cmocka_unit_test(a_users_package_waits_for_the_users_session),
        cmocka_unit_test(a_users_package_of_the_device_is_planned_for_each_user),
        cmocka_unit_test(a_users_part_comes_after_the_machines_part_it_needs),
        cmocka_unit_test(a_user_may_remove_their_own_optional_package),
        cmocka_unit_test(a_user_cannot_reach_what_is_assigned_to_another),
        cmocka_unit_test(of_two_users_entries_for_the_machine_the_one_that_asks_for_more_counts),
        cmocka_unit_test(an_empty_policy_makes_an_empty_plan),
        cmocka_unit_test(a_request_without_an_id_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
