/* SPDX-License-Identifier: MIT */
/* Fetching crafts: the cache, hashes, locations, and archives that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "archive_hash.h"
#include "craft_fixture_test.h"
#include "craft_scripts_test.h"
#include "craft_system.h"
#include "test_files.h"

static void fetch_keeps_the_archive_under_its_hash(void **state)
{
    craft_fixture *f = *state;
    unsigned char digest[RJ_SHA256_BYTES];
    char hex[RJ_SHA256_HEX], upper[RJ_SHA256_HEX];
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    assert_int_equal(rj_hash_file(craft_path(f, "feed/hello.zip"), 256, digest, NULL), RJ_OK);
    rj_hex(digest, sizeof digest, hex);
    for (size_t i = 0; i < sizeof hex; i++)
        upper[i] = (char)(hex[i] >= 'a' ? hex[i] - 32 : hex[i]);
    json_object_set_new(f->request, "hash", json_string(upper));
    answer = craft_ask(f, f->table->fetch);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "sha256"), hex);
    assert_string_equal(craft_said(&answer, "plan"), "[\"hello 1.0.0\"]");
    assert_true(craft_there(craft_said(&answer, "path")));
    assert_int_equal(craft_count(craft_path(f, "host/cache")), 1);
    /* the second time it need not be there any more */
    test_file_remove(craft_path(f, "feed/hello.zip"));
    answer = craft_ask(f, f->table->fetch);
    craft_assert_ok(&answer);
}

static void another_hash_than_wanted_is_refused_and_not_kept(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    json_object_set_new(
        f->request, "hash",
        json_string("00000000000000000000000000000000000000000000000000000000000000ff"));
    answer = craft_ask(f, f->table->fetch);
    craft_assert_fails(&answer, RJ_E_CORRUPT, "hello.zip has the SHA-256 ");
    assert_int_equal(craft_count(craft_path(f, "host/cache")), 0);
}

static void a_sha1_is_refused_with_what_is_needed(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    json_object_set_new(f->request, "hash",
                        json_string("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
    answer = craft_ask(f, f->table->fetch);
    craft_assert_fails(&answer, RJ_E_INVALID, "give the SHA-256 (64 digits)");
    json_object_set_new(f->request, "hash", json_string("xyz"));
    answer = craft_ask(f, f->table->fetch);
    craft_assert_fails(&answer, RJ_E_INVALID, "not a hexadecimal digit");
}

static void a_wrong_location_is_named(void **state)
{
    static const struct {
        const char *location;
        rj_status status;
        const char *part;
    } cases[] = {{"missing.zip", RJ_E_NOT_FOUND, "feed/missing.zip"},
                 {"../hello.zip", RJ_E_INVALID, "remove the \"..\""},
                 {"a/../../hello.zip", RJ_E_INVALID, "remove the \"..\""},
                 {"https://x/hello.zip", RJ_E_INVALID, "is an address"},
                 {".", RJ_E_INVALID, "not a regular file"},
                 {"", RJ_E_INVALID, "has no location"}};
    craft_fixture *f = *state;
    plugin_answer answer;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_object_set_new(f->request, "location", json_string(cases[i].location));
        answer = craft_ask(f, f->table->fetch);
        craft_assert_fails(&answer, cases[i].status, cases[i].part);
    }
    json_object_set_new(f->request, "location", json_string("hello.zip"));
    json_object_del(f->request, "sources");
    answer = craft_ask(f, f->table->fetch);
    craft_assert_fails(&answer, RJ_E_INVALID, "names no source");
}

static void assert_archive_refused(craft_fixture *f, const craft_member *members, rj_status status,
                                   const char *part)
{
    plugin_answer answer;

    craft_write_archive(f, "hello.zip", members);
    answer = craft_ask(f, f->table->fetch);
    craft_assert_fails(&answer, status, part);
    craft_assert_has(answer.message, ".zip");
}

static void an_archive_that_is_no_craft_is_refused(void **state)
{
    const craft_member without[] = {{"readme.txt", "x", 0}, {0}};
    const char *deeper_name = craft_words("sub/%s", craft_install_name());
    const craft_member deeper[] = {{deeper_name, craft_script_that.succeeds, 0}, {0}};
    const char *expected = craft_words("there is no %s at its root", craft_install_script.shown);
    craft_fixture *f = *state;

    assert_archive_refused(f, without, RJ_E_INVALID, expected);
    assert_archive_refused(f, deeper, RJ_E_INVALID, expected);
}

static void an_archive_with_names_that_leave_the_folder_is_refused(void **state)
{
    static const char *const names[] = {"../evil", "/etc/evil", "a/../../evil", "C:evil", "a\\b"};
    craft_fixture *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const craft_member members[] = {
            {craft_install_name(), craft_script_that.succeeds, 0}, {names[i], "x", 0}, {0}};
        plugin_answer answer;

        craft_write_archive(f, "hello.zip", members);
        answer = craft_ask(f, f->table->fetch);
        assert_true(answer.status < RJ_OK);
        craft_assert_has(answer.message, ".zip");
    }
}

static void a_truncated_archive_is_refused(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;
    char *bytes;
    size_t length;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    bytes = test_file_read(craft_path(f, "feed/hello.zip"), &length);
    assert_true(bytes && length > 120);
    test_file_write(craft_path(f, "feed/hello.zip"), bytes, 120);
    free(bytes);
    answer = craft_ask(f, f->table->fetch);
    assert_true(answer.status == RJ_E_CORRUPT || answer.status == RJ_E_INVALID);
    craft_assert_has(answer.message, ".zip");
}

static void the_script_names_the_version_when_the_policy_does_not(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    json_object_del(f->request, "version");
    craft_write(f, craft_script_that.names_version, NULL, NULL);
    answer = craft_ask(f, f->table->fetch);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "version"), "4.5.6");
    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    answer = craft_ask(f, f->table->fetch);
    craft_assert_fails(&answer, RJ_E_INVALID, "names a version");
}

static void a_request_with_a_mistake_is_refused(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    json_object_set_new(f->request, "id", json_string("../x"));
    answer = craft_ask(f, f->table->detect);
    craft_assert_fails(&answer, RJ_E_INVALID, "\"id\" must be fit to be the name of a folder");
    json_object_set_new(f->request, "id", json_string("hello"));
    craft_set_environment(f, "A=B", "c");
    answer = craft_ask(f, f->table->detect);
    craft_assert_fails(&answer, RJ_E_INVALID, "\"environment\"");
    json_object_del(f->request, "environment");
    json_object_set_new(f->request, "arguments", json_pack("[i]", 1));
    answer = craft_ask(f, f->table->detect);
    craft_assert_fails(&answer, RJ_E_INVALID, "\"arguments\" must be a list of texts");
}

#define T(NAME) cmocka_unit_test_setup_teardown(NAME, craft_setup, craft_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(fetch_keeps_the_archive_under_its_hash),
        T(another_hash_than_wanted_is_refused_and_not_kept),
        T(a_sha1_is_refused_with_what_is_needed),
        T(a_wrong_location_is_named),
        T(an_archive_that_is_no_craft_is_refused),
        T(an_archive_with_names_that_leave_the_folder_is_refused),
        T(a_truncated_archive_is_refused),
        T(the_script_names_the_version_when_the_policy_does_not),
        T(a_request_with_a_mistake_is_refused),
    };

    return cmocka_run_group_tests_name("package-craft fetch", tests, NULL, NULL);
}
