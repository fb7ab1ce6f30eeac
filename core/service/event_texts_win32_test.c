/* SPDX-License-Identifier: MIT */
/* Each event has its sentence in the resources of the service, with what it is about and why. */
#include "platform/event_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <windows.h>

static void each_event_reads_as_a_sentence(void **state)
{
    (void)state;
    static const struct {
        rj_event event;
        const wchar_t *begins;
        BOOL says_why;
    } cases[] = {
        {RJ_EVENT_SERVICE_STARTED, L"RealmJoin ABOUT: the service is running.", FALSE},
        {RJ_EVENT_SERVICE_STOPPED, L"RealmJoin ABOUT: the service has stopped: WHY.", TRUE},
        {RJ_EVENT_SERVICE_FAILED, L"RealmJoin ABOUT: the service has failed: WHY.", TRUE},
        {RJ_EVENT_PACKAGE_FAILED, L"The package ABOUT has failed: WHY", TRUE},
        {RJ_EVENT_PLUGIN_REFUSED, L"The plugin ABOUT is refused: WHY", TRUE}};
    DWORD_PTR arguments[] = {(DWORD_PTR)L"ABOUT", (DWORD_PTR)L"WHY"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wchar_t text[512] = L"";
        DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY,
                                      GetModuleHandleW(NULL), (DWORD)cases[i].event, 0, text, 512,
                                      (va_list *)(void *)arguments);
        if (!length || wcsncmp(text, cases[i].begins, wcslen(cases[i].begins)) != 0 ||
            (cases[i].says_why && !wcsstr(text, L"WHY")))
            fail_msg("event %d: %ls", (int)cases[i].event, text);
    }
}

static void an_event_of_another_number_has_none(void **state)
{
    (void)state;
    wchar_t text[64];
    assert_int_equal(FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_IGNORE_INSERTS,
                                    GetModuleHandleW(NULL), 99, 0, text, 64, NULL),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_reads_as_a_sentence),
        cmocka_unit_test(an_event_of_another_number_has_none),
    };
    return cmocka_run_group_tests_name("event_texts", tests, NULL, NULL);
}
