/* SPDX-License-Identifier: MIT */
/* What of the plugins an administrator reads in the system's event log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/event_log.h"
#include "scene.h"

#include <stdio.h>
#include <string.h>

static void on_event(void *data, rj_event event, const char *about, const char *why)
{
    char *told = data;
    size_t length = strlen(told);
    snprintf(told + length, 400 - length, "%d %s: %s; ", (int)event, about, why);
}

static void a_refused_plugin_is_an_event_and_one_that_is_fine_is_none(void **state)
{
    (void)state;
    scene s;
    char told[400] = "";
    rj_event_log log = {.report = on_event, .data = told};
    scene_open(&s);
    scene_add_probe(&s);
    scene_add(&s, true, "case", "case-no-symbol", "\"rj.check/1\"",
              ", \"capabilities\": [], \"isolation\": \"in-process\"");
    rj_event_log_open(&log);
    scene_load(&s);
    rj_event_log_close();
    scene_close(&s);
    assert_true(strncmp(told, "20 case: it does not export", 27) == 0);
    assert_null(strstr(told, "; 20"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_plugin_is_an_event_and_one_that_is_fine_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
