/* SPDX-License-Identifier: MIT */
/*
 * Around scripts on Windows, see surroundings.h: installers fail without %TEMP% and %ProgramFiles%, cmd
 * finds no msiexec without %Path%.
 *
 * Folders are asked of the system: a service's environment may name others.  The temporary folder is the
 * agent's own, as everybody may put files into C:\Windows\Temp.
 */
#include "engine/surroundings.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/paths.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/wide_win32.h"

#include <knownfolders.h>
#include <objbase.h>
#include <shlobj.h>

char *rj_surroundings_search_path(void)
{
    wchar_t windows[MAX_PATH], folder[MAX_PATH];
    UINT length = GetSystemWindowsDirectoryW(windows, MAX_PATH);
    UINT size = GetSystemDirectoryW(folder, MAX_PATH);
    if (!length || length >= MAX_PATH || !size || size >= MAX_PATH)
        return NULL;
    char *top = rj_utf8(windows), *system = rj_utf8(folder);
    rj_text text = RJ_TEXT_EMPTY;
    if (top && system)
        rj_text_addf(&text, "%s;%s;%s\\Wbem;%s\\WindowsPowerShell\\v1.0", system, top, system,
                     system);
    else
        text.failed = true;
    rj_free(top);
    rj_free(system);
    return rj_text_take(&text);
}

char *rj_surroundings_sid(rj_uid uid)
{
    char *sid = NULL;
    if (rj_account_sid_text(uid, NULL, &sid, NULL) == RJ_OK)
        return sid;
    rj_text text = RJ_TEXT_EMPTY; /* of an account that is gone */
    rj_text_addf(&text, "S-1-22-1-%lu", (unsigned long)uid);
    return rj_text_take(&text);
}

static bool set(json_t *environment, const char *name, const char *value)
{
    return json_object_set_new(environment, name, json_string(value)) == 0;
}

static bool set_path(json_t *environment, const char *name, const char *path)
{
    char *native = rj_path_native(path);
    bool done = native && set(environment, name, native);
    rj_free(native);
    return done;
}

/* What the system does not have is left out. */
static bool set_folder(json_t *environment, const char *name, const GUID *id)
{
    wchar_t *wide = NULL;
    bool done = true;
    if (SUCCEEDED(SHGetKnownFolderPath(id, KF_FLAG_DONT_VERIFY, NULL, &wide))) {
        char *text = rj_utf8(wide);
        done = text && set(environment, name, text);
        rj_free(text);
    }
    CoTaskMemFree(wide);
    return done;
}

static bool copy(json_t *environment, const char *name)
{
    char *value = rj_system_environment(name);
    bool done = !value || !value[0] || set(environment, name, value);
    rj_free(value);
    return done;
}

bool rj_surroundings_describe(json_t *environment, const char *home, const char *temporary)
{
    static const struct {
        const char *name;
        const GUID *id;
    } folders[] = {
        {"ProgramData", &FOLDERID_ProgramData},
        {"ALLUSERSPROFILE", &FOLDERID_ProgramData},
        {"PUBLIC", &FOLDERID_Public},
        {"ProgramFiles", &FOLDERID_ProgramFiles},
        {"ProgramW6432", &FOLDERID_ProgramFiles},
        {"ProgramFiles(x86)", &FOLDERID_ProgramFilesX86},
        {"CommonProgramFiles", &FOLDERID_ProgramFilesCommon},
        {"CommonProgramW6432", &FOLDERID_ProgramFilesCommon},
        {"CommonProgramFiles(x86)", &FOLDERID_ProgramFilesCommonX86},
        {"APPDATA", &FOLDERID_RoamingAppData},
        {"LOCALAPPDATA", &FOLDERID_LocalAppData},
        {"USERPROFILE", &FOLDERID_Profile},
    };
    static const char *const facts[] = {"OS", "PATHEXT", "NUMBER_OF_PROCESSORS",
                                        "PROCESSOR_ARCHITECTURE", "COMPUTERNAME"};
    bool done = true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && done; i++)
        done = set_folder(environment, folders[i].name, folders[i].id);
    for (size_t i = 0; i < sizeof facts / sizeof *facts && done; i++)
        done = copy(environment, facts[i]);
    if (home)
        done = done && set_path(environment, "USERPROFILE", home);
    return done && set_path(environment, "TEMP", temporary) &&
           set_path(environment, "TMP", temporary);
}
