/* SPDX-License-Identifier: MIT */
/* Command lines of the plugin test host: see plugin_host_command.h. */
#include "plugin_host_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE_UNITS 32768

static wchar_t *wide(const char *text)
{
    int units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *copy = units > 0 ? malloc((size_t)units * sizeof *copy) : NULL;

    if (!copy)
        fail_msg("no UTF-8: %s", text);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, copy, units);
    return copy;
}

static wchar_t *wide_path(const char *path)
{
    wchar_t *copy = wide(path);

    for (wchar_t *c = copy; *c; c++)
        if (*c == L'/')
            *c = L'\\';
    return copy;
}

/* By CommandLineToArgvW's rules; `special`: what needs quotes, NULL: anything. */
static void add_quoted(wchar_t *line, const wchar_t *argument, const wchar_t *special)
{
    wchar_t *out = line + wcslen(line);
    size_t slashes = 0;

    if (special && *argument && !wcspbrk(argument, special)) {
        wcscpy(out, argument);
        return;
    }
    *out++ = L'"';
    for (; *argument; argument++) {
        if (*argument == L'"')
            for (slashes++; slashes > 0; slashes--)
                *out++ = L'\\';
        slashes = *argument == L'\\' ? slashes + 1 : 0;
        *out++ = *argument;
    }
    while (slashes-- > 0)
        *out++ = L'\\';
    wcscpy(out, L"\"");
}

static int ends_in(const wchar_t *path, const wchar_t *ending)
{
    size_t length = wcslen(path), need = wcslen(ending);

    return length > need && _wcsicmp(path + length - need, ending) == 0;
}

static wchar_t *below_system(const wchar_t *name)
{
    wchar_t *path = calloc(MAX_PATH + wcslen(name) + 1, sizeof *path);

    if (!path || GetSystemDirectoryW(path, MAX_PATH) == 0)
        fail_msg("the system's folder is not known");
    wcscat(path, name);
    return path;
}

static void add_arguments(wchar_t *line, const rj_spawn *spawn, int for_cmd)
{
    for (size_t i = 1; spawn->arguments[i]; i++) {
        wchar_t *argument = wide(spawn->arguments[i]);

        if (for_cmd && wcspbrk(argument, L"%!\"&|<>^\r\n"))
            fail_msg("the plugin lets cmd.exe see %s", spawn->arguments[i]);
        wcscat(line, L" ");
        add_quoted(line, argument, for_cmd ? L" \t,;=()" : L" \t\"");
        free(argument);
    }
}

static int by_name(const void *a, const void *b)
{
    return _stricmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, with SystemRoot, without which hardly a program runs. */
static wchar_t *environment_block(const char *const *variables)
{
    char *sorted[64], root[MAX_PATH + 16] = "SystemRoot=";
    size_t count = 0, units = 2;
    wchar_t *block, *out;

    GetWindowsDirectoryA(root + strlen(root), MAX_PATH);
    sorted[count++] = root;
    for (; *variables && count < 64; variables++)
        sorted[count++] = (char *)(uintptr_t)*variables;
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 0; i < count; i++)
        units += strlen(sorted[i]) + 1;
    out = block = calloc(units, sizeof *block);
    if (!block)
        fail_msg("out of memory");
    for (size_t i = 0; i < count; i++) {
        wchar_t *text = wide(sorted[i]);

        wcscpy(out, text);
        out += wcslen(text) + 1;
        free(text);
    }
    return block;
}

void host_command_make(const rj_spawn *spawn, host_command *ret_command)
{
    host_command command = {.directory = wide_path(spawn->directory),
                            .environment = environment_block(spawn->environment),
                            .line = calloc(LINE_UNITS, sizeof(wchar_t))};
    wchar_t *path = wide_path(spawn->program);

    if (!command.line)
        fail_msg("out of memory");
    if (ends_in(path, L".cmd")) {
        command.program = below_system(L"\\cmd.exe");
        add_quoted(command.line, command.program, NULL);
        wcscat(command.line, L" /d /v:off /s /c \"");
        add_quoted(command.line, path, NULL);
        add_arguments(command.line, spawn, 1);
        wcscat(command.line, L"\"");
    } else if (ends_in(path, L".ps1")) {
        command.program = below_system(L"\\WindowsPowerShell\\v1.0\\powershell.exe");
        add_quoted(command.line, command.program, NULL);
        wcscat(command.line, L" -NoProfile -NonInteractive -ExecutionPolicy Bypass -File ");
        add_quoted(command.line, path, NULL);
        add_arguments(command.line, spawn, 0);
    } else {
        command.program = wide_path(spawn->program);
        add_quoted(command.line, path, NULL);
        add_arguments(command.line, spawn, 0);
    }
    free(path);
    *ret_command = command;
}

void host_command_free(host_command *command)
{
    free(command->program);
    free(command->line);
    free(command->directory);
    free(command->environment);
}
