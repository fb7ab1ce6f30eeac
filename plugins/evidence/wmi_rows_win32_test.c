/* SPDX-License-Identifier: MIT */
/* WMI that a test answers; see wmi_rows_win32_test.h. */
#include "wmi_rows_win32_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const wmi_question *expected;
static const wmi_row *answer;
static const char *problem;
static check_verdict verdict;

bool wmi_query(const check_task *task, const char *name_space, const char *query,
               bool (*row)(void *data, const wmi_row *row), void *data, char *ret_problem,
               size_t size)
{
    assert_non_null(task);
    assert_string_equal(name_space, expected->name_space);
    assert_non_null(strstr(query, expected->class_name));
    for (const wmi_row *next = answer; next && next->text; next++)
        if (!row(data, next))
            break;
    if (problem)
        snprintf(ret_problem, size, "%s", problem);
    return !problem;
}

bool wmi_text(const wmi_row *row, const char *name, char *ret_text, size_t size)
{
    assert_string_equal(name, expected->text);
    if (!row->text[0])
        return false;
    snprintf(ret_text, size, "%s", row->text);
    return true;
}

bool wmi_number(const wmi_row *row, const char *name, int64_t *ret_number)
{
    size_t which = strcmp(name, expected->numbers[0]) != 0;

    if (which)
        assert_string_equal(name, expected->numbers[1]);
    if (row->numbers[which] < 0)
        return false;
    *ret_number = row->numbers[which];
    return true;
}

const char *wmi_verdict(const char *check_id, const wmi_question *question, const wmi_row *rows,
                        const char *trouble)
{
    expected = question;
    answer = rows;
    problem = trouble;
    check_verdict_ask(rj_plugin_entry_v1, check_id, "{}", &verdict);
    return verdict.state;
}

const char *wmi_summary(void)
{
    return verdict.summary;
}
