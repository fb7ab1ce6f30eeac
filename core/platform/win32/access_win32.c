/* SPDX-License-Identifier: MIT */
/* Access lists, see access_win32.h. */
#include "platform/win32/access_win32.h"

#include "base/alloc.h"
#include "platform/system.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/wide_win32.h"

#include <sddl.h>
#include <stdio.h>

const char *rj_access_text(unsigned mode, bool folder, const char *owner_sid, char text[512])
{
    const char *handed_on = folder ? "OICI" : "";
    const bool others = !owner_sid && (mode & 4);
    char last[256] = "";
    if (owner_sid)
        snprintf(last, sizeof last, "(A;%s;FA;;;%s)", handed_on, owner_sid);
    else if (others)
        snprintf(last, sizeof last, "(A;%s;0x1200a9;;;BU)", handed_on); /* read and execute */
    /* An elevated person's files belong to Administrators: an owner may change access, even when no
     * longer elevated. */
    snprintf(text, 512, "%sD:P(A;%s;FA;;;SY)(A;%s;FA;;;BA)%s", owner_sid ? "" : "O:BA", handed_on,
             handed_on, last);
    return text;
}

rj_status rj_access_new(unsigned mode, bool folder, SECURITY_ATTRIBUTES *ret_attributes,
                        rj_error *err)
{
    char *sid = NULL;
    rj_status status = rj_system_is_root() ? RJ_OK : rj_account_token_sid(NULL, &sid, err);
    if (status)
        return status;
    char text[512];
    PSECURITY_DESCRIPTOR descriptor = NULL;
    wchar_t *wide = rj_wide(rj_access_text(mode, folder, sid, text));
    rj_free(sid);
    if (!wide)
        return rj_fail_memory(err, "making an access list");
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, &descriptor,
                                                              NULL))
        status = rj_fail_win32(err, GetLastError(), "an access list cannot be made");
    rj_free(wide);
    if (!status)
        *ret_attributes = (SECURITY_ATTRIBUTES){.nLength = sizeof *ret_attributes,
                                                .lpSecurityDescriptor = descriptor};
    return status;
}

void rj_access_free(SECURITY_ATTRIBUTES *attributes)
{
    if (attributes->lpSecurityDescriptor)
        LocalFree(attributes->lpSecurityDescriptor);
    attributes->lpSecurityDescriptor = NULL;
}
