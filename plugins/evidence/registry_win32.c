/* SPDX-License-Identifier: MIT */
/* The registry as evidence: see registry_win32.h. */
#include "registry_win32.h"

#include <windows.h>

#include <stdio.h>

registry_outcome registry_number(const char *key, const char *name, uint32_t *ret_number,
                                 char *ret_found, size_t size)
{
    DWORD number = 0, bytes = sizeof number, type = REG_NONE;
    HKEY handle = NULL;
    LSTATUS status =
        RegOpenKeyExA(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &handle);

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
