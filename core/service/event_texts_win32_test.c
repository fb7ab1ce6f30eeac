/* SPDX-License-Identifier: MIT */
/*
 * What the system's event log is given, read as the event viewer reads it: by the sentences in the resources
 * of the program.  Wine takes events and keeps none (reading its log finds the end at once), so the log is
 * played here: the build takes its functions for ours.
 */
#include "platform/event_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <wchar.h>
#include <windows.h>

#define LONGEST 8000 /* what Windows takes of one text */

static struct {
    wchar_t text[2 * LONGEST];
    WORD kind;
    unsigned events, open;
    size_t longest;
} seen;

/* ---- The log --------------------------------------------------------------------------------- */

HANDLE WINAPI RegisterEventSourceW(LPCWSTR server, LPCWSTR source)
{
    assert_null(server);
    assert_int_equal(wcscmp(source, L"realmjoin"), 0);
    seen.open++;
    return (HANDLE)&seen;
}

WINBOOL WINAPI DeregisterEventSource(HANDLE log)
{
    assert_ptr_equal(log, &seen);
    seen.open--;
    return TRUE;
}

WINBOOL WINAPI ReportEventW(HANDLE log, WORD kind, WORD category, DWORD event, PSID user,
                            WORD count, DWORD size, LPCWSTR *texts, LPVOID data)
{
    (void)user, (void)data;
    assert_ptr_equal(log, &seen);
    assert_true(category == 0 && count == 2 && size == 0);
    DWORD_PTR arguments[] = {(DWORD_PTR)texts[0], (DWORD_PTR)texts[1]};
    seen.events++;
    seen.kind = kind;
    seen.longest = wcslen(texts[1]);
    if (!FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY,
                        GetModuleHandleW(NULL), event, 0, seen.text, 2 * LONGEST,
                        (va_list *)(void *)arguments))
        fail_msg("event %lu has no sentence", (unsigned long)event);
    return TRUE;
}

static int set_up(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    rj_event_log_open(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rj_event_log_close();
    return seen.open ? -1 : 0;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void each_event_reads_as_a_sentence_of_its_kind(void **state)
{
    (void)state;
    static const struct {
        rj_event event;
        WORD kind;
        const wchar_t *begins;
        const char *why;
    } cases[] = {{RJ_EVENT_SERVICE_STARTED, EVENTLOG_INFORMATION_TYPE,
                  L"RealmJoin Käse: the service is running.", NULL},
                 {RJ_EVENT_SERVICE_STOPPED, EVENTLOG_INFORMATION_TYPE,
                  L"RealmJoin Käse: the service has stopped: größer.", "größer"},
                 {RJ_EVENT_SERVICE_FAILED, EVENTLOG_ERROR_TYPE,
                  L"RealmJoin Käse: the service has failed: größer.", "größer"},
                 {RJ_EVENT_PACKAGE_FAILED, EVENTLOG_ERROR_TYPE,
                  L"The package Käse has failed: größer", "größer"},
                 {RJ_EVENT_PLUGIN_REFUSED, EVENTLOG_WARNING_TYPE,
                  L"The plugin Käse is refused: größer", "größer"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rj_event_log_report(cases[i].event, "Käse", cases[i].why);
        if (seen.events != i + 1 ||
            wcsncmp(seen.text, cases[i].begins, wcslen(cases[i].begins)) != 0)
            fail_msg("event %d: %ls", (int)cases[i].event, seen.text);
        assert_int_equal(seen.kind, cases[i].kind);
    }
}

static void
a_text_too_long_for_the_log_is_cut_and_one_with_signs_of_its_own_is_only_text(void **state)
{
    (void)state;
    char why[LONGEST + 100];
    memset(why, 'x', sizeof why);
    why[sizeof why - 1] = '\0';
    rj_event_log_report(RJ_EVENT_PACKAGE_FAILED, "tool", why);
    assert_int_equal(seen.longest, LONGEST);
    rj_event_log_report(RJ_EVENT_PACKAGE_FAILED, "tool", "%1 %%n %2!s!");
    assert_non_null(wcsstr(seen.text, L"has failed: %1 %%n %2!s!"));
}

static void a_log_that_was_not_opened_is_told_nothing(void **state)
{
    (void)state;
    rj_event_log_close();
    rj_event_log_report(RJ_EVENT_PACKAGE_FAILED, "tool", "why");
    assert_int_equal(seen.events, 0);
}

static void an_event_of_another_number_has_no_sentence(void **state)
{
    (void)state;
    wchar_t text[64];
    assert_int_equal(FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_IGNORE_INSERTS,
                                    GetModuleHandleW(NULL), 99, 0, text, 64, NULL),
                     0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_event_reads_as_a_sentence_of_its_kind),
        TEST(a_text_too_long_for_the_log_is_cut_and_one_with_signs_of_its_own_is_only_text),
        TEST(a_log_that_was_not_opened_is_told_nothing),
        TEST(an_event_of_another_number_has_no_sentence),
    };
    return cmocka_run_group_tests_name("event_texts", tests, NULL, NULL);
}
