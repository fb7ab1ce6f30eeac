/* SPDX-License-Identifier: MIT */
/*
 * Folders and registry keys of the service on Windows, see configure.h; scm_configure_win32.c does the
 * service manager's part.
 *
 * Any user may make folders in %ProgramData%, so that ours may have been there before us, with what its
 * maker put into it and rights of its maker's choice.  Its owner and its rights tell: such a folder is set
 * aside whole, and what is foreign in one that is ours by itself.
 * A root ("--root") is of its maker and stays as it is.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "platform/file.h"
#include "platform/system.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"
#include "service/configure.h"
#include "service/foreign_files_win32.h"
#include "service/scm_configure_win32.h"
#include <stdio.h>
#include <string.h>

#include <aclapi.h>
#include <sddl.h>

#define LOGGER "service.configure"

/* SYSTEM and administrators everything; users may look into the folder itself and nothing below it. */
#define SDDL_STATE L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1200a9;;;BU)"
/* The same, and users read and run what lies in it. */
#define SDDL_SHARED L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
#define SDDL_PRIVATE L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
#define SDDL_KEY L"D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)"
#define JUDGED "JudgedFolder"
#define MAKING_TRIES 20
#define BUSY_MS 100

static const rj_registry_key judged_key = {"", RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin"};

/* ---- Folders --------------------------------------------------------------------------------- */

static rj_status set_dacl(HANDLE handle, SE_OBJECT_TYPE type, const wchar_t *sddl, const char *what,
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
    if (!failed)
        failed = SetSecurityInfo(handle, type,
                                 DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                                 NULL, NULL, dacl, NULL);
    LocalFree(descriptor);
    return failed ? rj_fail_win32(err, failed, "rights of %s", what) : RJ_OK;
}

static rj_status check_own(HANDLE folder, const char *path, rj_error *err)
{
    BY_HANDLE_FILE_INFORMATION facts;
    if (!GetFileInformationByHandle(folder, &facts))
        return rj_fail_win32(err, GetLastError(), "%s", path);
    if (!(facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        return rj_fail(err, RJ_E_DENIED, "%s is no folder", path);
    return rj_foreign_check_owner(folder, path, err);
}

/* Made with its rights, so that there is no moment without them.  0: it is new. */
static DWORD make_folder(const char *path, const wchar_t *sddl)
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

/* The folder that was looked at as a whole, by the number that the system gave it when it was made. */
static bool name_folder(HANDLE folder, char name[64])
{
    BY_HANDLE_FILE_INFORMATION facts;
    if (!GetFileInformationByHandle(folder, &facts))
        return false;
    snprintf(name, 64, "%08lx-%08lx%08lx", (unsigned long)facts.dwVolumeSerialNumber,
             (unsigned long)facts.nFileIndexHigh, (unsigned long)facts.nFileIndexLow);
    return true;
}

static bool is_marked(HANDLE folder)
{
    char name[64];
    char *marked = NULL;
    bool same = name_folder(folder, name) &&
                rj_registry_get_text(&judged_key, JUDGED, &marked, NULL) == RJ_OK &&
                strcmp(marked, name) == 0;
    rj_free(marked);
    return same;
}

static void mark(HANDLE folder)
{
    char name[64];
    if (name_folder(folder, name))
        rj_registry_set_text(&judged_key, JUDGED, name, NULL); /* else it is looked at again */
}

static void mark_new(const char *path)
{
    HANDLE folder = INVALID_HANDLE_VALUE;
    if (rj_foreign_open(path, FILE_SHARE_DELETE, &folder, NULL) != RJ_OK)
        return;
    mark(folder);
    CloseHandle(folder);
}

/* Of a folder that was there.  RJ_E_DENIED: it cannot be ours.  RJ_E_NOT_FOUND: it is gone.
 *
 * A good owner is not enough: a folder of an administrator that others may rename can be put in our
 * place, and one that was made here by hand lets Users add files. */
static rj_status take_folder(const char *path, rj_error *err)
{
    HANDLE folder = INVALID_HANDLE_VALUE;
    DWORD rights = 0;
    /* Not shared for deletion: nobody who could rename it has it open, or will. */
    rj_status status = rj_foreign_open(path, 0, &folder, err);
    if (status != RJ_OK)
        return status;
    status = check_own(folder, path, err);
    if (status == RJ_OK)
        status = rj_foreign_rights(folder, path, &rights, err);
    if (status == RJ_OK && (rights & RJ_RIGHTS_TAKING))
        status = rj_fail(err, RJ_E_DENIED, "%s could be exchanged by others", path);
    if (status == RJ_OK && (rights & RJ_RIGHTS_ADDING))
        status = set_dacl(folder, SE_FILE_OBJECT, SDDL_STATE, path, err);
    /* All of it, once: whatever is made in it later is made by us. */
    bool judged = status == RJ_OK && !(rights & RJ_RIGHTS_ADDING) && is_marked(folder);
    if (status == RJ_OK)
        status = rj_foreign_clear(path, !judged, err);
    if (status == RJ_OK && !judged)
        mark(folder);
    CloseHandle(folder);
    return status;
}

rj_status rj_service_secure_folders(const rj_paths *paths, rj_error *err)
{
    const char *path = rj_path(paths, RJ_PATH_STATE);
    rj_error why = RJ_ERROR_NONE;
    if (rj_paths_root(paths)[0])
        return RJ_OK;
    /* Whoever loses a folder may make the next one before us: only one that is ours is an end. */
    for (int tries = 0; tries < MAKING_TRIES; tries++) {
        DWORD failed = make_folder(path, SDDL_STATE);
        if (!failed) {
            mark_new(path);
            return RJ_OK;
        }
        if (failed == ERROR_PATH_NOT_FOUND)
            return RJ_OK; /* no parent: the lock's folder is made a moment later, or says why */
        why = (rj_error)RJ_ERROR_NONE;
        rj_status status = take_folder(path, &why);
        if (status == RJ_OK)
            return RJ_OK;
        if (status == RJ_E_NOT_FOUND)
            continue;
        if (status == RJ_E_BUSY && tries < MAKING_TRIES / 2) { /* a scanner lets go soon */
            Sleep(BUSY_MS);
            continue;
        }
        if (status != RJ_E_DENIED && status != RJ_E_BUSY)
            return rj_fail(err, status, "%s", why.text);
        rj_error moving = RJ_ERROR_NONE;
        if (rj_foreign_set_aside(path, &moving) != RJ_OK)
            return rj_fail(err, RJ_E_DENIED,
                           "%s; the service must not use it and cannot rename it (%s)", why.text,
                           moving.text);
    }
    return rj_fail(err, RJ_E_DENIED, "%s is made by somebody else again and again", path);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static void tell(rj_status status, const rj_error *error, const char *weaker)
{
    if (status != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "%s; %s", error->text, weaker);
}

static void secure(const char *path, const wchar_t *sddl, const char *weaker)
{
    HANDLE folder = INVALID_HANDLE_VALUE;
    rj_error error = RJ_ERROR_NONE;
    if (make_folder(path, sddl) == 0)
        return;
    rj_status status = rj_foreign_open(path, FILE_SHARE_DELETE, &folder, &error);
    if (status == RJ_OK) {
        status = check_own(folder, path, &error);
        if (status == RJ_OK)
            status = set_dacl(folder, SE_FILE_OBJECT, sddl, path, &error);
        CloseHandle(folder);
    }
    tell(status, &error, weaker);
}

/* Not ours alone: made if missing, else only looked at. */
static void look_at_package_root(const char *lib)
{
    char parent[1024];
    HANDLE folder = INVALID_HANDLE_VALUE;
    rj_error error = RJ_ERROR_NONE;
    snprintf(parent, sizeof parent, "%s", lib);
    char *slash = strrchr(parent, '/');
    if (!slash)
        return;
    *slash = '\0';
    const char *const folders[] = {parent, lib};
    for (size_t i = 0; i < 2; i++) {
        if (make_folder(folders[i], SDDL_SHARED) == 0)
            continue;
        rj_status status = rj_foreign_open(folders[i], FILE_SHARE_DELETE, &folder, &error);
        if (status == RJ_OK) {
            status = check_own(folder, folders[i], &error);
            CloseHandle(folder);
        }
        tell(status, &error, "who made it can change installed packages; remove it if unexpected");
    }
}

static void secure_key(const char *key, const char *weaker)
{
    rj_error error = RJ_ERROR_NONE;
    HKEY made = NULL, opened = NULL;
    wchar_t *wide = rj_wide(key);
    rj_status status = rj_registry_open("", RJ_HIVE_MACHINE, key, true, &made, &error);
    if (status == RJ_OK)
        RegCloseKey(made);
    if (status == RJ_OK) {
        LSTATUS failed = wide ? RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide, 0,
                                              READ_CONTROL | WRITE_DAC | KEY_WOW64_64KEY, &opened)
                              : ERROR_OUTOFMEMORY;
        status = failed ? rj_fail_win32(&error, (DWORD)failed, "HKLM\\%s", key)
                        : set_dacl((HANDLE)opened, SE_REGISTRY_KEY, SDDL_KEY, key, &error);
    }
    if (opened)
        RegCloseKey(opened);
    rj_free(wide);
    tell(status, &error, weaker);
}

static void secure_logs(const rj_paths *paths)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s/RealmJoin", rj_path(paths, RJ_PATH_LOG));
    secure(folder, SDDL_PRIVATE, "users may read the logs of the machine's packages");
}

void rj_service_configure(const rj_paths *paths, bool managed)
{
    if (*rj_foreign_told())
        rj_log(RJ_LOG_ERROR, LOGGER, NULL, "%s; look into it before you remove it",
               rj_foreign_told());
    if (rj_paths_root(paths)[0] || !rj_system_is_root())
        return;
    secure(rj_path(paths, RJ_PATH_STATE), SDDL_STATE,
           "the agent's state and policy are as open as the folder above");
    secure(rj_path(paths, RJ_PATH_PLUGINS_3RD), SDDL_SHARED,
           "plugins of others are refused if users may change them");
    secure_logs(paths);
    look_at_package_root(rj_path(paths, RJ_PATH_PACKAGE_LIB));
    secure_key("SOFTWARE\\RealmJoin", "records and accounts are as open as the key above");
    if (managed) {
        secure_key("SYSTEM\\CurrentControlSet\\Services\\realmjoin\\Parameters",
                   "the parameters are as open as the key above");
        rj_scm_configure();
    }
}
