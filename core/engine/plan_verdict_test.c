/* SPDX-License-Identifier: MIT */
/* Verdicts by table, one row is one sentence, and the sentences of their reasons. */
#include "engine/plan_scene_test.h"

/* ---- The table --------------------------------------------------------------------------------- */

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
     {.device = HIDE, GONE("a"), .trigger = {RJ_TRIGGER_INSTALL, "a", 0, true, true, NULL}},
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
    {"nor something optional that a person asks for",
     {.device = OFFER, GONE("a"), NOT_MET, ASKS(INSTALL)},
     RJ_VERDICT_INSTALL,
     "not-installed"},
    {"but what is required waits whoever asks",
     {.device = NEED, GONE("a"), NOT_MET, ASKS(INSTALL)},
     RJ_VERDICT_HELD,
     "gate"},
    {"a removal does not wait",
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
    size_t used = 0;
    for (size_t i = 0; i < item->reason_count; i++) {
        size_t length = rj_reason_text(&item->reasons[i], sentence, sizeof(sentence));
        assert_int_equal(length, strlen(sentence));
        used +=
            (size_t)snprintf(chain + used, sizeof(chain) - used, "%s%s", i ? "\n" : "", sentence);
        assert_true(used < sizeof(chain));
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
    char root[64];
    char expected[256];
    snprintf(expected, sizeof expected,
             "the policy offers it on this device\n"
             "%s asked to remove it\n"
             "version 2 is there\n"
             "removed as asked",
             rj_system_user_name(0, root, sizeof root));
    assert_chain(&(scene){.device = OFFER, ROOT_ASKS(UNINSTALL), SEEN("a", "2")}, "a", M, expected);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_holds),
        cmocka_unit_test(a_chain_reads_from_what_is_wanted_to_what_decided),
        cmocka_unit_test(every_failing_check_is_named),
        cmocka_unit_test(a_sentence_is_one_line_and_cut_where_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
