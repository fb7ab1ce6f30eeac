/* SPDX-License-Identifier: MIT */
/* Files and time for the plugin under test, and what it does to its process where that is its fault. */
#include "subject.h"

#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void subject_sleep_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000},
              NULL);
}

int subject_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int subject_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    ssize_t written = write(fd, text, strlen(text));
    return close(fd) | (written != (ssize_t)strlen(text));
}

int subject_remove(const char *path)
{
    return unlink(path) == 0;
}

static void on_signal(int number)
{
    (void)number;
}

static void *sleep_for_ever(void *data)
{
    for (;;)
        pause();
    return data;
}

static void *volatile leaked; /* so that no compiler leaves the allocation out */

void subject_leak(void)
{
    if (FAULT == FAULT_LEAKS_MEMORY || FAULT == FAULT_LEAKS_IN_METHOD)
        leaked = malloc(100);
    if (FAULT == FAULT_LEAKS_DESCRIPTOR && open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
        abort();
}

void subject_misuse_process(const char *state_dir)
{
    static int done;
    char path[1200];
    pthread_t thread;
    if (done++)
        return;
    switch (FAULT) {
    case FAULT_LEAVES_THREAD:
        if (pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0)
            abort();
        break;
    case FAULT_LEAVES_PROCESS:
        if (fork() == 0) {
            for (int fd = 0; fd < 64; fd++)
                close(fd);
            sleep(600);
            _exit(0);
        }
        break;
    case FAULT_CHANGES_UMASK:
        umask(0);
        break;
    case FAULT_CHANGES_DIRECTORY:
        if (chdir("/") < 0)
            abort();
        break;
    case FAULT_CHANGES_LOCALE:
        setlocale(LC_ALL, "C.UTF-8");
        break;
    case FAULT_CHANGES_ENVIRONMENT:
        setenv("SUBJECT", "1", 1);
        break;
    case FAULT_HANDLES_SIGSEGV:
        signal(SIGSEGV, on_signal);
        break;
    case FAULT_HANDLES_SIGCHLD:
        signal(SIGCHLD, on_signal);
        break;
    case FAULT_WRITES_TO_STDOUT:
        if (write(1, "hello\n", 6) != 6)
            abort();
        break;
    case FAULT_WRITES_OUTSIDE:
        snprintf(path, sizeof path, "%s/../../subject.txt", state_dir);
        if (subject_write(path, "mine"))
            abort();
        break;
    default:
        break;
    }
}
