/* SPDX-License-Identifier: MIT */
#include "test_files.h"

#include <windows.h>

#include <wchar.h>

#define PATH_UNITS 1024

unsigned test_folder_count(const char *path)
{
    wchar_t text[PATH_UNITS], pattern[PATH_UNITS];
    WIN32_FIND_DATAW found;
    HANDLE search;
    unsigned count = 0;

    if (MultiByteToWideChar(CP_UTF8, 0, path, -1, text, PATH_UNITS) <= 0)
        return 0;
    swprintf(pattern, PATH_UNITS, L"%ls/*", text);
    search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do
        count += wcscmp(found.cFileName, L".") != 0 && wcscmp(found.cFileName, L"..") != 0;
    while (FindNextFileW(search, &found));
    FindClose(search);
    return count;
}
