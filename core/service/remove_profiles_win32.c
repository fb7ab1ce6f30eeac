/* SPDX-License-Identifier: MIT */
/*
 * What the agent keeps in people's profiles, see remove_profiles_win32.h.
 *
 *     ProfileList --> profile --> AppData --> Local --> RealmJoin: each opened in the one before, no link
 *
 * A profile is its owner's, who may put a link anywhere in it at any time; this is LocalSystem, so nothing is
 * reached by a path.  A profile that a link leads out of stays as it is, and is named.
 */
#include "service/remove_profiles_win32.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/win32/open_at_win32.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define PROFILE_LIST "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"
#define PROFILES_MAX 10000
#define PATH_MOST 1024

static bool say(const wchar_t *profile, const wchar_t *what, DWORD code)
{
    char *where = rj_utf8(profile), *name = rj_utf8(what);
    fprintf(stderr, "realmjoinservice: %s in the profile %s cannot be removed: error %lu\n",
            name ? name : "something", where ? where : "", (unsigned long)code);
    rj_free(where);
    rj_free(name);
    return false;
}

/* ---- One profile ----------------------------------------------------------------------------- */

static DWORD open_folder_at(HANDLE folder, const wchar_t *name, HANDLE *ret_handle)
{
    DWORD code = rj_open_at(folder, name, FILE_LIST_DIRECTORY | DELETE, RJ_OPEN_AT_EXISTING, NULL,
                            ret_handle);
    if (code == ERROR_ACCESS_DENIED || code == ERROR_SHARING_VIOLATION) /* not ours to remove */
        code = rj_open_at(folder, name, FILE_LIST_DIRECTORY, RJ_OPEN_AT_EXISTING, NULL, ret_handle);
    if (code)
        return code;
    DWORD attributes = rj_handle_attributes(*ret_handle);
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) && !(attributes & FILE_ATTRIBUTE_REPARSE_POINT))
        return 0;
    CloseHandle(*ret_handle);
    *ret_handle = NULL;
    return ERROR_CANT_ACCESS_FILE;
}

/* Refuses what is not empty. */
static DWORD remove_empty(HANDLE folder)
{
    FILE_DISPOSITION_INFO disposition = {.DeleteFile = TRUE};
    if (SetFileInformationByHandle(folder, FileDispositionInfo, &disposition, sizeof disposition))
        return 0;
    return GetLastError();
}

typedef struct clearing {
    HANDLE folder;
    const wchar_t *profile;
    bool done;
} clearing;

/* What packages have installed stays, and so does their library if there is something in it. */
static void remove_unused_library(HANDLE own)
{
    HANDLE parent = NULL, library = NULL;
    if (open_folder_at(own, L"chocolatey", &parent))
        return;
    if (!open_folder_at(parent, L"lib", &library)) {
        remove_empty(library);
        CloseHandle(library);
    }
    remove_empty(parent);
    CloseHandle(parent);
}

static DWORD clear_entry(void *data, const wchar_t *name)
{
    clearing *of = data;
    wchar_t last[256] = L"";
    if (_wcsicmp(name, L"chocolatey") == 0) {
        remove_unused_library(of->folder);
        return 0;
    }
    DWORD code = rj_remove_at(of->folder, name, last);
    if (code)
        of->done = say(of->profile, last[0] ? last : name, code);
    return 0;
}

static bool remove_profile(const wchar_t *profile)
{
    static const wchar_t *const way[] = {L"AppData", L"Local", L"RealmJoin"};
    HANDLE at = NULL;
    DWORD code = rj_open_unfollowed(profile, FILE_LIST_DIRECTORY, &at);
    if (!code && (rj_handle_attributes(at) & FILE_ATTRIBUTE_REPARSE_POINT))
        code = ERROR_CANT_ACCESS_FILE;
    for (size_t i = 0; i < sizeof way / sizeof *way && !code; i++) {
        HANDLE next = NULL;
        code = open_folder_at(at, way[i], &next);
        CloseHandle(at);
        at = next;
    }
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
        return true; /* nobody of this profile ever used the agent */
    if (code) {
        if (at)
            CloseHandle(at);
        return say(profile, L"RealmJoin", code);
    }
    clearing of = {.folder = at, .profile = profile, .done = true};
    code = rj_each_entry_at(at, clear_entry, &of);
    if (!code)
        code = remove_empty(at);
    CloseHandle(at);
    if (code && code != ERROR_DIR_NOT_EMPTY)
        of.done = say(profile, L"RealmJoin", code);
    return of.done;
}

/* ---- All of them ----------------------------------------------------------------------------- */

/* A folder on a drive of this machine; "" where there is none. */
static void profile_of(const rj_paths *paths, const char *sid, wchar_t ret_profile[PATH_MOST])
{
    HKEY key = NULL;
    rj_text name = RJ_TEXT_EMPTY;
    wchar_t plain[PATH_MOST - 8] = L"";
    DWORD size = sizeof plain;
    ret_profile[0] = L'\0';
    rj_text_addf(&name, PROFILE_LIST "\\%s", sid);
    char *path = rj_text_take(&name);
    if (!path ||
        rj_registry_open(rj_paths_root(paths), RJ_HIVE_MACHINE, path, false, &key, NULL) != RJ_OK) {
        rj_free(path);
        return;
    }
    rj_free(path);
    /* variables in it are filled in */
    if (RegGetValueW(key, NULL, L"ProfileImagePath", RRF_RT_REG_SZ, NULL, plain, &size) ==
            ERROR_SUCCESS &&
        iswalpha(plain[0]) && plain[1] == L':' && plain[2] == L'\\')
        _snwprintf(ret_profile, PATH_MOST, L"\\\\?\\%ls", plain);
    RegCloseKey(key);
}

bool rj_service_remove_profiles(const rj_paths *paths)
{
    rj_registry_key list = {
        .root = rj_paths_root(paths), .hive = RJ_HIVE_MACHINE, .key = PROFILE_LIST};
    rj_error error = RJ_ERROR_NONE;
    char **sids = NULL;
    size_t count = 0;
    bool done = true;
    if (rj_registry_list_keys(&list, PROFILES_MAX, &sids, &count, &error) != RJ_OK) {
        fprintf(stderr, "realmjoinservice: %s\n", error.text);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        wchar_t profile[PATH_MOST];
        profile_of(paths, sids[i], profile);
        if (profile[0])
            done &= remove_profile(profile);
    }
    rj_free(sids);
    return done;
}

static void remove_empty_key(const rj_paths *paths, const char *sid, const char *name)
{
    rj_text text = RJ_TEXT_EMPTY;
    HKEY key = NULL;
    DWORD keys = 1, values = 1;
    rj_text_addf(&text, "%s\\%s", sid, name);
    char *path = rj_text_take(&text);
    rj_registry_key where = {.root = rj_paths_root(paths), .hive = RJ_HIVE_USERS, .key = path};
    if (path && rj_registry_open(where.root, where.hive, path, false, &key, NULL) == RJ_OK) {
        bool empty = RegQueryInfoKeyW(key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL,
                                      NULL, NULL) == ERROR_SUCCESS &&
                     !keys && !values;
        RegCloseKey(key);
        if (empty)
            rj_registry_remove_key(&where, NULL); /* follows no link */
    }
    rj_free(path);
}

void rj_service_remove_user_keys(const rj_paths *paths)
{
    rj_registry_key users = {.root = rj_paths_root(paths), .hive = RJ_HIVE_USERS, .key = ""};
    rj_error error = RJ_ERROR_NONE;
    char **sids = NULL;
    size_t count = 0;
    if (rj_registry_list_keys(&users, PROFILES_MAX, &sids, &count, &error) != RJ_OK) {
        fprintf(stderr, "realmjoinservice: %s\n", error.text);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        remove_empty_key(paths, sids[i], "SOFTWARE\\RealmJoin\\Packages");
        remove_empty_key(paths, sids[i], "SOFTWARE\\RealmJoin");
    }
    rj_free(sids);
}
