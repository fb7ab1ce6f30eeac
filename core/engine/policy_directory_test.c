/* SPDX-License-Identifier: MIT */
/* The policy folder, below a root of its own. */
#include "engine/policy.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"
#include "test_system.h"

typedef struct place {
    char root[200];
    rj_paths *paths;
} place;

/* Documents of account 0 and of another one, as they are called here. */
static const char *root_json(void)
{
    static char name[128];
    char account[64];
    snprintf(name, sizeof name, "users/%s.json", rj_system_user_name(0, account, sizeof account));
    return name;
}

static const char *other_json(void)
{
    static char name[128];
    snprintf(name, sizeof name, "users/%s.json", test_other_account());
    return name;
}

static int set_up(void **state)
{
    static place at;
    rj_error err = RJ_ERROR_NONE;
    assert_true(test_folder("policy", at.root, sizeof at.root));
    if (rj_paths_new(RJ_ROLE_SERVICE, at.root, NULL, &at.paths, &err) != RJ_OK)
        fail_msg("%s", err.text);
    *state = &at;
    return 0;
}

static int tear_down(void **state)
{
    place *at = *state;
    assert_int_equal(rj_dir_remove(at->root, NULL), RJ_OK);
    rj_paths_free(at->paths);
    return 0;
}

static void path_of(const place *at, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", rj_path(at->paths, RJ_PATH_POLICY), name);
}

static void put(const place *at, const char *name, const char *text)
{
    char path[256], folder[256];
    rj_error err = RJ_ERROR_NONE;
    path_of(at, strncmp(name, "users/", 6) == 0 ? "users" : ".", folder);
    path_of(at, name, path);
    if (strlen(folder) > 2 && strcmp(folder + strlen(folder) - 2, "/.") == 0)
        folder[strlen(folder) - 2] = '\0';
    if (rj_dir_make(folder, 0755, &err) != RJ_OK ||
        rj_file_write(path, text, strlen(text), 0644, &err) != RJ_OK)
        fail_msg("%s", err.text);
}

static void assert_refused(const place *at, rj_status status, const char *part)
{
    rj_policy *policy = NULL;
    rj_error err = RJ_ERROR_NONE;
    rj_status got = rj_policy_read_directory(at->paths, NULL, &policy, &err);
    assert_null(policy);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    assert_int_equal(got, status);
}

static rj_policy *read_policy(const place *at)
{
    rj_policy *policy = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (rj_policy_read_directory(at->paths, NULL, &policy, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return policy;
}

static void without_a_folder_or_a_document_there_is_no_policy(void **state)
{
    place *at = *state;
    assert_refused(at, RJ_E_NOT_FOUND, "does not exist; put a device.json there");
    put(at, "readme.txt", "not read");
    assert_refused(at, RJ_E_NOT_FOUND, "holds neither device.json nor");
}

static void device_and_users_are_read_and_other_files_are_not(void **state)
{
    place *at = *state;
    put(at, "device.json", "{\"SoftwarePackages\":[{\"ID\":\"d\"}]}");
    put(at, root_json(), "{\"SoftwarePackages\":[{\"ID\":\"r\"}]}");
    put(at, "users/nobody-of-this-machine.json", "this is not even read");
    put(at, "users/.root.json", "nor this");
    put(at, "users/root.json~", "nor this");
    put(at, "users/.json", "nor this");
    rj_policy *policy = read_policy(at);
    assert_int_equal(policy->assignment_count, 2);
    assert_string_equal(policy->assignments[0].id, "d");
    assert_true(policy->assignments[0].audience == RJ_UID_MACHINE);
    assert_string_equal(policy->assignments[1].id, "r");
    assert_true(policy->assignments[1].audience == 0);
    size_t unknown = 0;
    for (size_t i = 0; i < policy->user_count; i++)
        unknown +=
            !policy->users[i].taken && strcmp(policy->users[i].name, "nobody-of-this-machine") == 0;
    assert_int_equal(policy->user_count, 2);
    assert_int_equal(unknown, 1);
    rj_policy_free(policy);
}

static rj_status fail_without_a_network(const char *name, rj_uid *ret_uid, rj_error *err)
{
    return strcmp(name, "away") == 0
               ? rj_fail(err, RJ_E_IO, "user \"away\" cannot be looked up: no trust")
           : strcmp(name, "twice") == 0 ? rj_fail(err, RJ_E_INVALID, "several accounts")
                                        : (*ret_uid = 1234, RJ_OK);
}

static rj_policy *read_by(const place *at, rj_find_user find, const rj_policy *before)
{
    rj_policy *policy = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (rj_policy_read_directory_by(at->paths, find, before, &policy, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return policy;
}

static const rj_policy_user *user_of(const rj_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->user_count; i++)
        if (strcmp(policy->users[i].name, name) == 0)
            return &policy->users[i];
    fail_msg("there is no document of %s", name);
    return NULL;
}

static void assert_left_out(const rj_policy *policy, const char *name, const char *why)
{
    assert_false(user_of(policy, name)->taken);
    assert_non_null(strstr(user_of(policy, name)->why, why));
}

static void a_user_who_cannot_be_looked_up_takes_nobody_elses_policy_away(void **state)
{
    place *at = *state;
    put(at, "device.json", "{\"SoftwarePackages\":[{\"ID\":\"d\"}]}");
    put(at, "users/away.json", "{\"SoftwarePackages\":[{\"ID\":\"a\"}]}");
    put(at, "users/here.json", "{\"SoftwarePackages\":[{\"ID\":\"h\"}]}");
    put(at, "users/twice.json", "{\"SoftwarePackages\":[{\"ID\":\"t\"}]}");
    rj_policy *policy = read_by(at, fail_without_a_network, NULL);
    assert_int_equal(policy->assignment_count, 2);
    assert_string_equal(policy->assignments[1].id, "h");
    assert_int_equal(policy->user_count, 3);
    assert_left_out(policy, "away", "no trust");
    assert_left_out(policy, "twice", "several accounts");
    rj_policy_free(policy);
}

static rj_status find_anybody(const char *name, rj_uid *ret_uid, rj_error *err)
{
    (void)err;
    *ret_uid = strcmp(name, "away") == 0 ? 77 : 78;
    return RJ_OK;
}

static rj_status find_nobody(const char *name, rj_uid *ret_uid, rj_error *err)
{
    (void)ret_uid;
    return rj_fail(err, RJ_E_NOT_FOUND, "there is no user \"%s\"", name);
}

static void who_cannot_be_looked_up_now_keeps_the_document_by_what_was_found_before(void **state)
{
    place *at = *state;
    put(at, "device.json", "{}");
    put(at, "users/away.json", "{\"SoftwarePackages\":[{\"ID\":\"a\"}]}");
    put(at, "users/twice.json", "{\"SoftwarePackages\":[{\"ID\":\"t\"}]}");
    rj_policy *first = read_by(at, find_anybody, NULL);
    assert_int_equal(first->assignment_count, 2);
    rj_policy *second = read_by(at, fail_without_a_network, first);
    rj_policy_free(first);
    rj_policy *third =
        read_by(at, fail_without_a_network, second); /* and for as long as it takes */
    rj_policy_free(second);
    assert_int_equal(third->assignment_count, 1);
    assert_string_equal(third->assignments[0].id, "a");
    assert_int_equal(third->assignments[0].audience, 77);
    assert_true(user_of(third, "away")->taken);
    assert_non_null(strstr(user_of(third, "away")->why, "no trust"));
    assert_left_out(third, "twice", "several accounts");
    rj_policy *fourth = read_by(at, find_nobody, third); /* that is an answer */
    rj_policy_free(third);
    assert_int_equal(fourth->assignment_count, 0);
    assert_left_out(fourth, "away", "there is no user");
    rj_policy *fifth = read_by(at, fail_without_a_network, fourth);
    rj_policy_free(fourth);
    assert_left_out(fifth, "away", "no trust");
    rj_policy_free(fifth);
}

static void nobody_to_be_looked_up_is_not_the_same_as_no_policy(void **state)
{
    place *at = *state;
    rj_policy *policy = NULL;
    rj_error err = RJ_ERROR_NONE;
    put(at, "users/away.json", "{\"SoftwarePackages\":[{\"ID\":\"a\"}]}");
    assert_int_equal(
        rj_policy_read_directory_by(at->paths, fail_without_a_network, NULL, &policy, &err),
        RJ_E_IO);
    assert_non_null(strstr(err.text, "no trust"));
    assert_null(policy);
}

static void users_are_ordered_by_uid(void **state)
{
    place *at = *state;
    put(at, other_json(), "{\"SoftwarePackages\":[{\"ID\":\"x\"}]}");
    put(at, root_json(), "{\"SoftwarePackages\":[{\"ID\":\"y\"}]}");
    rj_policy *policy = read_policy(at);
    assert_string_equal(policy->assignments[0].id, "y");
    assert_string_equal(policy->assignments[1].id, "x");
    rj_policy_free(policy);
}

static void the_revision_follows_every_document(void **state)
{
    place *at = *state;
    char before[65];
    put(at, "device.json", "{}");
    put(at, root_json(), "{}");
    rj_policy *policy = read_policy(at);
    memcpy(before, policy->revision, sizeof(before));
    rj_policy_free(policy);
    put(at, root_json(), "{ }");
    policy = read_policy(at);
    assert_string_not_equal(policy->revision, before);
    rj_policy_free(policy);
}

static void an_error_names_the_document(void **state)
{
    place *at = *state;
    put(at, "device.json", "{}");
    put(at, root_json(), "{\"SoftwarePackages\":1}");
    char expected[160];
    snprintf(expected, sizeof expected, "%s: /SoftwarePackages: expected an array", root_json());
    assert_refused(at, RJ_E_INVALID, expected);
}

static void what_others_may_write_is_not_trusted(void **state)
{
    place *at = *state;
    char path[256];
    put(at, "device.json", "{}");
    path_of(at, "device.json", path);
    if (!test_let_others_write(path, true))
        tap_skip("this system keeps no access lists");
    assert_refused(at, RJ_E_DENIED, "device.json");
    assert_true(test_let_others_write(path, false));
    assert_true(test_let_others_write(rj_path(at->paths, RJ_PATH_POLICY), true));
    assert_refused(at, RJ_E_DENIED, "policy");
}

static void a_link_in_place_of_a_document_is_not_trusted(void **state)
{
    place *at = *state;
    char path[256];
    put(at, "elsewhere", "{}");
    path_of(at, "device.json", path);
    char target[256];
    path_of(at, "elsewhere", target);
    if (!test_link(target, path))
        tap_skip("this system makes no links");
    assert_refused(at, RJ_E_DENIED, "device.json");
}

static void a_folder_in_place_of_a_document_is_no_document(void **state)
{
    place *at = *state;
    char path[256];
    put(at, "users/x", "");
    path_of(at, "device.json", path);
    assert_true(test_make_folder(path));
    assert_refused(at, RJ_E_INVALID, "device.json");
}

static void fifty_megabytes_are_refused_unread(void **state)
{
    place *at = *state;
    char path[256];
    put(at, "device.json", "{}");
    path_of(at, "device.json", path);
    FILE *file = fopen(path, "wb"); /* mostly a hole */
    assert_non_null(file);
    assert_int_equal(fseek(file, 50 * 1000 * 1000, SEEK_SET), 0);
    assert_int_equal(fputc(' ', file), ' ');
    assert_int_equal(fclose(file), 0);
    assert_refused(at, RJ_E_LIMIT, "device.json");
}

static void running_out_of_memory_anywhere_is_an_error(void **state)
{
    place *at = *state;
    unsigned failures = 0;
    put(at, "device.json", "{\"SoftwarePackages\":[{\"ID\":\"d\"}]}");
    put(at, root_json(), "{}");
    put(at, "users/nobody-of-this-machine.json", "{}");
    for (uint64_t nth = 1;; nth++, failures++) {
        rj_policy *policy = NULL;
        rj_error err = RJ_ERROR_NONE;
        rj_alloc_fail_from(nth);
        rj_status status = rj_policy_read_directory(at->paths, NULL, &policy, &err);
        rj_alloc_fail_from(0);
        rj_policy_free(policy);
        if (status == RJ_OK)
            break;
        if (status != RJ_E_NO_MEMORY)
            fail_msg("allocation %d: %d %s", (int)nth, (int)status, err.text);
        assert_true(nth < 1000);
    }
    assert_true(failures > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_folder_or_a_document_there_is_no_policy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(device_and_users_are_read_and_other_files_are_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_user_who_cannot_be_looked_up_takes_nobody_elses_policy_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            who_cannot_be_looked_up_now_keeps_the_document_by_what_was_found_before, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(nobody_to_be_looked_up_is_not_the_same_as_no_policy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(users_are_ordered_by_uid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_revision_follows_every_document, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_error_names_the_document, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_others_may_write_is_not_trusted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_in_place_of_a_document_is_not_trusted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_folder_in_place_of_a_document_is_no_document, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(fifty_megabytes_are_refused_unread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(running_out_of_memory_anywhere_is_an_error, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
