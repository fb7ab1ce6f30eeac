/* SPDX-License-Identifier: MIT */
/* The event by which a session program is told to end, see end_event_win32.h. */
#include "platform/win32/end_event_win32.h"

#include "base/alloc.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/wide_win32.h"
#include <stdio.h>

#include <sddl.h>

#define NAME_MOST 48

static void name_of(DWORD process, wchar_t ret_name[NAME_MOST])
{
    swprintf(ret_name, NAME_MOST, L"Global\\RealmJoin-end-%lu", (unsigned long)process);
}

HANDLE rj_end_event_make(void)
{
    wchar_t name[NAME_MOST];
    char *sid = NULL, text[256];
    SECURITY_ATTRIBUTES rights = {.nLength = sizeof rights};
    HANDLE event = NULL;
    if (rj_account_token_sid(NULL, &sid, NULL) != RJ_OK)
        return NULL;
    snprintf(text, sizeof text, "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;%s)S:(ML;;NW;;;ME)", sid);
    rj_free(sid);
    wchar_t *sddl = rj_wide(text);
    name_of(GetCurrentProcessId(), name);
    if (sddl && ConvertStringSecurityDescriptorToSecurityDescriptorW(
                    sddl, SDDL_REVISION_1, &rights.lpSecurityDescriptor, NULL))
        event = CreateEventW(&rights, TRUE, FALSE, name);
    if (event && GetLastError() == ERROR_ALREADY_EXISTS) { /* somebody else's */
        CloseHandle(event);
        event = NULL;
    }
    LocalFree(rights.lpSecurityDescriptor);
    rj_free(sddl);
    return event;
}

HANDLE rj_end_event_open(DWORD process)
{
    wchar_t name[NAME_MOST];
    name_of(process, name);
    return OpenEventW(EVENT_MODIFY_STATE, FALSE, name);
}
