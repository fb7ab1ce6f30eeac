/* SPDX-License-Identifier: MIT */
/* WMI of the system the test runs on. */
#include "wmi_win32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The frame of the plugins wants them. */
const char check_plugin_id[] = "none", check_plugin_check_id[] = "none";

rj_status check_plugin_judge(check_task *task)
{
    (void)task;
    return RJ_OK;
}

typedef struct seen {
    unsigned rows;
    char caption[200];
    bool has_nonsense, is_number;
    int64_t number;
} seen;

static bool look(void *data, const wmi_row *row)
{
    seen *s = data;
    s->rows++;
    wmi_text(row, "Caption", s->caption, sizeof s->caption);
    s->has_nonsense = wmi_text(row, "NoSuchProperty", s->caption, sizeof s->caption);
    s->is_number = wmi_number(row, "Caption", &s->number);
    return true;
}

static void a_row_is_read_by_its_properties(void **state)
{
    char problem[200] = "";
    seen s = {0};
    (void)state;
    if (!wmi_query(NULL, "ROOT\\CIMV2", "SELECT * FROM Win32_OperatingSystem", look, &s, problem,
                   sizeof problem))
        fail_msg("%s", problem);
    assert_int_equal(s.rows, 1);
    assert_non_null(strstr(s.caption, "Windows"));
    assert_false(s.has_nonsense);
    assert_false(s.is_number); /* a text is no number */
}

static void a_name_space_that_is_not_there_is_a_problem_with_its_code(void **state)
{
    char problem[200] = "";
    seen s = {0};
    (void)state;
    assert_false(
        wmi_query(NULL, "ROOT\\NoSuchSpace", "SELECT * FROM X", look, &s, problem, sizeof problem));
    assert_string_equal(problem, "ROOT\\NoSuchSpace: error 0x8004100e");
    assert_int_equal(s.rows, 0);
}

static void a_class_that_is_not_there_gives_no_row(void **state)
{
    char problem[200] = "";
    seen s = {0};
    (void)state;
    wmi_query(NULL, "ROOT\\CIMV2", "SELECT * FROM NoSuchClass", look, &s, problem, sizeof problem);
    assert_int_equal(s.rows, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_read_by_its_properties),
        cmocka_unit_test(a_name_space_that_is_not_there_is_a_problem_with_its_code),
        cmocka_unit_test(a_class_that_is_not_there_gives_no_row),
    };
    return cmocka_run_group_tests_name("wmi", tests, NULL, NULL);
}
