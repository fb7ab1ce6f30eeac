/* SPDX-License-Identifier: MIT */
/*
 * Stands at powershell.exe's place in the throw-away Windows of a test: writes its command line and
 * its environment to <own path>.log and ends with the number in <own path>.rc.
 */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static FILE *beside(const char *ending, const char *mode)
{
    char path[MAX_PATH + 8];
    DWORD length = GetModuleFileNameA(NULL, path, MAX_PATH);

    snprintf(path + length, sizeof path - length, "%s", ending);
    return fopen(path, mode);
}

static void write_line(FILE *log, const wchar_t *text)
{
    char line[8192];

    if (log && WideCharToMultiByte(CP_UTF8, 0, text, -1, line, sizeof line, NULL, NULL))
        fprintf(log, "%s\n", line);
}

int main(void)
{
    FILE *log = beside(".log", "ab"), *code = beside(".rc", "r");
    int value = 0;

    write_line(log, GetCommandLineW());
    for (const wchar_t *variable = GetEnvironmentStringsW(); variable && *variable;
         variable += wcslen(variable) + 1)
        write_line(log, variable);
    printf("recorded\n");
    if (log)
        fclose(log);
    if (code && fscanf(code, "%d", &value) != 1)
        value = 99;
    return value;
}
