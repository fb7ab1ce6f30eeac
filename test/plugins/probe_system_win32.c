/* SPDX-License-Identifier: MIT */
#include "probe_system.h"

#include <windows.h>

const char *program_path(probe_program program)
{
    return program == PROGRAM_NONE ? "C:/nowhere/program.exe" : TEST_CHILD;
}

const char *const *program_arguments(probe_program program)
{
    static const char *const lists[][3] = {
        [PROGRAM_OUT] = {"child", "out", NULL},     [PROGRAM_LOG] = {"child", "log", NULL},
        [PROGRAM_BEGUN] = {"child", "begun", NULL}, [PROGRAM_LINES] = {"child", "lines", NULL},
        [PROGRAM_SLEEP] = {"child", "sleep", NULL}, [PROGRAM_NAP] = {"child", "nap", NULL},
        [PROGRAM_TRUE] = {"child", "true", NULL},   [PROGRAM_NONE] = {"program", NULL},
    };
    return lists[program];
}

int program_limit_ms(void)
{
    return 1500;
}

const char *program_folder(void)
{
    return "C:/windows";
}

const char *program_log_elsewhere(void)
{
    return "C:/windows/temp/rj-probe-spawn.log";
}

void sleep_ms(long ms)
{
    Sleep((DWORD)ms);
}

void end_process(int code)
{
    ExitProcess((UINT)code);
}
