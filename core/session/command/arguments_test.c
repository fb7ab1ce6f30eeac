/* SPDX-License-Identifier: MIT */
#include "session/command/command.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static rj_status read_arguments(rj_cli *cli, const rj_command *command,
                                const char *const *arguments, rj_arguments *read)
{
    int count = 0, used;
    while (arguments[count])
        count++;
    *cli = (rj_cli){0};
    return rj_arguments_read(cli, command, count, arguments, read, &used, NULL);
}

static void options_may_stand_anywhere_and_two_dashes_end_them(void **state)
{
    rj_cli cli;
    rj_arguments read;
    (void)state;
    const char *one[] = {"--json", "-n", "7", "--follow", "--root=/r", NULL};
    assert_int_equal(read_arguments(&cli, &rj_command_log, one, &read), RJ_OK);
    assert_true(cli.json);
    assert_string_equal(cli.root, "/r");
    assert_string_equal(read.values[0], "7");
    assert_string_equal(read.values[1], "");
    const char *two[] = {"--no-wait", "--", "--json", NULL};
    assert_int_equal(read_arguments(&cli, &rj_command_install, two, &read), RJ_OK);
    assert_false(cli.json);
    assert_string_equal(read.operands[0], "--json");
}

static void a_wrong_command_line_is_refused(void **state)
{
    static const char *const lines[][4] = {
        {"--nonsense", NULL}, {"a", "b", NULL}, {NULL},          {"--root", NULL},
        {"--no-wait=1", "a"}, {"-x", "a"},      {"--retr", "a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        rj_cli cli;
        rj_arguments read;
        assert_int_equal(read_arguments(&cli, &rj_command_install, lines[i], &read), RJ_E_INVALID);
    }
}

static void every_command_has_all_it_needs_and_fits_its_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; rj_commands[i]; i++) {
        const rj_command *command = rj_commands[i];
        int options = 0;
        assert_non_null(command->run);
        assert_true(command->summary[0] && strlen(command->summary) < 66);
        assert_true(command->operands_most <= RJ_OPERANDS_MAX);
        for (const rj_option *at = command->options; at && at->name; at++, options++) {
            assert_non_null(at->help);
            assert_non_null(strstr(command->synopsis, at->letter == 'n' ? "-n" : at->name));
        }
        assert_true(options <= RJ_OPTIONS_MAX);
        assert_ptr_equal(rj_command_find(command->name), command);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere_and_two_dashes_end_them),
        cmocka_unit_test(a_wrong_command_line_is_refused),
        cmocka_unit_test(every_command_has_all_it_needs_and_fits_its_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
