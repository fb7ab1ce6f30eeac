/* SPDX-License-Identifier: MIT */
/* Folders: making, listing, removing. */
#include "platform/file.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/name_list.h"
#include "platform/paths.h"
#include "platform/win32/access_win32.h"
#include "platform/win32/open_at_win32.h"
#include "platform/win32/wide_win32.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LEVELS_MAX 512 /* each level of a removal holds a handle */
#define PATIENCE_STEPS 40
#define PATIENCE_STEP_MS 25

/* ---- Making ---------------------------------------------------------------------------------- */

static bool is_folder(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static rj_status make_one(const wchar_t *path, const char *shown, unsigned mode, rj_error *err)
{
    if (is_folder(path))
        return RJ_OK;
    SECURITY_ATTRIBUTES access = {0};
    rj_status status = rj_access_new(mode, true, &access, err);
    if (status)
        return status;
    DWORD code = CreateDirectoryW(path, &access) ? 0 : GetLastError();
    rj_access_free(&access);
    if (!code || (code == ERROR_ALREADY_EXISTS && is_folder(path)))
        return RJ_OK;
    if (code == ERROR_ALREADY_EXISTS)
        return rj_fail(err, RJ_E_EXISTS, "%s is there and is not a folder", shown);
    return rj_fail_win32(err, code, "folder %s cannot be made", shown);
}

/* Where the names begin: behind "\\?\X:\" or "\\?\UNC\server\share\". */
static wchar_t *first_name(wchar_t *path)
{
    wchar_t *at = path + 4;
    int slashes = wcsncmp(at, L"UNC\\", 4) == 0 ? 3 : 1;
    while (*at && slashes)
        if (*at++ == L'\\')
            slashes--;
    return at;
}

rj_status rj_dir_make(const char *path, unsigned mode, rj_error *err)
{
    if (!rj_path_is_absolute(path))
        return rj_fail(err, RJ_E_INVALID, "folder \"%s\" is not an absolute path", path);
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return rj_status_of_win32(GetLastError());
    rj_status status = RJ_OK;
    if (!is_folder(wide)) {
        wchar_t *slash = wcschr(first_name(wide), L'\\');
        for (; slash && !status; slash = wcschr(slash + 1, L'\\')) {
            *slash = L'\0';
            status = make_one(wide, path, 0755, err);
            *slash = L'\\';
        }
        if (!status)
            status = make_one(wide, path, mode, err);
    }
    rj_free(wide);
    return status;
}

/* ---- Removing -------------------------------------------------------------------------------- */

struct removal {
    HANDLE folder;
    unsigned level;
    wchar_t last[256]; /* the name that could not be removed */
};

static DWORD remove_entry(void *data, const wchar_t *name);

/* The name vanishes at once where the system can do that, else when the last handle is closed. */
static DWORD remove_handle(HANDLE handle, DWORD attributes)
{
    /* FileDispositionInfoEx: delete, at once although others have it open, also if read-only. */
    DWORD flags = 0x1 | 0x2 | 0x10;
    if (SetFileInformationByHandle(handle, (FILE_INFO_BY_HANDLE_CLASS)21, &flags, sizeof flags))
        return 0;
    if (attributes & FILE_ATTRIBUTE_READONLY) {
        FILE_BASIC_INFO basic = {.FileAttributes = FILE_ATTRIBUTE_NORMAL};
        SetFileInformationByHandle(handle, FileBasicInfo, &basic, sizeof basic);
    }
    FILE_DISPOSITION_INFO disposition = {.DeleteFile = TRUE};
    if (SetFileInformationByHandle(handle, FileDispositionInfo, &disposition, sizeof disposition))
        return 0;
    return GetLastError();
}

/* What the handle shows, with everything in it. */
static DWORD remove_opened(HANDLE handle, unsigned level, wchar_t last[256])
{
    DWORD attributes = rj_handle_attributes(handle);
    if (!attributes)
        return GetLastError();
    bool folder =
        (attributes & FILE_ATTRIBUTE_DIRECTORY) && !(attributes & FILE_ATTRIBUTE_REPARSE_POINT);
    if (!folder)
        return remove_handle(handle, attributes);
    if (level > LEVELS_MAX)
        return ERROR_TOO_MANY_OPEN_FILES;
    DWORD code = 0;
    for (int step = 0; step < PATIENCE_STEPS; step++) {
        struct removal inner = {.folder = handle, .level = level + 1};
        code = rj_each_entry_at(handle, remove_entry, &inner);
        if (code) {
            wcscpy(last, inner.last);
            return code;
        }
        code = remove_handle(handle, attributes);
        if (code != ERROR_DIR_NOT_EMPTY) /* something inside is still about to vanish */
            return code;
        Sleep(PATIENCE_STEP_MS);
    }
    return code;
}

static DWORD open_for_removal(HANDLE folder, const wchar_t *name, HANDLE *ret_handle)
{
    const DWORD most = DELETE | FILE_LIST_DIRECTORY | FILE_WRITE_ATTRIBUTES;
    DWORD code = 0;
    for (int step = 0; step < PATIENCE_STEPS; step++) {
        code = rj_open_at(folder, name, most, RJ_OPEN_AT_EXISTING, NULL, ret_handle);
        if (code == ERROR_ACCESS_DENIED)
            code = rj_open_at(folder, name, DELETE, RJ_OPEN_AT_EXISTING, NULL, ret_handle);
        if (code != ERROR_SHARING_VIOLATION)
            break;
        Sleep(PATIENCE_STEP_MS);
    }
    return code;
}

static DWORD remove_entry(void *data, const wchar_t *name)
{
    struct removal *removal = data;
    HANDLE handle = NULL;
    DWORD code = open_for_removal(removal->folder, name, &handle);
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND ||
        code == ERROR_DELETE_PENDING)
        return 0;
    removal->last[0] = L'\0';
    if (!code) {
        code = remove_opened(handle, removal->level, removal->last);
        CloseHandle(handle);
    }
    if (code && !removal->last[0]) {
        wcsncpy(removal->last, name, 255);
        removal->last[255] = L'\0';
    }
    return code;
}

DWORD rj_remove_at(HANDLE folder, const wchar_t *name, wchar_t ret_last[256])
{
    struct removal removal = {.folder = folder, .level = 1};
    DWORD code = remove_entry(&removal, name);
    wcscpy(ret_last, removal.last);
    return code;
}

rj_status rj_dir_remove(const char *path, rj_error *err)
{
    if (!rj_path_is_absolute(path))
        return rj_fail(err, RJ_E_INVALID, "\"%s\" is not a folder to be removed", path);
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return rj_status_of_win32(GetLastError());
    rj_status status = RJ_OK;
    HANDLE handle = NULL;
    wchar_t last[256] = L"";
    DWORD code = 0;
    if (!*first_name(wide)) {
        status = rj_fail(err, RJ_E_INVALID, "\"%s\" is not a folder to be removed", path);
        goto out;
    }
    code = rj_open_unfollowed(wide, DELETE | FILE_LIST_DIRECTORY | FILE_WRITE_ATTRIBUTES, &handle);
    if (code == ERROR_ACCESS_DENIED)
        code = rj_open_unfollowed(wide, DELETE, &handle);
    if (!code) {
        code = remove_opened(handle, 0, last);
        CloseHandle(handle);
    }
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
        code = 0;
    if (code == ERROR_TOO_MANY_OPEN_FILES) {
        status =
            rj_fail(err, RJ_E_LIMIT, "%s has more than %d levels of folders", path, LEVELS_MAX);
    } else if (code) {
        char *name = *last ? rj_utf8(last) : NULL;
        status = rj_fail_win32(err, code, "%s%s%s cannot be removed", name ? name : "",
                               name ? " below " : "", path);
        rj_free(name);
    }
out:
    rj_free(wide);
    return status;
}

/* ---- Listing --------------------------------------------------------------------------------- */

struct listing {
    rj_text names;
    size_t count;
    size_t max_names;
};

static DWORD list_entry(void *data, const wchar_t *name)
{
    struct listing *listing = data;
    if (listing->count == listing->max_names)
        return ERROR_FILE_TOO_LARGE;
    char *text = rj_utf8(name);
    if (!text)
        return ERROR_NOT_ENOUGH_MEMORY;
    rj_text_append(&listing->names, text, strlen(text) + 1);
    rj_free(text);
    listing->count++;
    return 0;
}

rj_status rj_dir_list(const char *path, size_t max_names, char ***ret_names, size_t *ret_count,
                      rj_error *err)
{
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return rj_status_of_win32(GetLastError());
    HANDLE folder =
        CreateFileW(wide, FILE_LIST_DIRECTORY | SYNCHRONIZE | FILE_READ_ATTRIBUTES, RJ_SHARE_ALL,
                    NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    DWORD code = folder == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    rj_free(wide);
    if (!code && !(rj_handle_attributes(folder) & FILE_ATTRIBUTE_DIRECTORY)) {
        CloseHandle(folder);
        code = ERROR_PATH_NOT_FOUND; /* as of a folder that is none elsewhere */
    }
    if (code)
        return rj_fail_win32(err, code, "folder %s cannot be opened", path);
    struct listing listing = {.names = RJ_TEXT_EMPTY, .max_names = max_names};
    rj_status status = RJ_OK;
    code = rj_each_entry_at(folder, list_entry, &listing);
    CloseHandle(folder);
    char **list = code ? NULL : rj_name_list_new(&listing.names, listing.count);
    if (code == ERROR_FILE_TOO_LARGE)
        status = rj_fail(err, RJ_E_LIMIT, "folder %s has more than %zu entries", path, max_names);
    else if (code && code != ERROR_NOT_ENOUGH_MEMORY)
        status = rj_fail_win32(err, code, "folder %s cannot be read", path);
    else if (!list)
        status = rj_fail_memory(err, "listing a folder");
    rj_text_free(&listing.names);
    if (status)
        return status;
    *ret_names = list;
    *ret_count = listing.count;
    return RJ_OK;
}
