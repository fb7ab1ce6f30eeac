/* SPDX-License-Identifier: MIT */
#include "rogue_system.h"

#include <signal.h>
#include <unistd.h>

void rogue_sleep_for_ever(void)
{
    for (;;)
        pause();
}

void rogue_crash(void)
{
    signal(SIGSEGV, SIG_DFL); /* a sanitizer has put its own there */
    raise(SIGSEGV);
    _exit(9);
}

void rogue_exit(int code)
{
    _exit(code);
}

void rogue_hang_up(int stream)
{
    close(stream);
}

long rogue_print(const char *bytes, size_t length)
{
    return (long)write(STDERR_FILENO, bytes, length);
}

long rogue_leave_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 0; fd < 16; fd++)
            close(fd);
        rogue_sleep_for_ever();
    }
    return child < 0 ? 0 : (long)child;
}
