/* SPDX-License-Identifier: MIT */
/* Paths in sentences on Windows. */
#include "base/native_paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void paths_get_backslashes_and_nothing_else_changes(void **state)
{
    static const char *const cases[][2] = {
        {"C:/Windows/Logs", "C:\\Windows\\Logs"},
        {"C:/", "C:\\"},
        {"cannot open \"c:/Program Files/x y.dll\": denied",
         "cannot open \"c:\\Program Files\\x y.dll\": denied"},
        {"C:/a/b is not C:/c/d; see D:/e", "C:\\a\\b is not C:\\c\\d; see D:\\e"},
        {"(C:/Users/Jo Ann/x (1)/y)", "(C:\\Users\\Jo Ann\\x (1)\\y)"},
        {"https://a.example/C:/x and file:///C:/y", "https://a.example/C:/x and file:///C:/y"},
        {"C:/p/device.json: /SoftwarePackages/0/ID", "C:\\p\\device.json: /SoftwarePackages/0/ID"},
        {"C:/p has /SoftwarePackages/0", "C:\\p has /SoftwarePackages/0"},
        {"C:/x: see https://a.example/b", "C:\\x: see https://a.example/b"},
        {"C:/x see https://a.example/b", "C:\\x see https://a.example/b"},
        {"12 / 30 and/or A:b/c", "12 / 30 and/or A:b/c"},
        {"realmjoin:install:a/b", "realmjoin:install:a/b"},
        {"abc:/x", "abc:/x"},
        {"C:/a\nC:/b", "C:\\a\nC:\\b"},
        {"", ""},
        {"C:", "C:"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", cases[i][0]);
        rj_native_paths(text);
        assert_string_equal(text, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_get_backslashes_and_nothing_else_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
