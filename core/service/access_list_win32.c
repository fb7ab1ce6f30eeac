/* SPDX-License-Identifier: MIT */
/* Access lists, see access_list_win32.h. */
#include "service/access_list_win32.h"

#include "platform/win32/wide_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <string.h>

/* NULL: it has none, or is not protected from what it would inherit. */
static PACL own_list(PSECURITY_DESCRIPTOR descriptor)
{
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    DWORD revision = 0;
    BOOL there = FALSE, defaulted = FALSE;
    PACL list = NULL;
    if (!GetSecurityDescriptorControl(descriptor, &control, &revision) ||
        !(control & SE_DACL_PROTECTED) ||
        !GetSecurityDescriptorDacl(descriptor, &there, &list, &defaulted) || !there)
        return NULL;
    return list;
}

bool rj_list_same(PSECURITY_DESCRIPTOR a, PSECURITY_DESCRIPTOR b)
{
    PACL one = own_list(a), other = own_list(b);
    if (!one || !other || one->AceCount != other->AceCount)
        return false;
    for (DWORD i = 0; i < one->AceCount; i++) {
        void *entry = NULL, *wanted = NULL;
        if (!GetAce(one, i, &entry) || !GetAce(other, i, &wanted))
            return false;
        WORD size = ((const ACE_HEADER *)entry)->AceSize;
        if (size != ((const ACE_HEADER *)wanted)->AceSize || memcmp(entry, wanted, size) != 0)
            return false;
    }
    return true;
}

static bool has_list(HANDLE handle, SE_OBJECT_TYPE type, PSECURITY_DESCRIPTOR wanted)
{
    PSECURITY_DESCRIPTOR now = NULL;
    bool same = GetSecurityInfo(handle, type, DACL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL,
                                &now) == ERROR_SUCCESS &&
                rj_list_same(now, wanted);
    LocalFree(now);
    return same;
}

rj_status rj_list_set(HANDLE handle, SE_OBJECT_TYPE type, const wchar_t *sddl, const char *what,
                      rj_error *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    BOOL there = FALSE, defaulted = FALSE;
    PACL dacl = NULL;
    DWORD failed = 0;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor,
                                                              NULL) ||
        !GetSecurityDescriptorDacl(descriptor, &there, &dacl, &defaulted))
        failed = GetLastError();
    if (!failed && !has_list(handle, type, descriptor))
        failed = SetSecurityInfo(handle, type,
                                 DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                                 NULL, NULL, dacl, NULL);
    LocalFree(descriptor);
    return failed ? rj_fail_win32(err, failed, "rights of %s", what) : RJ_OK;
}
