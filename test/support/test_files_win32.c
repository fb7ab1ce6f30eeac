/* SPDX-License-Identifier: MIT */
/* Files for tests on Windows: see test_files.h. */
#include "test_files.h"

#include <windows.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATH_MAX_UNITS 33000

/* Absolute, with "\\?\" and backslashes; free() it. */
static wchar_t *wide_path(const char *path)
{
    static const wchar_t prefix[] = L"\\\\?\\";
    int units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *text = units > 0 ? malloc((size_t)units * sizeof *text) : NULL;
    wchar_t *wide = malloc(PATH_MAX_UNITS * sizeof *wide);

    if (!text || !wide)
        fail_msg("no path: %s", path);
    MultiByteToWideChar(CP_UTF8, 0, path, -1, text, units);
    wcscpy(wide, prefix);
    if (!GetFullPathNameW(text, PATH_MAX_UNITS - 4, wide + wcslen(prefix), NULL))
        fail_msg("no path: %s", path);
    free(text);
    return wide;
}

char *test_folder_new(const char *name)
{
    static unsigned last;
    wchar_t folder[MAX_PATH + 1], longer[MAX_PATH + 1];
    char text[3 * MAX_PATH];
    char *path = NULL;

    if (!GetTempPathW(MAX_PATH, folder) || !GetLongPathNameW(folder, longer, MAX_PATH) ||
        !WideCharToMultiByte(CP_UTF8, 0, longer, -1, text, sizeof text, NULL, NULL))
        fail_msg("there is no folder for temporary files: error %lu", GetLastError());
    for (char *c = text; *c; c++)
        if (*c == '\\')
            *c = '/';
    if (asprintf(&path, "%s%s-%lx-%lx-%u", text, name, GetCurrentProcessId(),
                 (unsigned long)GetTickCount(), ++last) < 0)
        fail_msg("out of memory");
    test_folder_make(path);
    return path;
}

void test_folder_make(const char *path)
{
    wchar_t *wide = wide_path(path);
    BOOL made = CreateDirectoryW(wide, NULL);
    DWORD error = GetLastError();

    free(wide);
    if (!made && error != ERROR_ALREADY_EXISTS)
        fail_msg("cannot make the folder %s: error %lu", path, error);
}

/* Calls `each` for what is in the folder `wide`; false: it is not there. */
static bool list(const wchar_t *wide,
                 void (*each)(const wchar_t *path, DWORD attributes, void *data), void *data)
{
    wchar_t *pattern = malloc(PATH_MAX_UNITS * sizeof *pattern);
    WIN32_FIND_DATAW found;
    HANDLE search;

    if (!pattern)
        fail_msg("out of memory");
    swprintf(pattern, PATH_MAX_UNITS, L"%ls\\*", wide);
    search = FindFirstFileW(pattern, &found);
    if (search != INVALID_HANDLE_VALUE) {
        do {
            if (wcscmp(found.cFileName, L".") == 0 || wcscmp(found.cFileName, L"..") == 0)
                continue;
            swprintf(pattern, PATH_MAX_UNITS, L"%ls\\%ls", wide, found.cFileName);
            each(pattern, found.dwFileAttributes, data);
        } while (FindNextFileW(search, &found));
        FindClose(search);
    }
    free(pattern);
    return search != INVALID_HANDLE_VALUE;
}

static void remove_one(const wchar_t *path, DWORD attributes, void *data)
{
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) && !(attributes & FILE_ATTRIBUTE_REPARSE_POINT))
        list(path, remove_one, data);
    SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        RemoveDirectoryW(path);
    else
        DeleteFileW(path);
}

void test_folder_remove(const char *path)
{
    wchar_t *wide = wide_path(path);
    DWORD attributes = GetFileAttributesW(wide);

    if (attributes != INVALID_FILE_ATTRIBUTES)
        remove_one(wide, attributes, NULL);
    attributes = GetFileAttributesW(wide);
    free(wide);
    if (attributes != INVALID_FILE_ATTRIBUTES)
        fail_msg("cannot remove %s", path);
}

static void count_one(const wchar_t *path, DWORD attributes, void *data)
{
    (void)path;
    (void)attributes;
    ++*(unsigned *)data;
}

unsigned test_folder_count(const char *path)
{
    wchar_t *wide = wide_path(path);
    unsigned count = 0;

    list(wide, count_one, &count);
    free(wide);
    return count;
}

bool test_is_there(const char *path)
{
    wchar_t *wide = wide_path(path);
    bool there = GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;

    free(wide);
    return there;
}

static HANDLE open_file(const char *path, DWORD access, DWORD disposition)
{
    wchar_t *wide = wide_path(path);
    HANDLE file = CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, disposition, FILE_ATTRIBUTE_NORMAL, NULL);

    free(wide);
    return file;
}

char *test_file_read(const char *path, size_t *ret_length)
{
    HANDLE file = open_file(path, GENERIC_READ, OPEN_EXISTING);
    LARGE_INTEGER size = {.QuadPart = 0};
    char *bytes;
    DWORD n = 0;

    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    GetFileSizeEx(file, &size);
    bytes = malloc((size_t)size.QuadPart + 1);
    if (!bytes || !ReadFile(file, bytes, (DWORD)size.QuadPart, &n, NULL))
        fail_msg("cannot read %s: error %lu", path, GetLastError());
    CloseHandle(file);
    bytes[n] = '\0';
    if (ret_length)
        *ret_length = n;
    return bytes;
}

void test_file_write(const char *path, const void *bytes, size_t length)
{
    HANDLE file = open_file(path, GENERIC_WRITE, CREATE_ALWAYS);
    DWORD n = 0;

    if (file == INVALID_HANDLE_VALUE || !WriteFile(file, bytes, (DWORD)length, &n, NULL))
        fail_msg("cannot write %s: error %lu", path, GetLastError());
    CloseHandle(file);
}

bool test_file_remove(const char *path)
{
    wchar_t *wide = wide_path(path);
    BOOL removed = DeleteFileW(wide);

    free(wide);
    return removed;
}
