/* SPDX-License-Identifier: MIT */
#include "engine/policy.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_link(const char *text, rj_link_verb verb, const char *id)
{
    rj_link_verb got = (rj_link_verb)99;
    char got_id[132] = "?";
    rj_error err = RJ_ERROR_NONE;
    if (rj_link_parse(text, strlen(text), &got, got_id, &err) != RJ_OK)
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(got, verb);
    assert_string_equal(got_id, id);
}

/* Refused, with a text that holds `part` and no byte that a terminal would act upon. */
static void assert_refused_bytes(const char *text, size_t length, const char *part)
{
    rj_link_verb verb = (rj_link_verb)99;
    char id[132] = "kept";
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_link_parse(text, length, &verb, id, &err), RJ_E_INVALID);
    assert_int_equal(verb, 99);
    assert_string_equal(id, "kept");
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    for (const char *at = err.text; *at; at++)
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    assert_true(strlen(err.text) < 256);
}

static void assert_refused(const char *text, const char *part)
{
    assert_refused_bytes(text, strlen(text), part);
}

static void the_three_actions_are_read_in_both_forms(void **state)
{
    (void)state;
    assert_link("realmjoin:install:generic-hello", RJ_LINK_INSTALL, "generic-hello");
    assert_link("realmjoin:upgrade:a", RJ_LINK_UPGRADE, "a");
    assert_link("realmjoin://install/generic-hello", RJ_LINK_INSTALL, "generic-hello");
    assert_link("realmjoin://upgrade/x.y_z-1", RJ_LINK_UPGRADE, "x.y_z-1");
    assert_link("realmjoin:install:craft#second", RJ_LINK_INSTALL, "craft#second");
}

static void sync_stands_alone(void **state)
{
    (void)state;
    assert_link("realmjoin:sync:", RJ_LINK_SYNC, "");
    assert_link("realmjoin:sync", RJ_LINK_SYNC, "");
    assert_link("realmjoin://sync/", RJ_LINK_SYNC, "");
    assert_link("realmjoin://sync", RJ_LINK_SYNC, "");
    assert_refused("realmjoin:sync:x", "nothing may follow");
    assert_refused("realmjoin://sync//", "nothing may follow");
}

static void scheme_and_action_ignore_case_and_the_id_keeps_it(void **state)
{
    (void)state;
    assert_link("RealmJoin:INSTALL:Generic-Hello", RJ_LINK_INSTALL, "Generic-Hello");
    assert_link("REALMJOIN://Upgrade/A", RJ_LINK_UPGRADE, "A");
}

static void extra_arguments_are_refused(void **state)
{
    (void)state;
    static const char *const links[] = {
        "realmjoin:install:a:b",  "realmjoin:install:a b",      "realmjoin:install:a ",
        "realmjoin:install: a",   "realmjoin:install:a/b",      "realmjoin:install:a?x=1",
        "realmjoin:install:a&b",  "realmjoin:install:a;reboot", "realmjoin:install:a#b#c",
        "realmjoin:install:a#",   "realmjoin:install:#a",       "realmjoin:install:-a",
        "realmjoin:install:../a", "realmjoin:install:a\\b",     "realmjoin:install:$(reboot)",
        "realmjoin:install:`x`",  "realmjoin://install/a/",     "realmjoin://install:a",
        "realmjoin:install/a",    "realmjoin:/install/a",
    };
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        assert_refused(links[i], "link refused: ");
}

static void quotes_escapes_and_line_breaks_are_refused(void **state)
{
    (void)state;
    assert_refused("realmjoin:install:\"a\"", "no package id");
    assert_refused("realmjoin:install:'a'", "no package id");
    assert_refused("realmjoin:install:a%20b", "no package id");
    assert_refused("realmjoin:install:%61", "no package id");
    assert_refused("realmjoin%3Ainstall%3Aa", "does not start with");
    assert_refused("realmjoin:install:a\nb", "no package id");
    assert_refused("realmjoin:install:a\n", "no package id");
    assert_refused("realmjoin:in\x1b[31mstall:a", "unknown action");
    assert_refused("realmjoin:install:\xc3\xa4", "no package id");
    assert_refused_bytes("realmjoin:install:a\0b", 20, "no package id");
    assert_refused_bytes("realmjoin:in\0stall:a", 20, "unknown action");
}

static void other_schemes_and_actions_are_refused(void **state)
{
    (void)state;
    assert_refused("", "does not start with");
    assert_refused("realmjoin", "does not start with");
    assert_refused("https://example.com/realmjoin:install:a", "does not start with");
    assert_refused(" realmjoin:install:a", "does not start with");
    assert_refused("javascript:alert(1)", "does not start with");
    assert_refused("realmjoin:", "unknown action");
    assert_refused("realmjoin://", "unknown action");
    assert_refused("realmjoin:uninstall:a", "unknown action \"uninstall\"");
    assert_refused("realmjoin:install", "names no package");
    assert_refused("realmjoin:install:", "names no package");
    assert_refused("realmjoin://upgrade/", "names no package");
}

static void a_link_has_at_most_256_bytes_and_an_id_128(void **state)
{
    (void)state;
    char link[300] = "realmjoin:install:";
    size_t prefix = strlen(link);
    memset(link + prefix, 'a', 128);
    rj_link_verb verb;
    char id[132];
    assert_int_equal(rj_link_parse(link, prefix + 128, &verb, id, NULL), RJ_OK);
    assert_int_equal(strlen(id), 128);

    memset(link + prefix, 'a', sizeof(link) - prefix);
    assert_refused_bytes(link, prefix + 129, "no package id");
    assert_refused_bytes(link, 257, "257 bytes long");

    size_t huge = 100 * 1000;
    char *text = rj_malloc(huge);
    assert_non_null(text);
    memset(text, 'a', huge);
    memcpy(text, link, prefix);
    assert_refused_bytes(text, huge, "100000 bytes long");
    rj_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_actions_are_read_in_both_forms),
        cmocka_unit_test(sync_stands_alone),
        cmocka_unit_test(scheme_and_action_ignore_case_and_the_id_keeps_it),
        cmocka_unit_test(extra_arguments_are_refused),
        cmocka_unit_test(quotes_escapes_and_line_breaks_are_refused),
        cmocka_unit_test(other_schemes_and_actions_are_refused),
        cmocka_unit_test(a_link_has_at_most_256_bytes_and_an_id_128),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
