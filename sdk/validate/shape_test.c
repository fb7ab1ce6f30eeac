/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shape.h"

#include "runtime/runtime.h"

#include <stdio.h>
#include <string.h>

typedef struct row {
    int verb; /* -1: a check */
    bool whole;
    const char *document;
    const char *problem; /* NULL: none */
} row;

#define CHECK (-1)

static const row rows[] = {
    {CHECK, true, "{\"state\":\"ok\",\"summary\":\"x\",\"evidence\":[]}", NULL},
    {CHECK, true, "{\"state\":\"unknown\",\"summary\":\"x\",\"evidence\":[],\"more\":1}", NULL},
    {CHECK, true, "{\"state\":\"fine\",\"summary\":\"x\",\"evidence\":[]}",
     "/state: expected ok, not-met, unknown or not-applicable, found \"fine\""},
    {CHECK, true, "{\"summary\":\"x\",\"evidence\":[]}", "/state"},
    {CHECK, true, "{\"state\":\"ok\",\"summary\":\"\",\"evidence\":[]}", "/summary"},
    {CHECK, true, "{\"state\":\"ok\",\"summary\":\"x\"}", "/evidence: expected a list"},
    {CHECK, true,
     "{\"state\":\"ok\",\"summary\":\"x\",\"evidence\":[{\"source\":\"a\",\"found\":\"\","
     "\"means\":\"b\"}]}",
     NULL},
    {CHECK, true,
     "{\"state\":\"ok\",\"summary\":\"x\",\"evidence\":[{\"source\":\"a\",\"found\":7,"
     "\"means\":\"b\"}]}",
     "/evidence/0/found: expected a text, found 7"},
    {CHECK, true, "{\"state\":\"ok\",\"summary\":\"x\",\"remedy\":\"y\",\"evidence\":[]}",
     "/remedy"},
    {CHECK, true, "{\"state\":\"not-met\",\"summary\":\"x\",\"remedy\":\"y\",\"evidence\":[]}",
     NULL},
    {CHECK, true, "[]", "the document: expected an object"},
    {RJ_PACKAGE_DETECT, true, "{\"installed\":false}", NULL},
    {RJ_PACKAGE_DETECT, true, "{\"installed\":\"no\"}", "/installed"},
    {RJ_PACKAGE_DETECT, true, "{\"installed\":true,\"version\":\"\"}", "/version"},
    {RJ_PACKAGE_FETCH, true,
     "{\"version\":\"1\",\"path\":\"/x\",\"bytes\":0,\"plan\":[\"a\"],\"sha256\":"
     "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}",
     NULL},
    {RJ_PACKAGE_FETCH, true, "{\"version\":\"1\",\"path\":\"/x\",\"bytes\":0,\"sha256\":\"AB\"}",
     "/sha256"},
    {RJ_PACKAGE_FETCH, true, "{\"version\":\"1\",\"path\":\"/x\",\"bytes\":-1,\"sha256\":\"\"}",
     "/sha256"},
    {RJ_PACKAGE_INSTALL, true,
     "{\"restart\":false,\"also\":[{\"package\":\"a\",\"version\":\"1\"}]}", NULL},
    {RJ_PACKAGE_INSTALL, true, "{\"restart\":false,\"also\":[{\"package\":\"a\"}]}",
     "/also/0/version: expected a text, found nothing"},
    {RJ_PACKAGE_INSTALL, true, "{\"exit_code\":0}", "/restart"},
    {RJ_PACKAGE_INSTALL, false, "{\"exit_code\":0}", NULL},
    {RJ_PACKAGE_INSTALL, false, "{\"exit_code\":\"0\"}", "/exit_code"},
    {RJ_PACKAGE_UNINSTALL, true, "{\"restart\":false,\"left\":[7]}", "/left"},
    {RJ_PACKAGE_RECOVER, true, "{\"outcome\":\"rolled-back\",\"certain\":false}", NULL},
    {RJ_PACKAGE_RECOVER, true, "{\"outcome\":\"maybe\"}", "/outcome"},
};

static void a_result_is_judged_by_the_shape_of_its_method(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char problem[300] = "";
        json_t *document = json_loads(rows[i].document, 0, NULL);
        assert_non_null(document);
        bool good = rj_shape_check(rows[i].verb, document, rows[i].whole, problem, sizeof problem);
        json_decref(document);
        if (good != !rows[i].problem || good != !*problem)
            fail_msg("%s: \"%s\"", rows[i].document, problem);
        if (rows[i].problem && !strstr(problem, rows[i].problem))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].document, problem, rows[i].problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_judged_by_the_shape_of_its_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
