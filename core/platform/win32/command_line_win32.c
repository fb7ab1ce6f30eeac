/* SPDX-License-Identifier: MIT */
/* Quoting and environment, see command_line_win32.h. */
#include "command_line_win32.h"

#include "base/alloc.h"
#include "base/text.h"
#include "wide_win32.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LINE_MAX_CHARS 32767u
#define SHORT_PATH 248u /* what a current folder may have */

/* ---- Text that grows ------------------------------------------------------------------------- */

typedef struct wide_text {
    wchar_t *chars;
    size_t length, capacity;
    bool failed;
} wide_text;

static void append(wide_text *text, const wchar_t *chars, size_t length)
{
    if (text->failed)
        return;
    if (text->length + length + 1 > text->capacity) {
        size_t capacity = (text->length + length + 1) * 2;
        wchar_t *grown = rj_realloc_array(text->chars, capacity, sizeof *grown);
        if (!grown) {
            text->failed = true;
            return;
        }
        text->chars = grown;
        text->capacity = capacity;
    }
    wmemcpy(text->chars + text->length, chars, length);
    text->length += length;
    text->chars[text->length] = L'\0';
}

static void add(wide_text *text, const wchar_t *string)
{
    append(text, string, wcslen(string));
}

static void add_times(wide_text *text, wchar_t character, size_t count)
{
    for (size_t i = 0; i < count; i++)
        append(text, &character, 1);
}

/* ---- One argument ---------------------------------------------------------------------------- */

/* Backslashes count only before a quote. */
static void add_quoted(wide_text *text, const wchar_t *argument)
{
    size_t slashes = 0;
    if (*argument && !wcspbrk(argument, L" \t\n\v\"")) {
        add(text, argument);
        return;
    }
    add(text, L"\"");
    for (; *argument; argument++) {
        if (*argument == L'\\') {
            slashes++;
            continue;
        }
        add_times(text, L'\\', *argument == L'"' ? 2 * slashes + 1 : slashes);
        append(text, argument, 1);
        slashes = 0;
    }
    add_times(text, L'\\', 2 * slashes);
    add(text, L"\"");
}

static void add_for_cmd_program(wide_text *text, const wchar_t *argument)
{
    bool plain = *argument && !wcspbrk(argument, L" \t\"");
    if (!plain)
        add(text, L"\"");
    add(text, argument);
    if (!plain)
        add(text, L"\"");
}

/* What separates or means something in a line of cmd is harmless only between quotes. */
static void add_for_script(wide_text *text, const wchar_t *argument)
{
    static const wchar_t plain[] = L"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   L"0123456789_-./\\:+#@";
    bool bare = *argument && argument[wcsspn(argument, plain)] == L'\0';
    if (!bare)
        add(text, L"\"");
    add(text, argument);
    if (!bare)
        add(text, L"\"");
}

static bool is_safe_for_script(const wchar_t *argument)
{
    for (; *argument; argument++)
        if (*argument < L' ' || *argument == 0x7f || wcschr(L"%!\"&|<>^", *argument))
            return false;
    return true;
}

/* ---- Paths ----------------------------------------------------------------------------------- */

/* What rj_wide_path() has put before the path; of a server's, all but the two backslashes it has for programs. */
static size_t length_of_prefix(const wchar_t *wide)
{
    if (wcsncmp(wide, L"\\\\?\\", 4) != 0)
        return 0;
    return _wcsnicmp(wide + 4, L"UNC\\", 4) == 0 ? 6 : 4;
}

static bool is_short(const wchar_t *wide)
{
    return wcslen(wide) - length_of_prefix(wide) < SHORT_PATH;
}

/* The names of eight and three letters that a volume may keep beside the long ones; else the path itself. */
static wchar_t *shorten(wchar_t *wide)
{
    DWORD size = GetShortPathNameW(wide, NULL, 0);
    wchar_t *shorter = size ? rj_realloc_array(NULL, size, sizeof *shorter) : NULL;
    if (!shorter)
        return wide;
    DWORD length = GetShortPathNameW(wide, shorter, size);
    bool good = length && length < size && is_short(shorter);
    rj_free(good ? wide : shorter);
    return good ? shorter : wide;
}

wchar_t *rj_program_path(const char *path, rj_error *err)
{
    wchar_t *wide = rj_wide_path(path, err);
    if (wide && !is_short(wide))
        wide = shorten(wide);
    size_t prefix = wide && is_short(wide) ? length_of_prefix(wide) : 0;
    if (!prefix)
        return wide;
    wmemmove(wide, wide + prefix, wcslen(wide) - prefix + 1);
    wide[0] = prefix == 6 ? L'\\' : wide[0];
    return wide;
}

/* The system takes no notice of blanks and full stops at the end of a name. */
static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path);
    size_t size = strlen(ending);
    while (length && (path[length - 1] == '.' || path[length - 1] == ' '))
        length--;
    if (length < size)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = path[length - size + i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != ending[i])
            return false;
    }
    return true;
}

static wchar_t *below_system(const wchar_t *name, rj_error *err)
{
    wchar_t folder[MAX_PATH];
    wide_text text = {0};
    UINT length = GetSystemDirectoryW(folder, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) {
        rj_fail_win32(err, GetLastError(), "the system's folder is not known");
        return NULL;
    }
    add(&text, folder);
    add(&text, name);
    if (!text.failed)
        return text.chars;
    rj_free(text.chars);
    rj_fail_memory(err, "starting a program");
    return NULL;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

typedef void add_argument(wide_text *text, const wchar_t *argument);

static rj_status wide_argument(const char *argument, wchar_t **ret_wide, rj_error *err)
{
    wchar_t *wide = rj_wide(argument);
    if (wide) {
        *ret_wide = wide;
        return RJ_OK;
    }
    if (!rj_utf8_valid(argument, strlen(argument)))
        return rj_fail(err, RJ_E_INVALID, "the argument \"%s\" is not valid UTF-8", argument);
    return rj_fail_memory(err, "starting a program");
}

static rj_status add_all(wide_text *text, const char *const *arguments, add_argument *how,
                         bool is_script, rj_error *err)
{
    rj_status status = RJ_OK;
    for (; *arguments && !status; arguments++) {
        wchar_t *wide = NULL;
        status = wide_argument(*arguments, &wide, err);
        if (!status && is_script && !is_safe_for_script(wide))
            status = rj_fail(err, RJ_E_INVALID,
                             "the argument \"%s\" holds a character that cmd.exe would not leave "
                             "alone (%% ! \" & | < > ^ or a control character)",
                             *arguments);
        if (!status) {
            add(text, L" ");
            how(text, wide);
        }
        rj_free(wide);
    }
    return status;
}

/* The first word follows rules of its own: quotes, and nothing in it is special.  The program's path is
 * written with backslashes: programs that read the line themselves, cmd.exe for one, take "/" for an option. */
static rj_status add_name(wide_text *text, const char *name, const rj_command_line *line,
                          const char *program, rj_error *err)
{
    bool is_path = strcmp(name, program) == 0;
    wchar_t *wide = NULL;
    rj_status status = strchr(name, '"') ? rj_fail(err, RJ_E_INVALID,
                                                   "the first argument \"%s\" holds a quote", name)
                       : is_path         ? RJ_OK
                                         : wide_argument(name, &wide, err);
    if (status)
        return status;
    add(text, L"\"");
    add(text, is_path ? line->program : wide);
    add(text, L"\"");
    rj_free(wide);
    return RJ_OK;
}

static rj_status make_plain(const char *program, const char *const *arguments,
                            rj_command_line *line, wide_text *text, rj_error *err)
{
    bool is_cmd = ends_with(program, "/cmd.exe") || ends_with(program, "\\cmd.exe");
    line->program = rj_program_path(program, err);
    rj_status status =
        line->program ? add_name(text, arguments[0], line, program, err) : RJ_E_INVALID;
    return status ? status
                  : add_all(text, arguments + 1, is_cmd ? add_for_cmd_program : add_quoted, false,
                            err);
}

static rj_status make_cmd(const char *program, const char *const *arguments, rj_command_line *line,
                          wide_text *text, rj_error *err)
{
    wchar_t *script = rj_program_path(program, err);
    rj_status status = script ? RJ_OK : RJ_E_INVALID;
    if (!status && wcschr(script, L'%')) /* the only one that means something between quotes */
        status =
            rj_fail(err, RJ_E_INVALID, "%s cannot be run by cmd.exe: its path holds a %%", program);
    line->program = status ? NULL : below_system(L"\\cmd.exe", err);
    if (!status && !line->program)
        status = RJ_E_NO_MEMORY;
    if (!status) {
        add(text, L"\"");
        add(text, line->program);
        add(text, L"\" /d /v:off /s /c \"\"");
        add(text, script);
        add(text, L"\"");
        status = add_all(text, arguments + 1, add_for_script, true, err);
        add(text, L"\"");
    }
    rj_free(script);
    return status;
}

static rj_status make_powershell(const char *program, const char *const *arguments,
                                 rj_command_line *line, wide_text *text, rj_error *err)
{
    wchar_t *script = rj_program_path(program, err);
    rj_status status = script ? RJ_OK : RJ_E_INVALID;
    line->program = status ? NULL : below_system(L"\\WindowsPowerShell\\v1.0\\powershell.exe", err);
    if (!status && !line->program)
        status = RJ_E_NO_MEMORY;
    if (!status) {
        add(text, L"\"");
        add(text, line->program);
        add(text, L"\" -NoProfile -NonInteractive -ExecutionPolicy Bypass -File \"");
        add(text, script);
        add(text, L"\"");
        status = add_all(text, arguments + 1, add_quoted, false, err);
    }
    rj_free(script);
    return status;
}

rj_status rj_command_line_make(const char *program, const char *const *arguments,
                               rj_command_line *ret_line, rj_error *err)
{
    rj_command_line line = {NULL, NULL};
    wide_text text = {0};
    rj_status status;
    if (ends_with(program, ".cmd") || ends_with(program, ".bat"))
        status = make_cmd(program, arguments, &line, &text, err);
    else if (ends_with(program, ".ps1"))
        status = make_powershell(program, arguments, &line, &text, err);
    else
        status = make_plain(program, arguments, &line, &text, err);
    if (!status && text.failed)
        status = rj_fail_memory(err, "starting a program");
    if (!status && text.length >= LINE_MAX_CHARS)
        status = rj_fail(err, RJ_E_LIMIT, "the arguments of %s are longer than the system takes",
                         program);
    line.line = text.chars;
    if (status)
        rj_command_line_free(&line);
    else
        *ret_line = line;
    return status;
}

void rj_command_line_free(rj_command_line *line)
{
    rj_free(line->program);
    rj_free(line->line);
    *line = (rj_command_line){NULL, NULL};
}

/* ---- Environment ----------------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right)
{
    const wchar_t *const *a = left;
    const wchar_t *const *b = right;
    return _wcsicmp(*a, *b);
}

/* Where the variable of this name is, as names count without case; `count`: nowhere. */
static size_t find(wchar_t *const *list, size_t count, const wchar_t *name, size_t length)
{
    size_t at = 0;
    while (at < count && (_wcsnicmp(list[at], name, length) != 0 || list[at][length] != L'='))
        at++;
    return at;
}

static bool has(wchar_t *const *list, size_t count, const wchar_t *name)
{
    return find(list, count, name, wcslen(name)) < count;
}

/* The last one of a name counts. */
static void take_variable(wchar_t **list, size_t *count, wchar_t *variable)
{
    size_t at = find(list, *count, variable, wcscspn(variable, L"="));
    if (at < *count)
        rj_free(list[at]);
    list[at] = variable;
    *count += at == *count;
}

static bool add_variable(wchar_t **list, size_t *count, const wchar_t *name, const wchar_t *value,
                         size_t value_length, const wchar_t *rest)
{
    wide_text text = {0};
    if (has(list, *count, name))
        return true;
    add(&text, name);
    add(&text, L"=");
    append(&text, value, value_length);
    add(&text, rest);
    if (text.failed) {
        rj_free(text.chars);
        return false;
    }
    list[(*count)++] = text.chars;
    return true;
}

enum { ADDED = 4 };

/* By the system's word, not by our environment's. */
static bool add_system(wchar_t **list, size_t *count)
{
    wchar_t windows[MAX_PATH];
    wchar_t folder[MAX_PATH];
    UINT length = GetSystemWindowsDirectoryW(windows, MAX_PATH);
    UINT size = GetSystemDirectoryW(folder, MAX_PATH);
    if (length < 2 || length >= MAX_PATH || size == 0 || size >= MAX_PATH)
        return true;
    return add_variable(list, count, L"SystemRoot", windows, length, L"") &&
           add_variable(list, count, L"windir", windows, length, L"") &&
           add_variable(list, count, L"SystemDrive", windows, 2, L"") &&
           add_variable(list, count, L"ComSpec", folder, size, L"\\cmd.exe");
}

rj_status rj_environment_make(const char *const *variables, wchar_t **ret_block, rj_error *err)
{
    size_t given = 0;
    size_t count = 0;
    wide_text block = {0};
    rj_status status = RJ_OK;
    while (variables && variables[given])
        given++;
    wchar_t **list = rj_calloc(given + ADDED, sizeof *list);
    if (!list)
        return rj_fail_memory(err, "starting a program");
    for (size_t i = 0; i < given && !status; i++) {
        wchar_t *variable = rj_wide(variables[i]);
        if (variable)
            take_variable(list, &count, variable);
        else
            status = rj_utf8_valid(variables[i], strlen(variables[i]))
                         ? rj_fail_memory(err, "starting a program")
                         : rj_fail(err, RJ_E_INVALID, "the variable \"%s\" is not valid UTF-8",
                                   variables[i]);
    }
    if (!status && !add_system(list, &count))
        status = rj_fail_memory(err, "starting a program");
    qsort(list, count, sizeof *list, compare_names);
    for (size_t i = 0; i < count; i++) {
        append(&block, list[i], wcslen(list[i]) + 1);
        rj_free(list[i]);
    }
    append(&block, L"", 1); /* one more NUL ends it */
    rj_free(list);
    if (!status && block.failed)
        status = rj_fail_memory(err, "starting a program");
    if (status)
        rj_free(block.chars);
    else
        *ret_block = block.chars;
    return status;
}
