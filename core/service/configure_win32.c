/* SPDX-License-Identifier: MIT */
/*
 * Folders and registry keys of the service on Windows, see configure.h; scm_configure_win32.c does the
 * service manager's part.
 *
 * Any user may make folders in %ProgramData%, so that ours may have been there before us, with what its
 * maker put into it and rights of its maker's choice.  Its owner and its rights tell: such a folder of the
 * state is set aside whole, and what is foreign in one that is ours by itself.
 * A root ("--root") is of its maker and stays as it is.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "platform/file.h"
#include "platform/system.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"
#include "service/access_list_win32.h"
#include "service/configure.h"
#include "service/foreign_files_win32.h"
#include "service/own_folder_win32.h"
#include "service/scm_configure_win32.h"
#include <stdio.h>
#include <string.h>

#include <aclapi.h>

#define LOGGER "service.configure"

/* SYSTEM and administrators everything; users may look into the folder itself and nothing below it. */
#define SDDL_STATE L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1200a9;;;BU)"
/* The same, and users read and run what lies in it. */
#define SDDL_SHARED L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
#define SDDL_PRIVATE L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
#define SDDL_KEY L"D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)"
#define JUDGED "JudgedFolder"

static const rj_registry_key judged_key = {"", RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin"};

/* ---- Folders --------------------------------------------------------------------------------- */

static rj_status check_own(HANDLE folder, const char *path, rj_error *err)
{
    BY_HANDLE_FILE_INFORMATION facts;
    if (!GetFileInformationByHandle(folder, &facts))
        return rj_fail_win32(err, GetLastError(), "%s", path);
    if (!(facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        return rj_fail(err, RJ_E_DENIED, "%s is no folder", path);
    return rj_foreign_check_owner(folder, path, err);
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

/* Of a folder that was there: it is taken over if it can be ours, with what can be ours in it.
 *
 * A good owner is not enough: a folder of an administrator that others may rename can be put in our
 * place, and one that was made here by hand lets Users add files. */
static rj_status take_state(const char *path, bool is_new, rj_error *err)
{
    HANDLE folder = INVALID_HANDLE_VALUE;
    DWORD rights = 0;
    /* Not shared for deletion: nobody who could rename it has it open, or will. */
    rj_status status = rj_foreign_open(path, is_new ? FILE_SHARE_DELETE : 0, &folder, err);
    if (status != RJ_OK)
        return status;
    if (is_new) {
        mark(folder);
        CloseHandle(folder);
        return RJ_OK;
    }
    status = check_own(folder, path, err);
    if (status == RJ_OK)
        status = rj_foreign_rights(folder, path, &rights, err);
    if (status == RJ_OK && (rights & RJ_RIGHTS_TAKING))
        status = rj_fail(err, RJ_E_DENIED, "%s could be exchanged by others", path);
    if (status == RJ_OK && (rights & RJ_RIGHTS_ADDING))
        status = rj_list_set(folder, SE_FILE_OBJECT, SDDL_STATE, path, err);
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
    if (rj_paths_root(paths)[0])
        return RJ_OK;
    rj_status status = rj_own_folder(rj_path(paths, RJ_PATH_STATE), SDDL_STATE, take_state, err);
    /* no parent: the lock's folder is made a moment later, or says why */
    return status == RJ_E_NOT_FOUND ? RJ_OK : status;
}

bool rj_service_has_to_tell(void)
{
    return rj_foreign_has_told();
}

void rj_service_tell_folders(void)
{
    rj_foreign_tell();
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
    if (rj_make_folder(path, sddl) == 0)
        return;
    rj_status status = rj_foreign_open(path, FILE_SHARE_DELETE, &folder, &error);
    if (status == RJ_OK) {
        status = check_own(folder, path, &error);
        if (status == RJ_OK)
            status = rj_list_set(folder, SE_FILE_OBJECT, sddl, path, &error);
        CloseHandle(folder);
    }
    tell(status, &error, weaker);
}

/* Of a folder that other programs use, too: what is there stays as it is. */
static rj_status make_or_check(const char *path, rj_error *err)
{
    HANDLE folder = INVALID_HANDLE_VALUE;
    DWORD failed = rj_make_folder(path, SDDL_SHARED);
    if (failed && failed != ERROR_ALREADY_EXISTS)
        return rj_fail_win32(err, failed, "folder %s cannot be made", path);
    if (!failed)
        return RJ_OK;
    rj_status status = rj_foreign_open(path, FILE_SHARE_DELETE, &folder, err);
    if (status != RJ_OK)
        return status;
    status = check_own(folder, path, err);
    CloseHandle(folder);
    return status;
}

/* Nothing is renamed: whoever uses Chocolatey without elevation owns its folder.  The plugin refuses what
 * could be changed by others when a package needs it. */
static void secure_package_root(const char *lib)
{
    char parent[1024];
    rj_error error = RJ_ERROR_NONE;
    snprintf(parent, sizeof parent, "%s", lib);
    char *slash = strrchr(parent, '/');
    if (!slash)
        return;
    *slash = '\0';
    rj_status status = make_or_check(parent, &error);
    if (status == RJ_OK) /* else "lib" would be made in what may lead elsewhere */
        status = make_or_check(lib, &error);
    tell(status, &error,
         "no NuGet package is installed there until it is a folder that belongs to Administrators "
         "(icacls FOLDER /setowner *S-1-5-32-544) or is removed");
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
                        : rj_list_set((HANDLE)opened, SE_REGISTRY_KEY, SDDL_KEY, key, &error);
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

static void secure_all(const rj_paths *paths, bool managed)
{
    secure(rj_path(paths, RJ_PATH_STATE), SDDL_STATE,
           "the agent's state and policy are as open as the folder above");
    secure(rj_path(paths, RJ_PATH_POLICY), SDDL_PRIVATE, "users may read the policy");
    secure(rj_path(paths, RJ_PATH_PLUGINS_3RD), SDDL_SHARED,
           "plugins of others are refused if users may change them");
    secure_logs(paths);
    secure_package_root(rj_path(paths, RJ_PATH_PACKAGE_LIB));
    secure_key("SOFTWARE\\RealmJoin", "records and accounts are as open as the key above");
    if (managed) {
        secure_key("SYSTEM\\CurrentControlSet\\Services\\realmjoin\\Parameters",
                   "the parameters are as open as the key above");
        rj_scm_configure();
    }
}

void rj_service_configure(const rj_paths *paths, bool managed)
{
    if (!rj_paths_root(paths)[0] && rj_system_is_root())
        secure_all(paths, managed);
}
