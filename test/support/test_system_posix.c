/* SPDX-License-Identifier: MIT */
/* What unit tests need of POSIX, see test_system.h. */
#include "test_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- Files ----------------------------------------------------------------------------------- */

bool test_folder(const char *name, char *ret_path, size_t size)
{
    int length = snprintf(ret_path, size, "/tmp/rj-%s-XXXXXX", name);
    return length > 0 && (size_t)length < size && mkdtemp(ret_path) && chmod(ret_path, 0755) == 0;
}

static int open_folder(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    if (kind == FTW_D || kind == FTW_DNR)
        chmod(path, 0700);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void test_remove_tree(const char *path)
{
    nftw(path, open_folder, 32, FTW_PHYS);
    nftw(path, remove_one, 32, FTW_PHYS | FTW_DEPTH);
}

bool test_count_entries(const char *path, unsigned *ret_count)
{
    DIR *list = opendir(path);
    unsigned count = 0;
    if (!list)
        return false;
    while (readdir(list))
        count++;
    closedir(list);
    *ret_count = count - 2; /* "." and ".." */
    return true;
}

const char *test_absent_folder(void)
{
    return "/nowhere";
}

bool test_make_folder(const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

bool test_write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool good = !length || fwrite(bytes, 1, length, file) == length;
    return fclose(file) == 0 && good;
}

char *test_read_file(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        bytes = size >= 0 ? malloc((size_t)size + 1) : NULL;
        rewind(file);
        size_t got = bytes ? fread(bytes, 1, (size_t)size, file) : 0;
        if (bytes)
            bytes[got] = '\0';
        if (bytes && ret_length)
            *ret_length = got;
    }
    if (file)
        fclose(file);
    return bytes;
}

bool test_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool test_remove(const char *path)
{
    return remove(path) == 0;
}

bool test_rename(const char *from, const char *to)
{
    return rename(from, to) == 0;
}

bool test_set_time(const char *path, int64_t wall_ms)
{
    struct timespec when = {.tv_sec = wall_ms / 1000, .tv_nsec = wall_ms % 1000 * 1000000};
    const struct timespec times[2] = {when, when};
    return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0;
}

bool test_link(const char *target, const char *path)
{
    return symlink(target, path) == 0;
}

bool test_hard_link(const char *existing, const char *path)
{
    return link(existing, path) == 0;
}

bool test_let_others_write(const char *path, bool on)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return false;
    return chmod(path, on ? (st.st_mode | 0022) & 07777 : st.st_mode & 07755) == 0;
}

bool test_others_may_read(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & S_IROTH);
}

/* ---- The process ----------------------------------------------------------------------------- */

void test_set_environment(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

void test_sleep_ms(unsigned ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

unsigned long test_process_id(void)
{
    return (unsigned long)getpid();
}

int test_signal(void)
{
    return SIGUSR2;
}

void test_raise(int number)
{
    kill(getpid(), number);
}

const char *test_other_account(void)
{
    return "daemon";
}

int test_child_main(int argc, char **argv, const test_child *children)
{
    if (argc != 4 || strcmp(argv[1], "--test-child") != 0)
        return -1;
    for (; children->name; children++)
        if (strcmp(children->name, argv[2]) == 0)
            return children->run(argv[3]);
    return 101;
}

intptr_t test_child_start(const char *name, const char *argument)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return -1;
    program[length] = '\0';
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, "--test-child", name, argument, (char *)NULL);
        _exit(102);
    }
    return child;
}

int test_child_wait(intptr_t child)
{
    int status = 0;
    while (waitpid((pid_t)child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : TEST_KILLED;
}

void test_child_kill(intptr_t child)
{
    kill((pid_t)child, SIGKILL);
}

int test_child_run(const char *name, const char *argument)
{
    intptr_t child = test_child_start(name, argument);
    return child < 0 ? -1 : test_child_wait(child);
}
