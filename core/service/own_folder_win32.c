/* SPDX-License-Identifier: MIT */
/*
 * A folder that becomes ours, see own_folder_win32.h.
 *
 *     make it --> it is new: taken
 *             --> it is there --> taken if it can be ours; else set aside, and from the start
 *
 * Whoever loses a folder may make the next one before us: only one that is ours is an end.
 */
#include "service/own_folder_win32.h"

#include "base/alloc.h"
#include "platform/win32/wide_win32.h"
#include "service/foreign_files_win32.h"

#include <sddl.h>

#define MAKING_TRIES 20
#define BUSY_MS 100

DWORD rj_make_folder(const char *path, const wchar_t *sddl)
{
    SECURITY_ATTRIBUTES rights = {.nLength = sizeof rights};
    wchar_t *wide = rj_wide_path(path, NULL);
    bool made = wide &&
                ConvertStringSecurityDescriptorToSecurityDescriptorW(
                    sddl, SDDL_REVISION_1, &rights.lpSecurityDescriptor, NULL) &&
                CreateDirectoryW(wide, &rights);
    DWORD failed = made ? 0 : GetLastError();
    LocalFree(rights.lpSecurityDescriptor);
    rj_free(wide);
    return made ? 0 : failed ? failed : ERROR_INVALID_FUNCTION;
}

rj_status rj_own_folder(const char *path, const wchar_t *sddl, rj_take_folder take, rj_error *err)
{
    DWORD failed = 0;
    for (int tries = 0; tries < MAKING_TRIES; tries++) {
        rj_error why = RJ_ERROR_NONE, moving = RJ_ERROR_NONE;
        failed = rj_make_folder(path, sddl);
        if (failed == ERROR_PATH_NOT_FOUND)
            return rj_fail_win32(err, failed, "folder %s cannot be made", path);
        rj_status status = take(path, failed == 0, &why);
        if (status == RJ_OK)
            return RJ_OK;
        if (status == RJ_E_NOT_FOUND)
            continue;
        if (status == RJ_E_BUSY && tries < MAKING_TRIES / 2) { /* a scanner lets go soon */
            Sleep(BUSY_MS);
            continue;
        }
        if (status != RJ_E_DENIED && status != RJ_E_BUSY && status != RJ_E_LIMIT)
            return rj_fail(err, status, "%s", why.text);
        if (rj_foreign_set_aside(path, why.text, &moving) != RJ_OK)
            return rj_fail(err, RJ_E_DENIED,
                           "%s; the service must not use it and cannot rename it (%s)", why.text,
                           moving.text);
    }
    if (failed && failed != ERROR_ALREADY_EXISTS) /* a full disk, for one */
        return rj_fail_win32(err, failed, "folder %s cannot be made", path);
    return rj_fail(err, RJ_E_DENIED, "%s is made by somebody else again and again", path);
}
