/* SPDX-License-Identifier: MIT */
/*
 * Starting the service in the background, see program.h: no console, no inherited handles, a process
 * group of its own, so that a Ctrl-C here does not reach it.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "platform/paths.h"
#include "platform/win32/wide_win32.h"
#include "session/program.h"
#include <string.h>
#include <wchar.h>

#define PATH_MOST 32768

const char *const rj_program_service_places[] = {"realmjoinservice.exe",
                                                 "../service/realmjoinservice.exe", NULL};
const char rj_program_manual[] = "";

struct rj_program {
    HANDLE process;
};

char *rj_program_service_log(const char *root)
{
    wchar_t wide[MAX_PATH];
    UINT length = GetSystemWindowsDirectoryW(wide, MAX_PATH);
    char *windows = !root && length && length < MAX_PATH ? rj_utf8(wide) : NULL;
    rj_text path = RJ_TEXT_EMPTY;
    rj_text_addf(&path, "%s%s/Logs", root ? root : "", windows ? windows : "/Windows");
    char *slashed = rj_text_take(&path);
    char *native = slashed ? rj_path_native(slashed) : NULL;
    rj_free(windows);
    rj_free(slashed);
    return native;
}

rj_status rj_program_own_path(char **ret_path, rj_error *err)
{
    wchar_t *wide = rj_malloc(PATH_MOST * sizeof *wide);
    if (!wide)
        return rj_fail_memory(err, "finding this program's folder");
    DWORD length = GetModuleFileNameW(NULL, wide, PATH_MOST);
    char *path = length && length < PATH_MOST ? rj_utf8(wide) : NULL;
    char *own = path ? rj_path_from_native(path) : NULL;
    rj_free(wide);
    rj_free(path);
    if (!own)
        return rj_fail(err, RJ_E_FAILED, "cannot find this program's folder");
    *ret_path = own;
    return RJ_OK;
}

rj_status rj_program_folder(char **ret_folder, rj_error *err)
{
    char *folder = NULL;
    rj_status status = rj_program_own_path(&folder, err);
    if (status != RJ_OK)
        return status;
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    *ret_folder = folder;
    return RJ_OK;
}

rj_status rj_program_absolute(const char *path, char **ret_path, rj_error *err)
{
    if (!path[0])
        return rj_fail(err, RJ_E_INVALID, "the name of the file is empty");
    wchar_t *wide = rj_wide(path);
    wchar_t *whole = rj_malloc(PATH_MOST * sizeof *whole);
    DWORD length = wide && whole ? GetFullPathNameW(wide, PATH_MOST, whole, NULL) : 0;
    char *text = length && length < PATH_MOST ? rj_utf8(whole) : NULL;
    char *result = text ? rj_path_from_native(text) : NULL;
    rj_free(wide);
    rj_free(whole);
    rj_free(text);
    if (!result)
        return rj_fail(err, RJ_E_INVALID, "what was given is no name of a file");
    *ret_path = result;
    return RJ_OK;
}

/* By the documented rules of CommandLineToArgvW(): backslashes count only before a quote. */
static void add_quoted(rj_text *line, const char *argument)
{
    size_t slashes = 0;
    rj_text_add(line, "\"");
    for (const char *c = argument;; c++) {
        if (*c == '\\') {
            slashes++;
            continue;
        }
        size_t due = *c == '"' ? 2 * slashes + 1 : *c ? slashes : 2 * slashes;
        for (size_t i = 0; i < due; i++)
            rj_text_add(line, "\\");
        slashes = 0;
        if (!*c)
            break;
        rj_text_append(line, c, 1);
    }
    rj_text_add(line, "\"");
}

static wchar_t *make_line(const char *const *arguments)
{
    rj_text line = RJ_TEXT_EMPTY;
    for (size_t i = 0; arguments[i]; i++) {
        if (i)
            rj_text_add(&line, " ");
        add_quoted(&line, arguments[i]);
    }
    char *text = rj_text_take(&line);
    wchar_t *wide = rj_wide(text);
    rj_free(text);
    return wide;
}

rj_status rj_program_start(const char *path, const char *const *arguments, rj_program **ret_program,
                           rj_error *err)
{
    STARTUPINFOW how = {.cb = sizeof how};
    PROCESS_INFORMATION started = {0};
    rj_program *program = rj_calloc(1, sizeof *program);
    char *native = rj_path_native(path);
    wchar_t *wide = rj_wide(native), *line = make_line(arguments);
    rj_status status = RJ_OK;
    if (!program || !wide || !line)
        status = rj_fail_memory(err, "starting the service");
    else if (!CreateProcessW(wide, line, NULL, NULL, FALSE,
                             DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP, NULL, NULL, &how,
                             &started))
        status = rj_fail_win32(err, GetLastError(), "%s", path);
    rj_free(native);
    rj_free(wide);
    rj_free(line);
    if (status != RJ_OK) {
        rj_free(program);
        return status;
    }
    CloseHandle(started.hThread);
    program->process = started.hProcess;
    *ret_program = program;
    return RJ_OK;
}

bool rj_program_has_ended(rj_program *program, int *ret_code)
{
    DWORD code = 0;
    if (WaitForSingleObject(program->process, 0) != WAIT_OBJECT_0)
        return false;
    GetExitCodeProcess(program->process, &code);
    *ret_code = (int)code;
    return true;
}

void rj_program_forget(rj_program *program)
{
    CloseHandle(program->process);
    rj_free(program);
}
