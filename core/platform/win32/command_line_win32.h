/* SPDX-License-Identifier: MIT */
/*
 * From a list of arguments to the one text that a program of Windows is started with, such that the
 * program finds exactly the list again.
 *
 *     program          CommandLineToArgvW's documented rules
 *     cmd.exe          cmd's own: an argument with blanks or quotes stands between quotes, unchanged
 *     *.cmd, *.bat     System32\cmd.exe /d /v:off /s /c ""script" argument "an argument"..."
 *     *.ps1            powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "script"...
 *
 * cmd looks into arguments once more, whatever quotes they stand in: for scripts of cmd, one with a
 * character that means something to it is refused.
 */
#ifndef RJ_PLATFORM_WIN32_COMMAND_LINE_H
#define RJ_PLATFORM_WIN32_COMMAND_LINE_H

#include "base/status.h"

#include <windows.h>

typedef struct rj_command_line {
    wchar_t *program; /* the file that is executed */
    wchar_t *line;
} rj_command_line;

/* `program` is absolute, `arguments` begin with the program's own name. */
rj_status rj_command_line_make(const char *program, const char *const *arguments,
                               rj_command_line *ret_line, rj_error *err);
void rj_command_line_free(rj_command_line *line);

/* Sorted block of NAME=value; NULL: empty.  Where the system's own folders are (SystemRoot, windir,
 * SystemDrive, ComSpec) is added if it is missing: without it hardly a program runs. */
rj_status rj_environment_make(const char *const *variables, wchar_t **ret_block, rj_error *err);

/* The path for programs (rj_free): with backslashes, without the prefix for long names if it is short. */
wchar_t *rj_program_path(const char *path, rj_error *err);

#endif
