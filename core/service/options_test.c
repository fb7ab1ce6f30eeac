/* SPDX-License-Identifier: MIT */
/* The command line of the service; what only one system knows is asked of service_main.h. */
#include "service/service.h"
#include "service/service_main.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef struct line {
    const char *words[6];
    const char *refused_for; /* NULL: accepted */
} line;

static rj_status read_line(const line *given, rj_service_options *options, rj_error *error)
{
    char *words[8] = {(char *)(uintptr_t) "realmjoinservice"};
    int count = 1;
    for (size_t i = 0; i < 6 && given->words[i]; i++)
        words[count++] = (char *)(uintptr_t)given->words[i];
    return rj_service_read_options(count, words, options, error);
}

static void assert_lines(const line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rj_service_options options = {.log_level = -7};
        rj_error error = RJ_ERROR_NONE;
        rj_status status = read_line(&lines[i], &options, &error);
        if (!lines[i].refused_for) {
            if (status != RJ_OK)
                fail_msg("line %zu: %s", i, error.text);
            continue;
        }
        assert_int_equal(status, RJ_E_INVALID);
        if (!strstr(error.text, lines[i].refused_for))
            fail_msg("line %zu: %s", i, error.text);
        assert_int_equal(options.log_level, -7); /* untouched */
    }
}

static void what_is_no_option_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const line lines[] = {
        {{NULL}, NULL},
        {{"--foreground", "--log-level", "debug"}, NULL},
        {{"--log-level", "loud"}, "one of error, warning, info, debug"},
        {{"--log-level"}, "needs a value"},
        {{"--root"}, "needs a value"},
        {{"--root", "here"}, "absolute folder"},
        {{"--root", ""}, "absolute folder"},
        {{"--kill-at", "3"}, "with --root"},
        {{"-v"}, "unknown argument"},
        {{"realmjoin:install:tool"}, "unknown argument"},
        {{""}, "unknown argument"},
    };
    assert_lines(lines, sizeof lines / sizeof *lines);
}

static void the_service_manager_is_asked_for_only_where_there_is_one_and_alone(void **state)
{
    (void)state;
    static const line managed[] = {
        {{"--service"}, NULL},
        {{"--service", "--log-level", "debug"}, NULL},
        {{"--service", "--foreground"}, "do not go with it"},
        {{"--service", "--remove-data"}, "do not go with it"},
        {{"--service", "--root", "C:/r"}, "refused in an installed service"},
        {{"--service", "--plugins", "C:/p"}, "refused in an installed service"},
        {{"--remove-data"}, NULL},
        {{"--end-sessions"}, NULL},
        {{"--service", "--end-sessions"}, "do not go with it"},
        {{"--end-sessions", "--remove-data"}, "do not go with it"},
        {{"--end-sessions", "--root", "C:/r"}, "do not go with it"},
    };
    static const line alone[] = {
        {{"--service"}, "are for Windows"},
        {{"--remove-data"}, "are for Windows"},
        {{"--end-sessions"}, "are for Windows"},
    };
    if (rj_service_knows_manager())
        assert_lines(managed, sizeof managed / sizeof *managed);
    else
        assert_lines(alone, sizeof alone / sizeof *alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_option_is_refused_with_its_reason),
        cmocka_unit_test(the_service_manager_is_asked_for_only_where_there_is_one_and_alone),
    };
    return cmocka_run_group_tests_name("service_options", tests, NULL, NULL);
}
