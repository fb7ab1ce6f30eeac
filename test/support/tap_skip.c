/* SPDX-License-Identifier: MIT */
/*
 * Tests that are skipped pass for cmocka, and their names say that they were skipped: cmocka prints a name when
 * its test has ended, out of the copy of the tests that is given to it here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"

static const struct CMUnitTest *originals; /* NULL: no group runs */
static struct CMUnitTest *copies;
static size_t count_begun, current;
static bool inside;     /* a test or its setup, which may be left */
static bool unprepared; /* its setup was left */
static jmp_buf leave;

_Noreturn void tap_skip(const char *reason)
{
    if (!inside) {
        print_message("# SKIP %s\n", reason);
        skip();
        abort(); /* skip() does not return */
    }
    const char *name = originals[current].name;
    size_t size = strlen(name) + strlen(reason) + sizeof " # SKIP ";
    char *text = malloc(size);
    if (text) {
        snprintf(text, size, "%s # SKIP %s", name, reason);
        copies[current].name = text;
    }
    inside = false;
    longjmp(leave, 1);
}

/* cmocka tells nobody which test it runs: they come one after the other. */
static int set_up(void **state)
{
    current = count_begun++;
    inside = unprepared = false;
    if (!originals[current].setup_func)
        return 0;
    if (setjmp(leave)) {
        unprepared = true;
        return 0;
    }
    inside = true;
    int result = originals[current].setup_func(state);
    inside = false;
    return result;
}

static void run_body(void **state)
{
    if (unprepared || setjmp(leave))
        return;
    inside = true;
    originals[current].test_func(state);
    inside = false;
}

static int tear_down(void **state)
{
    inside = false;
    return unprepared ? 0 : originals[current].teardown_func(state);
}

int tap_run_group(const char *name, const struct CMUnitTest *tests, size_t count,
                  int (*setup)(void **state), int (*teardown)(void **state))
{
    copies = calloc(count, sizeof *copies);
    if (!copies) {
        fputs("out of memory\n", stderr);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        copies[i] = tests[i];
        copies[i].setup_func = set_up;
        copies[i].test_func = run_body;
        copies[i].teardown_func = tests[i].teardown_func ? tear_down : NULL;
    }
    originals = tests;
    count_begun = 0;
    int failed = _cmocka_run_group_tests(name, copies, count, setup, teardown);
    for (size_t i = 0; i < count; i++)
        if (copies[i].name != tests[i].name)
            free((char *)(uintptr_t)copies[i].name);
    free(copies);
    copies = NULL;
    originals = NULL;
    inside = false;
    return failed;
}
