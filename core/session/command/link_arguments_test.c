/* SPDX-License-Identifier: MIT */
/* Which command lines are links, which only carry one, and which have nothing to do with links. */
#include "session/command/link_arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_link_is_the_only_argument_or_the_line_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words[5];
        rj_link_line expected;
    } lines[] = {
        {{NULL}, RJ_LINK_LINE_NONE},
        {{"status"}, RJ_LINK_LINE_NONE},
        {{"install", "realmjoin"}, RJ_LINK_LINE_NONE},
        {{"realmjoinx:install:tool"}, RJ_LINK_LINE_NONE},
        {{"realmjoin"}, RJ_LINK_LINE_NONE},
        {{""}, RJ_LINK_LINE_NONE},
        {{" realmjoin:install:tool"}, RJ_LINK_LINE_NONE},
        {{"realmjoin:"}, RJ_LINK_LINE_ALONE},
        {{"realmjoin:install:tool"}, RJ_LINK_LINE_ALONE},
        {{"REALMJOIN://install/tool"}, RJ_LINK_LINE_ALONE},
        {{"realmjoin:install:tool --retry"}, RJ_LINK_LINE_ALONE}, /* for the grammar to refuse */
        {{"realmjoin:a", "--evil", "b"}, RJ_LINK_LINE_REFUSED},
        {{"realmjoin:install:tool", "--no-wait"}, RJ_LINK_LINE_REFUSED},
        {{"realmjoin:install:tool", ""}, RJ_LINK_LINE_REFUSED},
        {{"realmjoin:install:tool", "realmjoin:install:tool"}, RJ_LINK_LINE_REFUSED},
        {{"realmjoin:x", "link", "realmjoin:install:tool"}, RJ_LINK_LINE_REFUSED},
        {{"--json", "realmjoin:install:tool"}, RJ_LINK_LINE_REFUSED},
        {{"--root", "/r", "realmjoin:install:tool"}, RJ_LINK_LINE_REFUSED},
        {{"install", "realmjoin:install:tool"}, RJ_LINK_LINE_REFUSED},
        {{"tray", "realmjoin:install:tool"}, RJ_LINK_LINE_REFUSED},
        {{"--", "realmjoin:install:tool"}, RJ_LINK_LINE_REFUSED},
        {{"link", "realmjoin:install:tool"}, RJ_LINK_LINE_NONE},
        {{"--json", "link", "realmjoin:install:tool"}, RJ_LINK_LINE_NONE},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int count = 0;
        while (count < 5 && lines[i].words[count])
            count++;
        if (rj_link_line_of(count, lines[i].words) != lines[i].expected)
            fail_msg("line %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_the_only_argument_or_the_line_is_refused),
    };
    return cmocka_run_group_tests_name("link_arguments", tests, NULL, NULL);
}
