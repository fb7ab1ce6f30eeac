/* SPDX-License-Identifier: MIT */
/* cmd.exe, see plugin_host_shell_test.h: there are no signals, but codes of 32 bits. */
#include "plugin_host_shell_test.h"

const char *const shell_program = "C:/windows/system32/cmd.exe", *const shell_option = "/c",
                  *const shell_path = "PATH=C:\\windows\\system32", *const shell_folder = "C:/";

const shell_case shell_cases[] = {
    {"echo hello& exit 7", 20000, "0 7 0 hello\r\n"},
    {"exit -1073741510", 20000, "0 -1073741510 0 "},
    {"ping -n 100 127.0.0.1 >nul", 300, "2 0 0 "},
    {"start /b ping -n 100 127.0.0.1 >nul& exit 0", 20000, "0 0 1 "},
    {NULL, 0, NULL},
};
