/* SPDX-License-Identifier: MIT */
/* When the service puts quotes around its path, and when it leaves it alone. */
#include "service/scm_configure_win32.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PROGRAM L"C:\\Program Files\\RealmJoin\\realmjoinservice.exe"

static void only_its_own_unquoted_path_is_quoted(void **state)
{
    (void)state;
    static const struct {
        const wchar_t *command, *expected;
    } cases[] = {
        {PROGRAM, L"\"" PROGRAM L"\""},
        {PROGRAM L" --service", L"\"" PROGRAM L"\" --service"},
        {L"c:\\program files\\REALMJOIN\\realmjoinservice.exe --service --log-level debug",
         L"\"" PROGRAM L"\" --service --log-level debug"},
        {L"\"" PROGRAM L"\" --service", NULL},
        {L"C:\\Program Files\\RealmJoin\\realmjoinservice.exe2 --service", NULL},
        {L"C:\\Program.exe Files\\RealmJoin\\realmjoinservice.exe", NULL},
        {L"C:\\Program", NULL},
        {L"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wchar_t *quoted = rj_scm_quoted(cases[i].command, PROGRAM);
        if (!cases[i].expected != !quoted || (quoted && wcscmp(quoted, cases[i].expected) != 0))
            fail_msg("case %u", (unsigned)i);
        rj_free(quoted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_own_unquoted_path_is_quoted),
    };
    return cmocka_run_group_tests_name("scm_configure", tests, NULL, NULL);
}
