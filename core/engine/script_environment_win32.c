/* SPDX-License-Identifier: MIT */
/*
 * The variables of a script on Windows, see script_environment.h.
 *
 *     CreateEnvironmentBlock() --> folders by their ids --> ours (TEMP, RJ_Root)
 *
 * Whatever the block says of them, and even an administrator may have written nonsense into a variable of the
 * machine, the folders are those that Windows itself uses.  Names count without case, so that a variable is
 * there once.
 */
#include "engine/script_environment_win32.h"
#include "base/alloc.h"
#include "base/text.h"
#include "engine/policy.h"
#include "engine/script_environment.h"
#include "platform/file.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/wide_win32.h"

#include <initguid.h>
#include <knownfolders.h>
#include <objbase.h>
#include <shlobj.h>
#include <string.h>
#include <userenv.h>
#include <wchar.h>

#define SYSTEM_PROFILE "/Windows/System32/config/systemprofile"

/* ---- One variable ---------------------------------------------------------------------------- */

/* In place of one that differs in case only. */
static bool set(json_t *environment, const char *name, const char *value)
{
    const char *other;
    json_t *unused;
    void *next;
    if (!value)
        return false;
    json_object_foreach_safe(environment, next, other, unused)
    {
        if (_stricmp(other, name) == 0 && strcmp(other, name) != 0) {
            json_object_del(environment, other);
            break;
        }
    }
    return json_object_set_new(environment, name, json_string(value)) == 0;
}

static bool set_wide(json_t *environment, const char *name, const wchar_t *value)
{
    char *text = rj_utf8(value);
    bool done = set(environment, name, text);
    rj_free(text);
    return done;
}

/* As Windows writes it: scripts read these. */
static bool set_path(json_t *environment, const char *name, const char *folder, const char *below)
{
    rj_text path = RJ_TEXT_EMPTY;
    rj_text_addf(&path, "%s%s", folder, below);
    char *whole = rj_text_take(&path);
    char *native = whole ? rj_path_native(whole) : NULL;
    bool done = set(environment, name, native);
    rj_free(native);
    rj_free(whole);
    return done;
}

/* ---- What Windows says ----------------------------------------------------------------------- */

/* "NAME=value"; "=C:=C:\folder" is cmd's own. */
static bool take_line(json_t *environment, const wchar_t *line)
{
    char *text = line[0] == L'=' ? NULL : rj_utf8(line);
    char *equals = text ? strchr(text, '=') : NULL;
    bool done = true;
    if (equals && _strnicmp(text, "RJ_", 3) != 0) { /* those are ours alone */
        *equals = '\0';
        done = set(environment, text, equals + 1);
    }
    rj_free(text);
    return done;
}

static bool take_block(json_t *environment)
{
    HANDLE token = NULL;
    void *block = NULL;
    bool done = true;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token))
        return true;
    if (CreateEnvironmentBlock(&block, token, FALSE)) {
        for (const wchar_t *line = block; done && *line; line += wcslen(line) + 1)
            done = take_line(environment, line);
        DestroyEnvironmentBlock(block);
    }
    CloseHandle(token);
    return done;
}

static bool take_folders(json_t *environment)
{
    static const struct {
        const char *name;
        const GUID *id;
    } folders[] = {
        {"SystemRoot", &FOLDERID_Windows},
        {"windir", &FOLDERID_Windows},
        {"ProgramData", &FOLDERID_ProgramData},
        {"ALLUSERSPROFILE", &FOLDERID_ProgramData},
        {"PUBLIC", &FOLDERID_Public},
        {"ProgramFiles", &FOLDERID_ProgramFiles},
        {"ProgramW6432", &FOLDERID_ProgramFiles},
        {"ProgramFiles(x86)", &FOLDERID_ProgramFilesX86},
        {"CommonProgramFiles", &FOLDERID_ProgramFilesCommon},
        {"CommonProgramW6432", &FOLDERID_ProgramFilesCommon},
        {"CommonProgramFiles(x86)", &FOLDERID_ProgramFilesCommonX86},
        {"USERPROFILE", &FOLDERID_Profile},
        {"APPDATA", &FOLDERID_RoamingAppData},
        {"LOCALAPPDATA", &FOLDERID_LocalAppData},
    };
    bool done = true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && done; i++) {
        wchar_t *path = NULL;
        if (SUCCEEDED(SHGetKnownFolderPath(folders[i].id, 0, NULL, &path)))
            done = set_wide(environment, folders[i].name, path);
        CoTaskMemFree(path);
    }
    return done;
}

/* What no program of Windows starts without. */
static bool complete(json_t *environment)
{
    wchar_t system[MAX_PATH], drive[3] = L"";
    UINT length = GetSystemDirectoryW(system, MAX_PATH);
    bool done = true;
    if (length < 3 || length >= MAX_PATH)
        return true;
    wcsncpy(drive, system, 2);
    char *folder = rj_utf8(system);
    char *windows = rj_strdup(folder ? folder : "");
    char *slash = windows ? strrchr(windows, '\\') : NULL;
    if (slash)
        *slash = '\0';
    done = folder && windows && set_wide(environment, "SystemDrive", drive) &&
           set_path(environment, "ComSpec", folder, "/cmd.exe");
    bool has_path = false;
    const char *name;
    json_t *unused;
    json_object_foreach(environment, name, unused) has_path |= _stricmp(name, "PATH") == 0;
    if (done && !has_path) {
        rj_text path = RJ_TEXT_EMPTY;
        rj_text_addf(&path, "%s;%s;%s\\Wbem;%s\\WindowsPowerShell\\v1.0", folder, windows, folder,
                     folder);
        char *text = rj_text_take(&path);
        done = set(environment, "Path", text);
        rj_free(text);
    }
    rj_free(windows);
    rj_free(folder);
    return done;
}

static bool move_below_root(json_t *environment, const char *root, const char *profile)
{
    return set_path(environment, "ProgramData", root, "/ProgramData") &&
           set_path(environment, "ALLUSERSPROFILE", root, "/ProgramData") &&
           set_path(environment, "USERPROFILE", profile, "") &&
           set_path(environment, "APPDATA", profile, "/AppData/Roaming") &&
           set_path(environment, "LOCALAPPDATA", profile, "/AppData/Local");
}

bool rj_script_environment_of_account(json_t *environment, const rj_paths *paths,
                                      const char *profile, const char *temporary)
{
    const char *root = rj_paths_root(paths);
    return take_block(environment) && take_folders(environment) && complete(environment) &&
           (!root[0] || move_below_root(environment, root, profile)) &&
           set_path(environment, "TEMP", temporary, "") &&
           set_path(environment, "TMP", temporary, "") &&
           set_path(environment, "RJ_Root", root, "");
}

/* ---- For the machine's packages -------------------------------------------------------------- */

/* Nothing yet: all of it belongs to an account. */
bool rj_script_environment_begin(json_t *environment)
{
    (void)environment;
    return true;
}

rj_status rj_script_environment_place(json_t *environment, const rj_paths *paths, rj_error *err)
{
    char *temporary = NULL, *profile = NULL, *local = NULL;
    const char *root = rj_paths_root(paths);
    rj_text text = RJ_TEXT_EMPTY, below = RJ_TEXT_EMPTY;
    rj_text_addf(&text, "%s" SYSTEM_PROFILE, root);
    rj_text_addf(&below, "%s" SYSTEM_PROFILE "/AppData/Local", root);
    profile = rj_text_take(&text);
    local = rj_text_take(&below);
    rj_status status = profile && local ? RJ_OK : rj_fail_memory(err, "preparing a package step");
    if (status == RJ_OK)
        status = rj_path_join(rj_path(paths, RJ_PATH_CACHE), "tmp", &temporary, err);
    if (status == RJ_OK)
        status = rj_dir_make(temporary, 0700, err);
    if (status == RJ_OK && root[0])
        status = rj_dir_make(local, 0700, err);
    if (status == RJ_OK &&
        !rj_script_environment_of_account(environment, paths, profile, temporary))
        status = rj_fail_memory(err, "preparing a package step");
    rj_free(local);
    rj_free(profile);
    rj_free(temporary);
    return status;
}

/* An account without an entry, which only runs things itself, has no name for others. */
char *rj_script_environment_sid(rj_uid uid)
{
    char *sid = NULL;
    if (rj_account_sid_text(uid == RJ_UID_MACHINE ? 0 : uid, NULL, &sid, NULL) == RJ_OK)
        return sid;
    return rj_strdup("S-1-0-0"); /* nobody */
}
