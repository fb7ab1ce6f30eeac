/* SPDX-License-Identifier: MIT */
/*
 * Walking by handles, see registry_walk_win32.h: what was opened as a plain key stays that key, whatever has its
 * name a moment later.
 */
#include "platform/win32/registry_walk_win32.h"

#include <wchar.h>

#include <winternl.h>

#define NAME_MOST 256
#define LEVELS_MOST 32
#define VIEW KEY_WOW64_64KEY
#define TRIES 16

NTSTATUS NTAPI NtDeleteKey(HANDLE key);

static bool is_link(HKEY key)
{
    DWORD type = 0;
    return RegQueryValueExW(key, L"SymbolicLinkValue", NULL, &type, NULL, NULL) == 0 &&
           type == REG_LINK;
}

/* A link is opened itself. */
static LSTATUS open_itself(HKEY parent, const wchar_t *name, REGSAM access, HKEY *ret_key)
{
    return RegOpenKeyExW(parent, name, REG_OPTION_OPEN_LINK, access | VIEW, ret_key);
}

static LSTATUS open_plain(HKEY parent, const wchar_t *name, REGSAM access, HKEY *ret_key)
{
    HKEY key = NULL;
    LSTATUS code = open_itself(parent, name, access | KEY_QUERY_VALUE, &key);
    if (code)
        return code;
    if (is_link(key)) {
        RegCloseKey(key);
        return ERROR_SYMLINK_CLASS_DISABLED;
    }
    *ret_key = key;
    return 0;
}

/* Making follows a link that came meanwhile, but then it tells that the key was there. */
static LSTATUS open_or_make(HKEY parent, const wchar_t *name, REGSAM access, HKEY *ret_key)
{
    LSTATUS code = ERROR_FILE_NOT_FOUND;
    for (int tries = 0; tries < TRIES && code == ERROR_FILE_NOT_FOUND; tries++) {
        HKEY made = NULL;
        DWORD how = 0;
        code = open_plain(parent, name, access, ret_key);
        if (code != ERROR_FILE_NOT_FOUND)
            break;
        code = RegCreateKeyExW(parent, name, 0, NULL, 0, access | VIEW, NULL, &made, &how);
        if (code)
            break;
        if (how == REG_CREATED_NEW_KEY) {
            *ret_key = made;
            return 0;
        }
        RegCloseKey(made);
        code = ERROR_FILE_NOT_FOUND;
    }
    return code;
}

/* The next name of the path; false: none, or one that is too long. */
static bool next_name(const wchar_t **path, wchar_t name[NAME_MOST])
{
    size_t length = wcscspn(*path, L"\\");
    if (!length || length >= NAME_MOST)
        return false;
    wmemcpy(name, *path, length);
    name[length] = L'\0';
    *path += length + ((*path)[length] == L'\\');
    return true;
}

LSTATUS rj_registry_walk(HKEY hive, const wchar_t *path, REGSAM access, bool create, HKEY *ret_key)
{
    wchar_t name[NAME_MOST];
    HKEY at = hive;
    LSTATUS code = 0;
    while (!code && *path) {
        HKEY next = NULL;
        if (!next_name(&path, name)) {
            if (at != hive)
                RegCloseKey(at);
            return ERROR_INVALID_NAME;
        }
        REGSAM wanted = !*path ? access : KEY_READ | (create ? KEY_CREATE_SUB_KEY : 0);
        code = create ? open_or_make(at, name, wanted, &next) : open_plain(at, name, wanted, &next);
        /* Only reading, where more is not to be had: the name may be there already. */
        if (code == ERROR_ACCESS_DENIED && create && *path)
            code = open_plain(at, name, KEY_READ, &next);
        if (at != hive)
            RegCloseKey(at);
        at = code ? hive : next;
    }
    if (!code && at == hive)
        code = ERROR_INVALID_NAME;
    if (!code)
        *ret_key = at;
    return code;
}

static LSTATUS remove_opened(HKEY key, int level)
{
    wchar_t name[NAME_MOST];
    LSTATUS code = level > LEVELS_MOST ? ERROR_TOO_MANY_OPEN_FILES : 0;
    while (!code && !is_link(key)) {
        DWORD size = NAME_MOST;
        HKEY child = NULL;
        code = RegEnumKeyExW(key, 0, name, &size, NULL, NULL, NULL, NULL);
        if (!code)
            code = open_itself(key, name, DELETE | KEY_READ, &child);
        if (code)
            break;
        code = remove_opened(child, level + 1);
        RegCloseKey(child);
    }
    if (code && code != ERROR_NO_MORE_ITEMS)
        return code;
    NTSTATUS status = NtDeleteKey(key);
    return status < 0 ? (LSTATUS)RtlNtStatusToDosError(status) : 0;
}

LSTATUS rj_registry_walk_remove(HKEY hive, const wchar_t *path)
{
    const wchar_t *last = wcsrchr(path, L'\\');
    wchar_t parent[1024];
    HKEY above = NULL, key = NULL;
    size_t length = last ? (size_t)(last - path) : 0;
    if (!length || length >= sizeof parent / sizeof *parent)
        return ERROR_INVALID_NAME;
    wmemcpy(parent, path, length);
    parent[length] = L'\0';
    LSTATUS code = rj_registry_walk(hive, parent, KEY_READ, false, &above);
    if (code)
        return code;
    code = open_itself(above, last + 1, DELETE | KEY_READ, &key);
    RegCloseKey(above);
    if (code)
        return code;
    code = remove_opened(key, 1);
    RegCloseKey(key);
    return code;
}
