/* SPDX-License-Identifier: MIT */
/* The check "antivirus" on Windows, before a Security Center of the test's own. */
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
    const char *name;
    int64_t state; /* -1: not readable */
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
    assert_string_equal(name_space, "ROOT\\SecurityCenter2");
    assert_non_null(strstr(query, "AntiVirusProduct"));
    for (const wmi_row *next = rows; next && next->name; next++)
        if (!row(data, next))
            break;
    if (trouble)
        snprintf(ret_problem, size, "%s", trouble);
    return !trouble;
}

bool wmi_text(const wmi_row *row, const char *name, char *ret_text, size_t size)
{
    assert_string_equal(name, "displayName");
    snprintf(ret_text, size, "%s", row->name);
    return true;
}

bool wmi_number(const wmi_row *row, const char *name, int64_t *ret_number)
{
    assert_string_equal(name, "productState");
    *ret_number = row->state;
    return row->state >= 0;
}

static void evaluate(rj_plugin *plugin, rj_op op, void *data)
{
    const rj_check *table = data;

    table->evaluate(plugin, "antivirus", op);
}

static const char *verdict(const wmi_row *products, const char *problem)
{
    plugin_host *host = plugin_host_open(rj_plugin_entry_v1, "", folder, "{}");
    const void *table = plugin_host_table(host, RJ_CHECK);
    plugin_answer answer;
    json_t *document;
    const char *misuse;

    rows = products;
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

#define PRODUCTS(...)                                                                              \
    (const wmi_row[])                                                                              \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }

static void a_product_that_is_on_and_up_to_date_is_ok(void **state)
{
    (void)state;
    assert_string_equal(verdict(PRODUCTS({"Defender", 397568}), NULL), "ok");
    assert_string_equal(verdict(PRODUCTS({"Old", 262144}, {"Other", 266240}), NULL), "ok");
    assert_non_null(strstr(summary, "Other"));
    assert_string_equal(verdict(PRODUCTS({"?", -1}, {"Other", 266240}), NULL), "ok");
}

static void a_product_with_old_signatures_is_not_met(void **state)
{
    (void)state;
    assert_string_equal(verdict(PRODUCTS({"Defender", 397584}), NULL), "not-met");
    assert_non_null(strstr(summary, "signatures are not up to date"));
}

static void a_product_that_is_off_or_asleep_or_expired_is_not_met(void **state)
{
    (void)state;
    assert_string_equal(verdict(PRODUCTS({"Defender", 0x060000}), NULL), "not-met");
    assert_string_equal(verdict(PRODUCTS({"Defender", 0x062000}), NULL), "not-met");
    assert_string_equal(verdict(PRODUCTS({"Defender", 0x063000}), NULL), "not-met");
}

static void what_cannot_be_read_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(verdict(NULL, "ROOT\\SecurityCenter2: error 0x8004100e"), "unknown");
    assert_non_null(strstr(summary, "0x8004100e"));
    assert_string_equal(verdict(NULL, NULL), "unknown");
    assert_string_equal(verdict(PRODUCTS({"Defender", -1}), NULL), "unknown");
    assert_string_equal(verdict(PRODUCTS({"Defender", 0x060000}, {"?", -1}), NULL), "unknown");
    assert_string_equal(verdict(PRODUCTS({"Defender", 0x0610F0}), NULL), "unknown");
    assert_string_equal(verdict(PRODUCTS({"Off", 0x060000}), "answer: time-out 0x00040004"),
                        "unknown");
}

static int set_up(void **state)
{
    (void)state;
    folder = test_folder_new("antivirus-test");
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
        cmocka_unit_test(a_product_that_is_on_and_up_to_date_is_ok),
        cmocka_unit_test(a_product_with_old_signatures_is_not_met),
        cmocka_unit_test(a_product_that_is_off_or_asleep_or_expired_is_not_met),
        cmocka_unit_test(what_cannot_be_read_is_unknown),
    };

    return cmocka_run_group_tests_name("antivirus on Windows", tests, set_up, tear_down);
}
