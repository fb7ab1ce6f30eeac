/* SPDX-License-Identifier: MIT */
/* The Application log, see event_log.h. */
#include "platform/event_log_system.h"

#include "base/alloc.h"
#include "base/native_paths.h"
#include "platform/win32/wide_win32.h"

#include <windows.h>

#define TEXT_MOST 8000 /* Windows takes no longer text */

static WORD kind_of(rj_event event)
{
    switch (event) {
    case RJ_EVENT_SERVICE_FAILED:
    case RJ_EVENT_PACKAGE_FAILED:
        return EVENTLOG_ERROR_TYPE;
    case RJ_EVENT_PLUGIN_REFUSED:
        return EVENTLOG_WARNING_TYPE;
    default:
        return EVENTLOG_INFORMATION_TYPE;
    }
}

static wchar_t *text_of(const char *text)
{
    char *shown = rj_strdup(text);
    if (shown)
        rj_native_paths(shown);
    wchar_t *wide = shown ? rj_wide(shown) : NULL;
    rj_free(shown);
    if (wide && wcslen(wide) > TEXT_MOST)
        wide[TEXT_MOST] = L'\0';
    return wide;
}

void rj_event_log_system(void *data, rj_event event, const char *about, const char *why)
{
    (void)data;
    HANDLE log = RegisterEventSourceW(NULL, L"realmjoin");
    wchar_t *texts[] = {text_of(about), text_of(why)};
    if (log && texts[0] && texts[1])
        ReportEventW(log, kind_of(event), 0, (DWORD)event, NULL, 2, 0, (const wchar_t **)texts,
                     NULL);
    if (log)
        DeregisterEventSource(log);
    rj_free(texts[0]);
    rj_free(texts[1]);
}
