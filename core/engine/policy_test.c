/* SPDX-License-Identifier: MIT */
/* Documents that are right: what each key does. */
#include "engine/policy.h"

#include "base/alloc.h"
#include "base/text.h"
#include "engine/args_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static rj_policy *parse_two(const char *device, const char *user)
{
    rj_policy_source documents[2] = {
        {"device.json", device, strlen(device), RJ_UID_MACHINE},
        {"users/jane.json", user, user ? strlen(user) : 0, 1000},
    };
    rj_policy *policy = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (rj_policy_parse(documents, user ? 2 : 1, &policy, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return policy;
}

static rj_policy *parse(const char *device)
{
    return parse_two(device, NULL);
}

static bool warns(const rj_policy *policy, const char *text)
{
    for (size_t i = 0; i < policy->warning_count; i++)
        if (strcmp(policy->warnings[i], text) == 0)
            return true;
    return false;
}

static void an_empty_document_gives_the_defaults(void **state)
{
    (void)state;
    rj_policy *policy = parse("{}");
    assert_int_equal(policy->assignment_count, 0);
    assert_null(policy->sources[0]);
    assert_int_equal(policy->user_count, 0);
    assert_null(policy->plugins);
    assert_int_equal(policy->warning_count, 0);
    assert_int_equal(policy->sync_interval_ms, 30 * 60 * 1000);
    assert_int_equal(policy->check_interval_ms, 60 * 60 * 1000);
    assert_false(policy->allow_downgrade);
    assert_int_equal(rj_policy_enforcement(policy, "encryption"), RJ_ENFORCE);
    assert_int_equal(rj_policy_enforcement(policy, "firewall"), RJ_ENFORCE);
    assert_int_equal(rj_policy_enforcement(policy, "os-update"), RJ_RECOMMEND);
    assert_int_equal(rj_policy_enforcement(policy, "antivirus"), RJ_RECOMMEND);
    assert_int_equal(rj_policy_enforcement(policy, "somebody-elses"), RJ_RECOMMEND);
    assert_int_equal(strlen(policy->revision), 64);
    rj_policy_free(policy);
}

static void a_package_with_only_an_id_gets_the_defaults(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"SoftwarePackages\":[{\"ID\":\"a\"}]}");
    assert_int_equal(policy->assignment_count, 1);
    const rj_assignment *a = &policy->assignments[0];
    assert_string_equal(a->id, "a");
    assert_string_equal(a->name, "a");
    assert_string_equal(a->format, "nuget");
    assert_null(a->group);
    assert_null(a->package);
    assert_null(a->version);
    assert_null(a->args);
    assert_string_equal(a->args_hash, "");
    assert_null(a->arguments);
    assert_null(a->location);
    assert_null(a->hash);
    assert_null(a->depends_on);
    assert_int_equal(a->scope, RJ_SCOPE_SYSTEM);
    assert_int_equal(a->order, 0);
    assert_false(a->mandatory || a->hidden || a->auto_upgrade || a->allow_reinstall ||
                 a->uninstall);
    assert_int_equal(a->time_limit_ms, 14400 * 1000);
    assert_true(a->audience == RJ_UID_MACHINE);
    rj_policy_free(policy);
}

static void every_package_key_is_read(void **state)
{
    (void)state;
    rj_policy *policy = parse(
        "{\"SoftwarePackages\":[{\"ID\":\"b\"},{\"ID\":\"Generic-A#2\",\"Name\":\"A tool\","
        "\"GroupName\":\"Tools\",\"Format\":\"Craft\",\"Package\":\"A.Tool\",\"Version\":\"1.2.3."
        "4\","
        "\"Args\":\"  /Lang:de  \\\"/Name:A B\\\"\\n\",\"Location\":\"a.zip\",\"Hash\":"
        "\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\",\"Scope\":\"USER\","
        "\"Order\":-5,\"DependsOn\":[\"B\"],\"Mandatory\":true,\"Hidden\":true,"
        "\"AutoUpgrade\":true,\"AllowReinstall\":true,\"Uninstall\":false,\"TimeLimit\":\"00:01:"
        "30\"}"
        "]}");
    const rj_assignment *a = &policy->assignments[1];
    char hash[65];
    assert_string_equal(a->id, "Generic-A#2");
    assert_string_equal(a->name, "A tool");
    assert_string_equal(a->group, "Tools");
    assert_string_equal(a->format, "craft");
    assert_string_equal(a->package, "A.Tool");
    assert_string_equal(a->version, "1.2.3.4");
    assert_string_equal(a->args, "/Lang:de  \"/Name:A B\"");
    assert_int_equal(rj_args_hash("/Lang:de \"/Name:A B\"", hash, NULL), RJ_OK);
    assert_string_equal(a->args_hash, hash);
    assert_string_equal(a->arguments[0], "/Lang:de");
    assert_string_equal(a->arguments[1], "/Name:A B");
    assert_null(a->arguments[2]);
    assert_string_equal(a->location, "a.zip");
    assert_string_equal(a->hash,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(a->scope, RJ_SCOPE_USER);
    assert_int_equal(a->order, -5);
    assert_int_equal(a->depends_count, 1);
    assert_string_equal(a->depends_on[0], "B");
    assert_null(a->depends_on[1]);
    assert_true(a->mandatory && a->hidden && a->auto_upgrade && a->allow_reinstall);
    assert_false(a->uninstall);
    assert_int_equal(a->time_limit_ms, 90 * 1000);
    assert_int_equal(policy->warning_count, 0);
    rj_policy_free(policy);
}

static void keys_are_found_whatever_their_case(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"softwarePACKAGES\":[{\"id\":\"a\",\"AUTOUPGRADE\":true}],"
                              "\"environment\":{\"configcheckinterval\":\"00:10\"}}");
    assert_true(policy->assignments[0].auto_upgrade);
    assert_int_equal(policy->sync_interval_ms, 600 * 1000);
    assert_int_equal(policy->warning_count, 0);
    rj_policy_free(policy);
}

static void the_mark_at_the_beginning_of_utf8_is_no_part_of_the_text(void **state)
{
    (void)state;
    rj_policy *policy = parse("\xef\xbb\xbf{\"SoftwarePackages\":[{\"ID\":\"a\"}]}\r\n");
    assert_int_equal(policy->assignment_count, 1);
    rj_policy_free(policy);
}

static void platform_gives_the_format_unless_format_does(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"SoftwarePackages\":[{\"ID\":\"a\",\"Platform\":\"winchoco\"},"
                              "{\"ID\":\"b\",\"Platform\":\"linuxchoco\"},"
                              "{\"ID\":\"c\",\"Platform\":\"win\",\"Location\":\"x\"},"
                              "{\"ID\":\"d\",\"Platform\":\"Linux\",\"Location\":\"x\"},"
                              "{\"ID\":\"e\",\"Platform\":\"linux\",\"Format\":\"nuget\"},"
                              "{\"ID\":\"f\",\"Format\":\"flat-pak\"}]}");
    const char *const formats[] = {"nuget", "nuget", "craft", "craft", "nuget", "flat-pak"};
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(policy->assignments[i].format, formats[i]);
    rj_policy_free(policy);
}

static void every_boolean_may_be_a_string(void **state)
{
    (void)state;
    rj_policy *policy =
        parse("{\"SoftwarePackages\":[{\"ID\":\"a\",\"Mandatory\":\"true\",\"Hidden\":\"False\","
              "\"AutoUpgrade\":\"TRUE\",\"AllowReinstall\":\"true\",\"Uninstall\":\"false\"}],"
              "\"SoftwarePackaging\":{\"AutoUpgradeCanDowngrade\":\"true\"},"
              "\"Policies\":{\"RequireSecurityFeatures\":{\"UpdateStatus\":\"true\","
              "\"BitlockerEnabled\":\"false\"}}}");
    const rj_assignment *a = &policy->assignments[0];
    assert_true(a->mandatory && a->auto_upgrade && a->allow_reinstall);
    assert_false(a->hidden || a->uninstall);
    assert_true(policy->allow_downgrade);
    assert_int_equal(rj_policy_enforcement(policy, "os-update"), RJ_ENFORCE);
    assert_int_equal(rj_policy_enforcement(policy, "encryption"), RJ_SKIP);
    rj_policy_free(policy);
}

static void requirements_are_enforced_recommended_or_skipped(void **state)
{
    (void)state;
    rj_policy *policy =
        parse("{\"Policies\":{\"RequireSecurityFeatures\":{\"UpdateStatus\":true,"
              "\"BitlockerEnabled\":null,\"FirewallEnabled\":false,\"AvEnabled\":true}}}");
    assert_int_equal(rj_policy_enforcement(policy, "os-update"), RJ_ENFORCE);
    assert_int_equal(rj_policy_enforcement(policy, "encryption"), RJ_RECOMMEND);
    assert_int_equal(rj_policy_enforcement(policy, "firewall"), RJ_SKIP);
    assert_int_equal(rj_policy_enforcement(policy, "antivirus"), RJ_ENFORCE);
    rj_policy_free(policy);
}

static void dotted_keys_mean_the_nested_form(void **state)
{
    (void)state;
    rj_policy *policy =
        parse("{\"Environment.ConfigCheckInterval\":\"1.00:00\","
              "\"Environment\":{\"SecurityCheckInterval\":\"00:02:30\"},"
              "\"policies.RequireSecurityFeatures.FirewallEnabled\":false,"
              "\"Policies.RequireSecurityFeatures\":{\"AvEnabled\":true},"
              "\"Chocolatey.Sources\":[{\"Source\":\"//srv/feed\"}],"
              "\"Plugins.check-a.Settings.Days\":3,\"Plugins\":{\"check-b\":{\"Enabled\":false}}}");
    assert_int_equal(policy->warning_count, 0);
    assert_int_equal(policy->sync_interval_ms, 86400 * 1000);
    assert_int_equal(policy->check_interval_ms, 150 * 1000);
    assert_int_equal(rj_policy_enforcement(policy, "firewall"), RJ_SKIP);
    assert_int_equal(rj_policy_enforcement(policy, "antivirus"), RJ_ENFORCE);
    assert_int_equal(rj_policy_enforcement(policy, "encryption"), RJ_ENFORCE);
    assert_string_equal(policy->sources[0], "//srv/feed");
    const json_t *settings = rj_json_get(rj_json_get(policy->plugins, "check-a"), "Settings");
    assert_int_equal(json_integer_value(rj_json_get(settings, "Days")), 3);
    assert_true(json_is_false(rj_json_get(rj_json_get(policy->plugins, "check-b"), "Enabled")));
    rj_policy_free(policy);
}

/* What begins with two slashes is absolute on every system. */
static void sources_are_sorted_by_priority_with_0_last(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"Chocolatey\":{\"Sources\":["
                              "{\"Name\":\"n\",\"Source\":\"//x/none\"},"
                              "{\"Source\":\"//x/nine\",\"Priority\":9},"
                              "{\"Source\":\"https://example.com/feed\",\"Priority\":1},"
                              "{\"Source\":\"//x/two-a\",\"Priority\":2},"
                              "{\"Source\":\"//x/zero\",\"Priority\":0},"
                              "{\"Source\":\"//x/two-b\",\"Priority\":2}]}}");
    const char *const wanted[] = {"//x/two-a", "//x/two-b", "//x/nine", "//x/none", "//x/zero"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(policy->sources[i], wanted[i]);
    assert_null(policy->sources[5]);
    assert_true(warns(policy,
                      "device.json: /Chocolatey/Sources/2: the source is no absolute folder "
                      "of this machine, left out"));
    rj_policy_free(policy);
}

static void web_links_are_pages_and_nothing_else(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"WebLinks\":["
                              "{\"Name\":\"Help\",\"Target\":\"https://help.example/a?b=1&c\"},"
                              "{\"Name\":\"Edge\",\"Target\":\"microsoft-edge:https://x.example\","
                              "\"Platform\":\"win\"},"
                              "{\"Name\":\"a\",\"Target\":\"calc.exe\"},"
                              "{\"Name\":\"b\",\"Target\":\"file:///c:/x.exe\"},"
                              "{\"Name\":\"c\",\"Target\":\"https://x.example/ --evil\"},"
                              "{\"Name\":\"d\",\"Target\":\"https://x.example/\\\"\"},"
                              "{\"Name\":\"e\",\"Target\":\"javascript:alert(1)\"},"
                              "{\"Name\":\"f\",\"Target\":\"https:///x\"},"
                              "{\"Target\":\"https://nameless.example\"}]}");
    assert_int_equal(policy->web_link_count, 2);
    assert_string_equal(policy->web_links[0].name, "Help");
    assert_string_equal(policy->web_links[0].target, "https://help.example/a?b=1&c");
    assert_null(policy->web_links[0].platform);
    assert_string_equal(policy->web_links[1].platform, "win");
    assert_int_equal(policy->warning_count, 7);
    assert_true(warns(policy, "device.json: /WebLinks/2: a web link needs a Name and a Target that "
                              "is an https: or http: address, left out"));
    rj_policy_free(policy);
}

static void unknown_keys_are_warned_about_with_their_pointer(void **state)
{
    (void)state;
    rj_policy *policy =
        parse("{\"Sofware/Pack~ages\":[],\"FirstRun\":[],\"SoftwarePackages\":[{\"ID\":\"a\"},"
              "{\"ID\":\"b\",\"Mandatori\":true}],\"Environment.Chanel\":1,"
              "\"SoftwarePackages.0\":1,\"a..b\":1,\"\":1}");
    assert_int_equal(policy->warning_count, 7);
    assert_true(warns(policy, "device.json: /Sofware~1Pack~0ages: unknown key, ignored"));
    assert_true(warns(policy, "device.json: /FirstRun: this key has no effect in this agent"));
    assert_true(warns(policy, "device.json: /SoftwarePackages/1/Mandatori: unknown key, ignored"));
    assert_true(warns(policy, "device.json: /Environment.Chanel: unknown key, ignored"));
    assert_true(warns(policy, "device.json: /SoftwarePackages.0: unknown key, ignored"));
    assert_true(warns(policy, "device.json: /: unknown key, ignored"));
    assert_null(policy->warnings[policy->warning_count]);
    rj_policy_free(policy);
}

static void historic_keys_are_ignored_quietly(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"Realm.Name\":1,\"Realm\":{},\"IpSec.Rules\":[],"
                              "\"Branchbox\":{},\"CloudVPN.X\":1,\"AwsAccess\":true,"
                              "\"Policies\":{\"SMimeEnabled\":true,\"Office\":{}},"
                              "\"Policies.Rms\":1,\"$schema\":\"x\"}");
    assert_int_equal(policy->warning_count, 0);
    rj_policy_free(policy);
}

#define SIGNER "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static void the_rule_about_signatures_stands_among_the_plugins(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"Plugins\":{\"RequireSignature\":\"true\",\"a\":{}},"
                              "\"Plugins.TrustedSigners\":[\"" SIGNER "\"]}");
    assert_int_equal(policy->warning_count, 0);
    assert_non_null(rj_json_get(policy->plugins, "RequireSignature"));
    const json_t *signers = rj_json_get(policy->plugins, "TrustedSigners");
    assert_string_equal(json_string_value(json_array_get(signers, 0)), SIGNER);
    rj_policy_free(policy);
    policy = parse("{\"Plugins\":{\"RequireSignature\":null,\"TrustedSigners\":null}}");
    assert_int_equal(policy->warning_count, 0);
    rj_policy_free(policy);
}

static void what_a_plugin_is_not_loaded_for_or_does_not_know_is_warned_about(void **state)
{
    (void)state;
    rj_policy *policy = parse(
        "{\"Plugins\":{\"a\":{\"Isolaton\":\"worker\"},\"b\":false,\"c\":{\"enabled\":\"off\"},"
        "\"d\":{\"Grant\":\"read\"},\"e\":null,\"f\":{\"Enabled\":\"False\",\"Grant\":[\"read\"],"
        "\"Isolation\":\"worker\",\"Settings\":{\"x\":1},\"limits\":{}}},"
        "\"Plugins.g.Enabeld\":false,\"Plugins.h\":1,\"Plugins.i.Setings.x\":1,"
        "\"Plugins.j.Settings.x\":1}");
    assert_true(warns(policy, "device.json: /Plugins/a/Isolaton: unknown key, ignored"));
    assert_true(
        warns(policy, "device.json: /Plugins/b: expected is an object; the plugin is not loaded"));
    assert_true(warns(policy,
                      "device.json: /Plugins/c/enabled: expected is true or false; the plugin "
                      "is not loaded"));
    assert_true(warns(policy,
                      "device.json: /Plugins/d/Grant: expected is a list of capabilities; the "
                      "plugin is not loaded"));
    assert_true(warns(policy, "device.json: /Plugins.g.Enabeld: unknown key, ignored"));
    assert_true(
        warns(policy, "device.json: /Plugins.h: expected is an object; the plugin is not loaded"));
    assert_true(warns(policy, "device.json: /Plugins.i.Setings.x: unknown key, ignored"));
    assert_int_equal(policy->warning_count, 7);
    rj_policy_free(policy);
}

static void many_warnings_are_counted_not_kept(void **state)
{
    (void)state;
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, "{\"x\":0");
    for (size_t i = 1; i < 250; i++)
        rj_text_addf(&text, ",\"x%zu\":0", i);
    rj_text_add(&text, "}");
    assert_false(rj_text_failed(&text));
    rj_policy *policy = parse(text.bytes);
    rj_text_free(&text);
    assert_int_equal(policy->warning_count, 101);
    assert_string_equal(policy->warnings[100], "and 150 more warnings");
    rj_policy_free(policy);
}

static void null_means_not_given(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"SoftwarePackages\":[{\"ID\":\"a\",\"Name\":null,\"Args\":null,"
                              "\"Order\":null,\"DependsOn\":null,\"Mandatory\":null,\"Scope\":null,"
                              "\"Version\":null,\"Hash\":null,\"TimeLimit\":null,\"Format\":null,"
                              "\"Platform\":null,\"Package\":null}],\"Chocolatey\":null,"
                              "\"Environment\":{\"ConfigCheckInterval\":null},\"Plugins\":null}");
    assert_string_equal(policy->assignments[0].name, "a");
    assert_int_equal(policy->sync_interval_ms, 30 * 60 * 1000);
    rj_policy_free(policy);
}

static void depends_on_may_be_one_id_and_repeats_are_warned_about(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"SoftwarePackages\":[{\"ID\":\"a\",\"DependsOn\":\"b\"},"
                              "{\"ID\":\"b\",\"DependsOn\":[\"c\",\"C\"]},{\"ID\":\"c\"}]}");
    assert_int_equal(policy->assignments[0].depends_count, 1);
    assert_int_equal(policy->assignments[1].depends_count, 1);
    assert_true(
        warns(policy, "device.json: /SoftwarePackages/1/DependsOn/1: \"C\" is listed twice"));
    rj_policy_free(policy);
}

static void users_see_their_own_packages_and_the_devices(void **state)
{
    (void)state;
    rj_policy *policy =
        parse_two("{\"SoftwarePackages\":[{\"ID\":\"base\"}]}",
                  "{\"SoftwarePackages\":[{\"ID\":\"mine\",\"DependsOn\":[\"base\"]}]}");
    assert_non_null(rj_policy_find(policy, "BASE", 1000));
    assert_non_null(rj_policy_find(policy, "base", RJ_UID_MACHINE));
    assert_non_null(rj_policy_find(policy, "mine", 1000));
    assert_null(rj_policy_find(policy, "mine", 1001));
    assert_null(rj_policy_find(policy, "mine", RJ_UID_MACHINE));
    assert_null(rj_policy_find(policy, "other", 1000));
    assert_int_equal(policy->assignments[1].audience, 1000);
    rj_policy_free(policy);
}

static void a_users_document_cannot_change_the_devices_settings(void **state)
{
    (void)state;
    rj_policy *policy = parse_two(
        "{}", "{\"Policies\":{\"RequireSecurityFeatures\":{\"FirewallEnabled\":false}},"
              "\"Plugins\":{\"x\":{}},\"Chocolatey.Sources\":[{\"Source\":\"//srv/jane\"}]}");
    assert_int_equal(rj_policy_enforcement(policy, "firewall"), RJ_ENFORCE);
    assert_null(policy->plugins);
    assert_null(policy->sources[0]);
    assert_int_equal(policy->warning_count, 3);
    assert_true(warns(policy, "users/jane.json: /Policies/RequireSecurityFeatures/FirewallEnabled: "
                              "this key belongs to the device's policy and has no effect here"));
    rj_policy_free(policy);
}

static void a_pre_release_entry_replaces_the_others_of_its_id(void **state)
{
    (void)state;
    rj_policy *policy = parse("{\"SoftwarePackages\":[{\"ID\":\"a\",\"Version\":\"1\"},"
                              "{\"ID\":\"b\"},{\"ID\":\"A\",\"Version\":\"2\",\"PreRelease\":true},"
                              "{\"ID\":\"a\",\"Version\":\"3\"}]}");
    assert_int_equal(policy->assignment_count, 2);
    assert_string_equal(policy->assignments[0].id, "b");
    assert_string_equal(policy->assignments[1].version, "2");
    assert_true(warns(policy, "device.json: /SoftwarePackages/0: replaced by the PreRelease entry "
                              "of the same id"));
    rj_policy_free(policy);
}

static void the_fingerprint_follows_the_meaning_not_the_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        bool same;
    } rows[] = {
        {"\"version\":\"1.0\",\"id\":\"a\"", true},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"Mandatory\":\"false\"", true},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"Unknown\":1", true},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"Args\":\"  \"", true},
        {"\"ID\":\"a\",\"Version\":\"1.1\"", false},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"Mandatory\":true", false},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"Args\":\"x\"", false},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"Name\":\"x\"", false},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"Location\":\"x\"", false},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"DependsOn\":\"b\"", false},
        {"\"ID\":\"a\",\"Version\":\"1.0\",\"TimeLimit\":\"01:00\"", false},
    };
    rj_policy *first = parse("{\"SoftwarePackages\":[{\"ID\":\"a\",\"Version\":\"1.0\"}]}");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "{\"SoftwarePackages\":[{%s},{\"ID\":\"b\"}]}", rows[i].entry);
        rj_policy *policy = parse(text);
        bool same = policy->assignments[0].fingerprint == first->assignments[0].fingerprint;
        if (same != rows[i].same)
            fail_msg("%s", rows[i].entry);
        rj_policy_free(policy);
    }
    rj_policy_free(first);
}

static void the_revision_changes_with_every_byte_and_every_audience(void **state)
{
    (void)state;
    rj_policy *a = parse("{}"), *again = parse("{}"), *b = parse("{ }"), *c = parse_two("{}", "{}");
    assert_string_equal(a->revision, again->revision);
    assert_string_not_equal(a->revision, b->revision);
    assert_string_not_equal(a->revision, c->revision);
    rj_policy_free(a);
    rj_policy_free(again);
    rj_policy_free(b);
    rj_policy_free(c);
}

static void time_spans_are_read_in_all_three_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {{"00:01", 60},      {"1:30", 5400},         {"23:59:59", 86399},
                {"1.00:00", 86400}, {"6.23:59:59", 604799}, {"7.00:00:00", 604800}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "{\"Environment\":{\"ConfigCheckInterval\":\"%s\"}}",
                 rows[i].text);
        rj_policy *policy = parse(text);
        assert_int_equal(policy->sync_interval_ms, rows[i].seconds * 1000);
        rj_policy_free(policy);
    }
}

/* Every allocation in turn fails: an error each time, nothing leaked, and at last success. */
static void running_out_of_memory_anywhere_is_an_error(void **state)
{
    (void)state;
    static const char device[] =
        "{\"SoftwarePackages\":[{\"ID\":\"a\",\"Args\":\"x \\\"y "
        "z\\\"\",\"DependsOn\":[\"b\",\"b\"]},"
        "{\"ID\":\"b\"},{\"ID\":\"b\",\"PreRelease\":true}],\"Unknown\":1,"
        "\"Plugins\":{\"p\":{\"Settings\":{\"k\":[1,2]}}},\"Plugins.q.r\":{\"s\":1},"
        "\"Chocolatey\":{\"Sources\":[{\"Source\":\"//srv/feed\"}]}}";
    static const char user[] = "{\"SoftwarePackages\":[{\"ID\":\"c\",\"DependsOn\":[\"a\"]}]}";
    const rj_policy_source documents[] = {
        {"device.json", device, sizeof(device) - 1, RJ_UID_MACHINE},
        {"users/jane.json", user, sizeof(user) - 1, 1000}};

    unsigned failures = 0;
    for (uint64_t nth = 1;; nth++) {
        rj_policy *policy = NULL;
        rj_error err = RJ_ERROR_NONE;
        rj_alloc_fail_from(nth);
        rj_status status = rj_policy_parse(documents, 2, &policy, &err);
        rj_alloc_fail_from(0);
        if (status == RJ_OK) {
            assert_int_equal(policy->assignment_count, 3);
            rj_policy_free(policy);
            break;
        }
        if (status != RJ_E_NO_MEMORY)
            fail_msg("allocation %d: %d %s", (int)nth, (int)status, err.text);
        assert_null(policy);
        assert_true(err.text[0] != '\0');
        failures++;
        assert_true(nth < 10000);
    }
    assert_true(failures > 20);
}

static int use_base_alloc(void **state)
{
    (void)state;
    rj_json_use_base_alloc();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_document_gives_the_defaults),
        cmocka_unit_test(a_package_with_only_an_id_gets_the_defaults),
        cmocka_unit_test(every_package_key_is_read),
        cmocka_unit_test(keys_are_found_whatever_their_case),
        cmocka_unit_test(the_mark_at_the_beginning_of_utf8_is_no_part_of_the_text),
        cmocka_unit_test(platform_gives_the_format_unless_format_does),
        cmocka_unit_test(every_boolean_may_be_a_string),
        cmocka_unit_test(requirements_are_enforced_recommended_or_skipped),
        cmocka_unit_test(dotted_keys_mean_the_nested_form),
        cmocka_unit_test(sources_are_sorted_by_priority_with_0_last),
        cmocka_unit_test(web_links_are_pages_and_nothing_else),
        cmocka_unit_test(unknown_keys_are_warned_about_with_their_pointer),
        cmocka_unit_test(historic_keys_are_ignored_quietly),
        cmocka_unit_test(the_rule_about_signatures_stands_among_the_plugins),
        cmocka_unit_test(what_a_plugin_is_not_loaded_for_or_does_not_know_is_warned_about),
        cmocka_unit_test(many_warnings_are_counted_not_kept),
        cmocka_unit_test(null_means_not_given),
        cmocka_unit_test(depends_on_may_be_one_id_and_repeats_are_warned_about),
        cmocka_unit_test(users_see_their_own_packages_and_the_devices),
        cmocka_unit_test(a_users_document_cannot_change_the_devices_settings),
        cmocka_unit_test(a_pre_release_entry_replaces_the_others_of_its_id),
        cmocka_unit_test(the_fingerprint_follows_the_meaning_not_the_spelling),
        cmocka_unit_test(the_revision_changes_with_every_byte_and_every_audience),
        cmocka_unit_test(time_spans_are_read_in_all_three_forms),
        cmocka_unit_test(running_out_of_memory_anywhere_is_an_error),
    };
    return cmocka_run_group_tests(tests, use_base_alloc, NULL);
}
