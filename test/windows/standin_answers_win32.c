/* SPDX-License-Identifier: MIT */
/* The answers of a COM server of a test: see standin_answers_win32.h. */
#include "standin_answers_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 16384

/* The path of the DLL that this is linked to. */
static DWORD own_path(char *path, DWORD size)
{
    static const char inside;
    HMODULE module = NULL;

    if (!GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            &inside, &module))
        return 0;
    return GetModuleFileNameA(module, path, size);
}

bool standin_answer(const char *key, int index, char *ret_value, size_t size)
{
    char path[MAX_PATH + 8], text[MAX_TEXT], *line = text;
    size_t length, key_length = strlen(key);
    DWORD used = own_path(path, MAX_PATH);
    FILE *file;

    snprintf(path + used, 8, ".txt");
    file = fopen(path, "rb");
    if (!file)
        return false;
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    while (*line) {
        size_t end = strcspn(line, "\r\n");

        if (strncmp(line, key, key_length) == 0 && line[key_length] == '=' && index-- == 0) {
            snprintf(ret_value, size, "%.*s", (int)(end - key_length - 1), line + key_length + 1);
            return true;
        }
        line += end;
        line += strspn(line, "\r\n");
    }
    return false;
}

HRESULT standin_code_of(const char *text)
{
    return (HRESULT)strtoul(text, NULL, 16);
}

HRESULT standin_code(const char *key)
{
    char text[32];

    return standin_answer(key, 0, text, sizeof text) ? standin_code_of(text) : S_OK;
}
