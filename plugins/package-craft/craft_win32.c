/* SPDX-License-Identifier: MIT */
/*
 * The Windows side of craft_system.h.
 *
 * Scripts are rj_install.ps1 or rj_install.cmd.  The agent starts a .ps1 by Windows PowerShell and a
 * .cmd by System32\cmd.exe.  cmd looks into arguments and variables again, whatever quotes they
 * stand in: what it would not leave alone is refused before anything runs.
 */
#include "craft_system_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "file_win32.h"

#define NAME_TRIES 100

const craft_script craft_install_script = {{"rj_install.ps1", "rj_install.cmd"},
                                           "rj_install.ps1 or rj_install.cmd"};
const craft_script craft_uninstall_script = {{"rj_uninstall.ps1", "rj_uninstall.cmd"},
                                             "rj_uninstall.ps1 or rj_uninstall.cmd"};
const craft_script craft_detect_script = {{"rj_detect.ps1", "rj_detect.cmd"},
                                          "rj_detect.ps1 or rj_detect.cmd"};

/* ---- Scripts --------------------------------------------------------------------------------- */

static int is_batch(const char *name)
{
    size_t length = strlen(name);

    return length > 4 && strcmp(name + length - 4, ".cmd") == 0;
}

rj_status craft_judge_script(const char *path, const char *name, const char *text, size_t length,
                             int executable, rj_failure *failure)
{
    (void)executable;
    /* PowerShell reads UTF-16, cmd does not: it would run nothing and end with 0 */
    if (is_batch(name) && memchr(text, '\0', length))
        return rj_fail(failure, RJ_E_INVALID,
                       "%s: %s is no plain text (UTF-16?): save it in the code page of cmd.exe, "
                       "best in ASCII",
                       path, name);
    return RJ_OK;
}

/* "#" is no comment for cmd, but what the builder of crafts writes at the top. */
int craft_is_comment(const char *name, const char *line, size_t length)
{
    if (length > 0 && line[0] == '#')
        return 1;
    if (!is_batch(name))
        return 0;
    if (length > 0 && line[0] == '@') {
        line++;
        length--;
    }
    return (length >= 2 && line[0] == ':' && line[1] == ':') ||
           (length >= 4 && _strnicmp(line, "rem ", 4) == 0);
}

/* The first character that cmd would not leave alone, 0 if there is none. */
static int special_character(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F || strchr("%!\"&|<>^", *text))
            return (unsigned char)*text;
    return 0;
}

static rj_status refuse(const char *name, const char *kind, const char *text, int character,
                        rj_failure *failure)
{
    char shown[16];

    snprintf(shown, sizeof shown, character > ' ' && character < 0x7F ? "%c" : "\\x%02x",
             (unsigned)character);
    return rj_fail(failure, RJ_E_INVALID,
                   "%s \"%.200s\" has the character %s, which cmd.exe would take for its own: "
                   "leave it out, or use rj_install.ps1 instead of %s",
                   kind, text, shown, name);
}

/* RJ_Root is a folder of a test, never a text of somebody else. */
rj_status craft_check_command(const char *path, const char *const *arguments,
                              const char *const *environment, rj_failure *failure)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int character;

    if (!is_batch(path))
        return RJ_OK;
    if (strchr(path, '%')) /* replaced even between quotes */
        return rj_fail(failure, RJ_E_INVALID,
                       "%s has a %% in its path, which cmd.exe would take for its own: use "
                       "rj_install.ps1, or another id",
                       path);
    for (size_t i = 1; arguments[i]; i++)
        if ((character = special_character(arguments[i])))
            return refuse(name, "the argument", arguments[i], character, failure);
    for (size_t i = 0; environment[i]; i++)
        if (_strnicmp(environment[i], "RJ_", 3) == 0 &&
            _strnicmp(environment[i], "RJ_Root=", 8) != 0 &&
            (character = special_character(environment[i])))
            return refuse(name, "the variable", environment[i], character, failure);
    return RJ_OK;
}

/* 3010: ERROR_SUCCESS_REBOOT_REQUIRED, 1641: ERROR_SUCCESS_REBOOT_INITIATED. */
int craft_exit_wants_restart(int32_t code)
{
    return code == 3010 || code == 1641;
}

const char *craft_signal_name(int32_t number)
{
    (void)number;
    return "not a thing of Windows";
}

/* ---- Files ----------------------------------------------------------------------------------- */

int craft_is_absolute(const char *path)
{
    return rj_file_is_absolute(path);
}

static rj_status cannot(rj_failure *failure, const char *verb, const char *path)
{
    return rj_file_failure(failure, GetLastError(), verb, path);
}

int craft_exists(const char *path)
{
    wchar_t *wide = rj_file_wide_path(path, NULL);
    int there = wide && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;

    free(wide);
    return there;
}

rj_status craft_sync_folder(const char *path, rj_failure *failure)
{
    (void)failure;
    rj_file_flush_folder(path);
    return RJ_OK;
}

static void flush_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash ? strdup(path) : NULL;

    if (!parent)
        return;
    parent[slash - path] = '\0';
    rj_file_flush_folder(parent);
    free(parent);
}

rj_status craft_make_folder(const char *path, rj_failure *failure)
{
    wchar_t *wide = rj_file_wide_path(path, failure);
    rj_status status = RJ_OK;
    DWORD attributes;

    if (!wide)
        return failure ? failure->status : RJ_E_INVALID;
    if (CreateDirectoryW(wide, NULL)) {
        flush_parent(path);
    } else if (GetLastError() != ERROR_ALREADY_EXISTS) {
        status = cannot(failure, "create", path);
    } else {
        attributes = GetFileAttributesW(wide);
        if (attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_DIRECTORY) ||
            (attributes & FILE_ATTRIBUTE_REPARSE_POINT))
            status = rj_fail(failure, RJ_E_IO, "%s is not a folder", path);
    }
    free(wide);
    return status;
}

/* Nothing to do: what a script is, its name says. */
rj_status craft_make_startable(const char *path, rj_failure *failure)
{
    (void)path;
    (void)failure;
    return RJ_OK;
}

/* A new file, whatever stands in its place removed first; a link is not followed. */
static HANDLE create_new(const char *path)
{
    wchar_t *wide = rj_file_wide_path(path, NULL);
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD error = ERROR_INVALID_NAME;

    if (wide) {
        DeleteFileW(wide);
        file = CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        error = GetLastError();
    }
    free(wide);
    SetLastError(error);
    return file;
}

rj_status craft_write_part(const char *path, const char *text, size_t length, rj_failure *failure)
{
    HANDLE file = create_new(path);
    rj_status status = RJ_OK;

    if (file == INVALID_HANDLE_VALUE || !rj_file_write(file, text, length) ||
        !FlushFileBuffers(file))
        status = cannot(failure, "write", path);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    return status;
}

rj_status craft_open_file(const char *path, intptr_t *ret_file, rj_failure *failure)
{
    HANDLE file = rj_file_open(path, GENERIC_READ, FILE_FLAG_OPEN_REPARSE_POINT);

    if (file == INVALID_HANDLE_VALUE)
        return cannot(failure, "open", path);
    if (rj_file_attributes(file) & FILE_ATTRIBUTE_REPARSE_POINT) {
        CloseHandle(file);
        return rj_fail(failure, RJ_E_IO, "%s is a link", path);
    }
    *ret_file = (intptr_t)file;
    return RJ_OK;
}

rj_status craft_read_some(intptr_t file, const char *path, char *bytes, size_t size,
                          size_t *ret_length, rj_failure *failure)
{
    DWORD part = size > (1u << 30) ? 1u << 30 : (DWORD)size, n = 0;

    if (!ReadFile((HANDLE)file, bytes, part, &n, NULL))
        return cannot(failure, "read", path);
    *ret_length = n;
    return RJ_OK;
}

void craft_close_file(intptr_t file)
{
    CloseHandle((HANDLE)file);
}

rj_status craft_move(const char *from, const char *to, rj_failure *failure)
{
    return rj_file_rename(from, to, failure);
}

rj_status craft_remove_file(const char *path, rj_failure *failure)
{
    wchar_t *wide = rj_file_wide_path(path, failure);
    rj_status status = RJ_OK;

    if (!wide)
        return failure ? failure->status : RJ_E_INVALID;
    if (!DeleteFileW(wide) && GetLastError() != ERROR_FILE_NOT_FOUND &&
        GetLastError() != ERROR_PATH_NOT_FOUND)
        status = cannot(failure, "remove", path);
    free(wide);
    return status;
}

rj_status craft_make_unique_folder(const char *parent, char **ret_path, rj_failure *failure)
{
    static volatile LONG last;

    for (int i = 0; i < NAME_TRIES; i++) {
        char *path = NULL;
        wchar_t *wide;
        BOOL made;
        DWORD error;

        if (asprintf(&path, "%s/%lx-%lx", parent, GetCurrentProcessId(),
                     (unsigned long)InterlockedIncrement(&last)) < 0)
            return rj_fail_memory(failure);
        wide = rj_file_wide_path(path, failure);
        made = wide && CreateDirectoryW(wide, NULL);
        error = GetLastError();
        free(wide);
        if (made) {
            *ret_path = path;
            return RJ_OK;
        }
        free(path);
        if (!wide)
            return failure ? failure->status : RJ_E_INVALID;
        if (error != ERROR_ALREADY_EXISTS)
            return rj_file_failure(failure, error, "create a folder in", parent);
    }
    return rj_fail(failure, RJ_E_IO, "cannot create a folder in %s: no name is free", parent);
}

static rj_status remove_entry(void *data, const wchar_t *name, DWORD attributes)
{
    char *text = rj_file_utf8(name, wcslen(name));

    (void)attributes;
    if (text)
        rj_archive_remove_tree(data, text, NULL);
    free(text);
    return RJ_OK;
}

void craft_empty_folder(const char *path)
{
    HANDLE folder = rj_file_open(path, GENERIC_READ, FILE_FLAG_BACKUP_SEMANTICS);

    if (folder == INVALID_HANDLE_VALUE)
        return;
    rj_file_each(folder, path, remove_entry, (void *)(uintptr_t)path, NULL);
    CloseHandle(folder);
}
