/* SPDX-License-Identifier: MIT */
#include "probe_system.h"

#include <stddef.h>
#include <time.h>
#include <unistd.h>

const char *program_path(probe_program program)
{
    return program == PROGRAM_NONE                              ? "/nowhere/program"
           : program == PROGRAM_SLEEP || program == PROGRAM_NAP ? "/bin/sleep"
                                                                : "/bin/sh";
}

const char *const *program_arguments(probe_program program)
{
    static const char *const lists[][4] = {
        [PROGRAM_OUT] = {"sh", "-c", "printf 'one\\ntwo\\n\\377'; sleep 300 & exit 5", NULL},
        [PROGRAM_LOG] = {"sh", "-c", "echo to the log", NULL},
        [PROGRAM_BEGUN] = {"sh", "-c", "echo begun; sleep 300", NULL},
        [PROGRAM_LINES] =
            {"sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; sleep 300",
             NULL},
        [PROGRAM_SLEEP] = {"sleep", "300", NULL},
        [PROGRAM_NAP] = {"sleep", "0.5", NULL},
        [PROGRAM_TRUE] = {"sh", "-c", "true", NULL},
        [PROGRAM_NONE] = {"program", NULL},
    };
    return lists[program];
}

int program_limit_ms(void)
{
    return 100;
}

const char *program_folder(void)
{
    return "/";
}

const char *program_log_elsewhere(void)
{
    return "/tmp/rj-probe-spawn.log";
}

void sleep_ms(long ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

void end_process(int code)
{
    _exit(code);
}
