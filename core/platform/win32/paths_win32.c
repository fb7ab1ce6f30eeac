/* SPDX-License-Identifier: MIT */
/*
 * Where everything lives on Windows.
 *
 * The folders are asked of the system: the environment of a service may say something else.  Below a root
 * they have the names they have on a drive.
 */
#include "platform/paths_system.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"

#include <initguid.h>
#include <knownfolders.h>
#include <lmcons.h>
#include <objbase.h>
#include <shlobj.h>
#include <string.h>

#define PIPE "//./pipe/realmjoin"

const char rj_paths_not_in_names[] = "/\\:*?\"<>|";
const char rj_paths_plain_rule[] = "an absolute path without \"..\" and : * ? \" < > | in it";

/* ---- Folders of the system ------------------------------------------------------------------- */

typedef enum place { PROGRAMS, DATA, WINDOWS, USER_DATA } place;

/* The folder with slashes (rj_free); NULL: unknown. */
static char *known_folder(place which)
{
    static const GUID *const ids[] = {&FOLDERID_ProgramFiles, &FOLDERID_ProgramData,
                                      &FOLDERID_Windows, &FOLDERID_LocalAppData};
    wchar_t *wide = NULL;
    char *path = NULL;
    if (SUCCEEDED(SHGetKnownFolderPath(ids[which], 0, NULL, &wide))) {
        char *native = rj_utf8(wide);
        path = native ? rj_path_from_native(native) : NULL;
        rj_free(native);
    }
    CoTaskMemFree(wide);
    return path;
}

/* The name of who runs this, as the name of a folder. */
static char *user_name(void)
{
    wchar_t wide[UNLEN + 1];
    DWORD size = UNLEN + 1;
    if (!GetUserNameW(wide, &size))
        return rj_strdup("user");
    char *name = rj_utf8(wide);
    for (char *c = name; c && *c; c++)
        if ((unsigned char)*c < 0x20 || strchr("\\/:*?\"<>|", *c))
            *c = '-';
    return name;
}

static char *place_below_root(const char *root, place which)
{
    static const char *const names[] = {"Program Files", "ProgramData", "Windows"};
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_addf(&text, "%s/", root);
    if (which == USER_DATA) {
        char *name = user_name();
        if (name)
            rj_text_addf(&text, "Users/%s/AppData/Local", name);
        text.failed = text.failed || !name;
        rj_free(name);
    } else {
        rj_text_add(&text, names[which]);
    }
    return rj_text_take(&text);
}

/* ---- Building -------------------------------------------------------------------------------- */

struct entry {
    rj_path_kind kind;
    place place;
    const char *below;
};

static rj_status set_paths(rj_paths *p, const struct entry *entries, size_t count, rj_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = &entries[i];
        char *folder =
            *p->root ? place_below_root(p->root, entry->place) : known_folder(entry->place);
        if (!folder)
            return rj_fail(err, RJ_E_NOT_FOUND,
                           "Windows does not say where its own folders are, or memory is short");
        rj_text text = RJ_TEXT_EMPTY;
        rj_text_addf(&text, "%s%s", folder, entry->below);
        rj_free(folder);
        rj_free(p->path[entry->kind]);
        p->path[entry->kind] = rj_text_take(&text);
        if (!p->path[entry->kind])
            return rj_fail_memory(err, "finding the agent's folders");
    }
    return RJ_OK;
}

/* The pipe has no place below a root: a root gets one of its own name. */
static rj_status set_pipe(rj_paths *p, rj_error *err)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, PIPE);
    if (*p->root) {
        char tag[17];
        rj_root_tag(p->root, tag);
        rj_text_addf(&text, "-%s", tag);
    }
    p->path[RJ_PATH_SOCKET] = rj_text_take(&text);
    return p->path[RJ_PATH_SOCKET] ? RJ_OK : rj_fail_memory(err, "finding the agent's folders");
}

rj_status rj_paths_set_machine(rj_paths *p, rj_error *err)
{
    static const struct entry entries[] = {
        {RJ_PATH_PLUGINS, PROGRAMS, "/RealmJoin/plugins"},
        {RJ_PATH_PLUGINS_3RD, DATA, "/RealmJoin/plugins"},
        {RJ_PATH_POLICY, DATA, "/RealmJoin/policy"},
        {RJ_PATH_PARAMETERS, DATA, "/RealmJoin/parameters.json"},
        {RJ_PATH_STATE, DATA, "/RealmJoin"},
        {RJ_PATH_PLUGIN_STATE, DATA, "/RealmJoin/plugin-state"},
        {RJ_PATH_CACHE, DATA, "/RealmJoin/cache"},
        {RJ_PATH_LOG, WINDOWS, "/Logs"},
        {RJ_PATH_PACKAGE_LOGS, WINDOWS, "/Logs/RealmJoin/Packages"},
        {RJ_PATH_PACKAGE_LIB, DATA, "/chocolatey/lib"},
        {RJ_PATH_RUN, DATA, "/RealmJoin/run"},
        {RJ_PATH_WORKER, PROGRAMS, "/RealmJoin/realmjoin-worker.exe"},
    };
    rj_status status = set_paths(p, entries, sizeof entries / sizeof entries[0], err);
    return status ? status : set_pipe(p, err);
}

rj_status rj_paths_set_user(rj_paths *p, rj_error *err)
{
    static const struct entry entries[] = {
        {RJ_PATH_STATE, USER_DATA, "/RealmJoin"},
        {RJ_PATH_PLUGIN_STATE, USER_DATA, "/RealmJoin/plugin-state"},
        {RJ_PATH_CACHE, USER_DATA, "/RealmJoin/cache"},
        {RJ_PATH_LOG, USER_DATA, "/RealmJoin"},
        {RJ_PATH_PACKAGE_LOGS, USER_DATA, "/RealmJoin/Packages"},
        {RJ_PATH_PACKAGE_LIB, USER_DATA, "/RealmJoin/chocolatey/lib"},
    };
    return set_paths(p, entries, sizeof entries / sizeof entries[0], err);
}

/* No "." or "..", no empty name, nothing that is not part of a name. */
static bool is_plain(const char *path, size_t length)
{
    size_t at = path[0] == '/' ? 2 : 3;
    if (path[0] == '/' && (path[2] == '.' || path[2] == '?')) /* devices */
        return false;
    while (at < length) {
        size_t name = strcspn(path + at, "/");
        name = name > length - at ? length - at : name;
        if (name == 0 || strspn(path + at, ".") == name)
            return false;
        for (size_t i = at; i < at + name; i++)
            if ((unsigned char)path[i] < 0x20 || strchr(":*?\"<>|", path[i]))
                return false;
        at += name + 1;
    }
    return true;
}

rj_status rj_paths_plain(const char *value, char **ret_path)
{
    char *path = rj_path_from_native(value);
    if (!path)
        return RJ_E_NO_MEMORY;
    size_t length = strlen(path);
    while (length > 2 && path[length - 1] == '/')
        length--;
    if (!rj_path_is_absolute(path) || !rj_utf8_valid(path, length) || !is_plain(path, length)) {
        rj_free(path);
        return RJ_E_INVALID;
    }
    path[length] = '\0';
    if (path[0] >= 'a' && path[0] <= 'z') /* one spelling of a root, one set of keys and pipes */
        path[0] = (char)(path[0] - 'a' + 'A');
    *ret_path = path;
    return RJ_OK;
}

void rj_paths_made(const rj_paths *paths)
{
    rj_account_use_root(paths->root);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

bool rj_path_is_absolute(const char *path)
{
    bool letter = (path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z');
    if (letter)
        return path[1] == ':' && is_slash(path[2]);
    bool device = (path[0] && path[1]) && (path[2] == '.' || path[2] == '?') && is_slash(path[3]);
    return is_slash(path[0]) && is_slash(path[1]) && path[2] && !is_slash(path[2]) && !device;
}

static char *with_slashes(const char *path, char from, char to)
{
    char *copy = rj_strdup(path);
    for (char *c = copy; c && *c; c++)
        *c = *c == from ? to : *c;
    return copy;
}

/* UTF-16 with slashes, without those at the end (rj_free); NULL: no text of ours, or out of memory. */
static wchar_t *comparable(const char *path)
{
    wchar_t *wide = rj_wide(path);
    size_t length = 0;
    for (wchar_t *c = wide; c && *c; c++, length++)
        *c = *c == L'\\' ? L'/' : *c;
    while (wide && length && wide[length - 1] == L'/')
        wide[--length] = L'\0';
    return wide;
}

/* What cannot be compared is nowhere: nothing is allowed by it. */
static bool begins_with(const wchar_t *path, const wchar_t *folder, size_t length)
{
    return CompareStringOrdinal(path, (int)length, folder, (int)length, TRUE) == CSTR_EQUAL;
}

bool rj_path_equal(const char *a, const char *b)
{
    wchar_t *wide_a = comparable(a);
    wchar_t *wide_b = comparable(b);
    bool equal = wide_a && wide_b && wcslen(wide_a) == wcslen(wide_b) &&
                 begins_with(wide_a, wide_b, wcslen(wide_b));
    rj_free(wide_a);
    rj_free(wide_b);
    return equal;
}

bool rj_path_is_below(const char *path, const char *folder)
{
    wchar_t *wide = comparable(path);
    wchar_t *wide_folder = comparable(folder);
    size_t length = wide_folder ? wcslen(wide_folder) : 0;
    bool below = wide && wide_folder && wcslen(wide) > length && wide[length] == L'/' &&
                 begins_with(wide, wide_folder, length);
    rj_free(wide_folder);
    rj_free(wide);
    return below;
}

char *rj_path_from_native(const char *path)
{
    return with_slashes(path, '\\', '/');
}

char *rj_path_native(const char *path)
{
    return with_slashes(path, '/', '\\');
}
