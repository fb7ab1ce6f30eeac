/* SPDX-License-Identifier: MIT */
/* The registry as evidence: see registry_win32.h. */
#include "registry_win32.h"

#include <windows.h>

#include <stdio.h>
#include <string.h>

#define MAX_TEXT 512

static LSTATUS open_key(const char *key, HKEY *ret_handle)
{
    return RegOpenKeyExA(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, ret_handle);
}

registry_outcome registry_number(const char *key, const char *name, uint32_t *ret_number,
                                 char *ret_found, size_t size)
{
    DWORD number = 0, bytes = sizeof number, type = REG_NONE;
    HKEY handle = NULL;
    LSTATUS status = open_key(key, &handle);

    if (status == ERROR_SUCCESS) {
        status = RegQueryValueExA(handle, name, NULL, &type, (BYTE *)&number, &bytes);
        RegCloseKey(handle);
    }
    if (status == ERROR_FILE_NOT_FOUND || status == ERROR_PATH_NOT_FOUND) {
        snprintf(ret_found, size, "not there");
        return REGISTRY_MISSING;
    }
    if (status == ERROR_MORE_DATA || (status == ERROR_SUCCESS && type != REG_DWORD)) {
        snprintf(ret_found, size, "not a DWORD");
        return REGISTRY_TYPE;
    }
    if (status != ERROR_SUCCESS) {
        snprintf(ret_found, size, "error %ld", (long)status);
        return REGISTRY_FAILED;
    }
    snprintf(ret_found, size, "%lu", number);
    *ret_number = number;
    return REGISTRY_READ;
}

registry_outcome registry_text(const char *key, const char *name, char *ret_text, size_t size)
{
    wchar_t wide_name[128], wide[MAX_TEXT];
    char text[3 * MAX_TEXT];
    DWORD bytes = sizeof wide - sizeof *wide, type = REG_NONE;
    HKEY handle = NULL;
    LSTATUS status;
    int length;

    if (MultiByteToWideChar(CP_UTF8, 0, name, -1, wide_name, 128) <= 0)
        return REGISTRY_FAILED;
    status = open_key(key, &handle);
    if (status == ERROR_SUCCESS) {
        status = RegQueryValueExW(handle, wide_name, NULL, &type, (BYTE *)wide, &bytes);
        RegCloseKey(handle);
    }
    if (status == ERROR_FILE_NOT_FOUND || status == ERROR_PATH_NOT_FOUND)
        return REGISTRY_MISSING;
    if (status != ERROR_SUCCESS && status != ERROR_MORE_DATA)
        return REGISTRY_FAILED;
    if (status == ERROR_MORE_DATA || type != REG_SZ)
        return REGISTRY_TYPE;
    wide[bytes / sizeof *wide] = L'\0'; /* the registry need not end a text */
    length = WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, sizeof text, NULL, NULL);
    if (length <= 0)
        return REGISTRY_FAILED;
    if ((size_t)length > size)
        return REGISTRY_TYPE;
    memcpy(ret_text, text, (size_t)length);
    return REGISTRY_READ;
}
