/* SPDX-License-Identifier: MIT */
/*
 * A made-up system for the check plugins: a folder that stands for "/", filled by the test, and one
 * call that runs the plugin's check on it through the plugin host.
 *
 * Everything fails the running test on an error of the environment.
 */
#ifndef TEST_SUPPORT_CHECK_FIXTURE_H
#define TEST_SUPPORT_CHECK_FIXTURE_H

#include <stddef.h>

#include "plugin_host.h"

typedef struct check_fixture {
    char base[64];
    char root[80]; /* stands for "/" */
    char scratch[80];
} check_fixture;

void check_fixture_make(check_fixture *fixture);
void check_fixture_remove(check_fixture *fixture);

/* Put something at an absolute path of the made-up system; folders above it are made. */
void check_fixture_text(const check_fixture *fixture, const char *path, const char *text);
void check_fixture_bytes(const check_fixture *fixture, const char *path, const void *bytes,
                         size_t length);
void check_fixture_folder(const check_fixture *fixture, const char *path);
void check_fixture_link(const check_fixture *fixture, const char *path, const char *target);
void check_fixture_fifo(const check_fixture *fixture, const char *path);
/* A file of this size without content on the disk. */
void check_fixture_huge(const check_fixture *fixture, const char *path, long long size);
/* The path as the test sees it. */
void check_fixture_path(const check_fixture *fixture, const char *path, char *ret_path,
                        size_t size);

/*
 * Run the check; the document must be valid and the plugin must behave.  Its state must be `state`
 * and `words`, unless NULL, must stand in it.
 */
void check_fixture_expect(const check_fixture *fixture, const char *check_id,
                          const char *settings_json, const char *state, const char *words);
/* The same on a given root ("" is this machine) in any state; returns the document, to be freed. */
char *check_fixture_run(const char *root, const check_fixture *fixture, const char *check_id,
                        const char *settings_json);
/* Run the check and expect that it fails with this status and these words in its message. */
void check_fixture_expect_error(const check_fixture *fixture, const char *check_id,
                                const char *settings_json, rj_status status, const char *words);

/* Take away all rights to `path`, run the check as somebody who is not root, and expect "unknown"
 * with a document that names the path and the refusal. */
void check_fixture_expect_refused(const check_fixture *fixture, const char *check_id,
                                  const char *settings_json, const char *path);

/* Fails the running test unless `json` has the shape of check-result.schema.json. */
void check_fixture_assert_document(const char *json);

/* ---- What holds for every check plugin: tests whose initial state is the check id ------------- */

void an_unknown_check_id_is_not_found(void **state);
void an_unknown_interface_is_not_offered(void **state);
void two_instances_answer_side_by_side(void **state);
void a_deadline_that_has_passed_is_a_timeout(void **state);
void an_empty_system_is_unknown_not_ok(void **state);
void this_machine_gets_a_valid_answer_in_time(void **state);

#define CHECK_FIXTURE_SHARED_TESTS(id)                                                             \
    cmocka_unit_test_prestate(an_unknown_check_id_is_not_found, id),                               \
        cmocka_unit_test_prestate(an_unknown_interface_is_not_offered, id),                        \
        cmocka_unit_test_prestate(two_instances_answer_side_by_side, id),                          \
        cmocka_unit_test_prestate(a_deadline_that_has_passed_is_a_timeout, id),                    \
        cmocka_unit_test_prestate(an_empty_system_is_unknown_not_ok, id),                          \
        cmocka_unit_test_prestate(this_machine_gets_a_valid_answer_in_time, id)

#endif
