/* SPDX-License-Identifier: MIT */
/* The shell of POSIX systems, see plugin_host_shell_test.h. */
#include "plugin_host_shell_test.h"

const char *const shell_program = "/bin/sh", *const shell_option = "-c",
                  *const shell_path = "PATH=/usr/bin:/bin", *const shell_folder = "/";

const shell_case shell_cases[] = {
    {"echo hello; exit 7", 10000, "0 7 0 hello\n"},
    {"kill -9 $$", 10000, "1 9 0 "},
    {"sleep 100", 300, "2 0 0 "},
    {"sleep 100 & exit 0", 10000, "0 0 1 "},
    {NULL, 0, NULL},
};
