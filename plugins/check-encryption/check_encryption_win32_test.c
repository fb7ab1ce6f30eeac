/* SPDX-License-Identifier: MIT */
/* The check "encryption" on Windows, before a BitLocker of the test's own. */
#include "wmi_win32.h"

#include <realmjoin/check.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "plugin_host.h"
#include "test_files.h"

struct wmi_row {
    const char *letter; /* "": has none; NULL ends the rows */
    int64_t type;       /* -1: not readable */
    int64_t protection; /* the same */
};

static const wmi_row *rows;
static const char *trouble;
static char *folder;
static char state_text[32], summary[600];

bool wmi_query(const check_task *task, const char *name_space, const char *query,
               bool (*row)(void *data, const wmi_row *row), void *data, char *ret_problem,
               size_t size)
{
    assert_non_null(task);
    assert_string_equal(name_space, "ROOT\\CIMV2\\Security\\MicrosoftVolumeEncryption");
    assert_non_null(strstr(query, "Win32_EncryptableVolume"));
    for (const wmi_row *next = rows; next && next->letter; next++)
        if (!row(data, next))
            break;
    if (trouble)
        snprintf(ret_problem, size, "%s", trouble);
    return !trouble;
}

bool wmi_text(const wmi_row *row, const char *name, char *ret_text, size_t size)
{
    assert_string_equal(name, "DriveLetter");
    if (!row->letter[0])
        return false;
    snprintf(ret_text, size, "%s", row->letter);
    return true;
}

bool wmi_number(const wmi_row *row, const char *name, int64_t *ret_number)
{
    int64_t number = strcmp(name, "VolumeType") == 0 ? row->type : row->protection;

    if (number < 0)
        return false;
    *ret_number = number;
    return true;
}

static void evaluate(rj_plugin *plugin, rj_op op, void *data)
{
    const rj_check *table = data;

    table->evaluate(plugin, "encryption", op);
}

static const char *verdict(const wmi_row *volumes, const char *problem)
{
    plugin_host *host = plugin_host_open(rj_plugin_entry_v1, "", folder, "{}");
    const void *table = plugin_host_table(host, RJ_CHECK);
    plugin_answer answer;
    json_t *document;
    const char *misuse;

    rows = volumes;
    trouble = problem;
    answer = plugin_host_call(host, 20000, evaluate, (void *)(uintptr_t)table);
    document = answer.result ? json_loads(answer.result, 0, NULL) : NULL;
    if (answer.status != RJ_OK || !document)
        fail_msg("%d %s", (int)answer.status, answer.message);
    snprintf(state_text, sizeof state_text, "%s",
             json_string_value(json_object_get(document, "state")));
    snprintf(summary, sizeof summary, "%s",
             json_string_value(json_object_get(document, "summary")));
    json_decref(document);
    misuse = plugin_host_close(host);
    if (misuse)
        fail_msg("%s", misuse);
    return state_text;
}

#define VOLUMES(...)                                                                               \
    (const wmi_row[])                                                                              \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            NULL, 0, 0                                                                             \
        }                                                                                          \
    }

static void protected_volumes_are_ok(void **state)
{
    (void)state;
    assert_string_equal(verdict(VOLUMES({"C:", 0, 1}), NULL), "ok");
    assert_string_equal(verdict(VOLUMES({"C:", 0, 1}, {"D:", 1, 1}), NULL), "ok");
}

static void removable_volumes_and_those_without_a_letter_do_not_count(void **state)
{
    (void)state;
    assert_string_equal(verdict(VOLUMES({"C:", 0, 1}, {"E:", 2, 0}, {"", 1, 0}), NULL), "ok");
}

static void an_unprotected_volume_is_not_met_and_named(void **state)
{
    (void)state;
    assert_string_equal(verdict(VOLUMES({"C:", 0, 0}), NULL), "not-met");
    assert_non_null(strstr(summary, "C:"));
    assert_string_equal(verdict(VOLUMES({"C:", 0, 1}, {"D:", 1, 0}), NULL), "not-met");
    assert_non_null(strstr(summary, "D:"));
    assert_string_equal(verdict(VOLUMES({"", 0, 0}), NULL), "not-met");
}

static void what_cannot_be_read_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(verdict(NULL, "space: error 0x8004100e"), "unknown");
    assert_non_null(strstr(summary, "0x8004100e"));
    assert_string_equal(verdict(NULL, NULL), "unknown");
    assert_string_equal(verdict(VOLUMES({"C:", 0, 2}), NULL), "unknown");
    assert_string_equal(verdict(VOLUMES({"C:", 0, -1}), NULL), "unknown");
    assert_string_equal(verdict(VOLUMES({"C:", -1, 1}), NULL), "unknown");
    assert_string_equal(verdict(VOLUMES({"D:", 1, 1}), NULL), "unknown");
    assert_string_equal(verdict(VOLUMES({"C:", 0, 1}), "answer: time-out 0x00040004"), "unknown");
}

static int set_up(void **state)
{
    (void)state;
    folder = test_folder_new("encryption-test");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(folder);
    free(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protected_volumes_are_ok),
        cmocka_unit_test(removable_volumes_and_those_without_a_letter_do_not_count),
        cmocka_unit_test(an_unprotected_volume_is_not_met_and_named),
        cmocka_unit_test(what_cannot_be_read_is_unknown),
    };

    return cmocka_run_group_tests_name("encryption on Windows", tests, set_up, tear_down);
}
