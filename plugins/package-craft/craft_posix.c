/* SPDX-License-Identifier: MIT */
/* The POSIX side of craft_system.h. */
#include "craft_system_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"

const craft_script craft_install_script = {{"rj_install.sh"}, "rj_install.sh"};
const craft_script craft_uninstall_script = {{"rj_uninstall.sh"}, "rj_uninstall.sh"};
const craft_script craft_detect_script = {{"rj_detect.sh"}, "rj_detect.sh"};

rj_status craft_judge_script(const char *path, const char *name, const char *text, size_t length,
                             int executable, rj_failure *failure)
{
    const char *line_end = memchr(text, '\n', length);

    if (strncmp(text, "#!", 2) != 0)
        return executable
                   ? RJ_OK
                   : rj_fail(failure, RJ_E_INVALID,
                             "%s: %s cannot be started: its first line must name its interpreter "
                             "(#!/bin/sh), or the archive must mark it as executable",
                             path, name);
    if (line_end && line_end[-1] == '\r')
        return rj_fail(failure, RJ_E_INVALID,
                       "%s: %s has Windows line ends (CRLF): save it with LF line ends", path,
                       name);
    return RJ_OK;
}

int craft_is_comment(const char *name, const char *line, size_t length)
{
    (void)name;
    return length > 0 && line[0] == '#';
}

rj_status craft_check_command(const char *path, const char *const *arguments,
                              const char *const *environment, rj_failure *failure)
{
    (void)path;
    (void)arguments;
    (void)environment;
    (void)failure;
    return RJ_OK; /* no shell is involved */
}

/* Exit codes have 8 bits here: what scripts return as 3010 and 1641 arrives as these. */
int craft_exit_wants_restart(int32_t code)
{
    return code == (3010 & 255) || code == (1641 & 255);
}

const char *craft_signal_name(int32_t number)
{
    return strsignal(number);
}

int craft_is_absolute(const char *path)
{
    return path[0] == '/';
}

static rj_status cannot(rj_failure *failure, const char *verb, const char *path)
{
    int number = errno;
    rj_status status = number == ENOENT                      ? RJ_E_NOT_FOUND
                       : number == EACCES || number == EPERM ? RJ_E_DENIED
                                                             : RJ_E_IO;

    return rj_fail(failure, status, "cannot %s %s: %s", verb, path, strerror(number));
}

int craft_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

rj_status craft_sync_folder(const char *path, rj_failure *failure)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int failed;

    if (fd < 0)
        return cannot(failure, "open", path);
    failed = fsync(fd);
    if (failed)
        cannot(failure, "write", path);
    close(fd);
    return failed ? RJ_E_IO : RJ_OK;
}

static rj_status sync_parent(const char *path, rj_failure *failure)
{
    const char *slash = strrchr(path, '/');
    char *parent = strndup(path, slash > path ? (size_t)(slash - path) : 1);
    rj_status status = parent ? craft_sync_folder(parent, failure) : rj_fail_memory(failure);

    free(parent);
    return status;
}

rj_status craft_make_folder(const char *path, rj_failure *failure)
{
    struct stat st;

    if (mkdir(path, 0755) == 0)
        return sync_parent(path, failure);
    if (errno != EEXIST)
        return cannot(failure, "create", path);
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return rj_fail(failure, RJ_E_IO, "%s is not a folder", path);
    return RJ_OK;
}

rj_status craft_make_startable(const char *path, rj_failure *failure)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    rj_status status = RJ_OK;

    /* by descriptor: a worker may not change modes by path */
    if (fd < 0 || fchmod(fd, 0755) != 0)
        status = cannot(failure, "make executable", path);
    if (fd >= 0)
        close(fd);
    return status;
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        text += n;
        length -= (size_t)n;
    }
    return 0;
}

rj_status craft_write_part(const char *path, const char *text, size_t length, rj_failure *failure)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    rj_status status = RJ_OK;

    if (fd < 0 || write_all(fd, text, length) != 0 || fsync(fd) != 0)
        status = cannot(failure, "write", path);
    if (fd >= 0)
        close(fd);
    return status;
}

rj_status craft_open_file(const char *path, intptr_t *ret_file, rj_failure *failure)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return cannot(failure, "open", path);
    *ret_file = fd;
    return RJ_OK;
}

rj_status craft_read_some(intptr_t file, const char *path, char *bytes, size_t size,
                          size_t *ret_length, rj_failure *failure)
{
    ssize_t n;

    do
        n = read((int)file, bytes, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return cannot(failure, "read", path);
    *ret_length = (size_t)n;
    return RJ_OK;
}

void craft_close_file(intptr_t file)
{
    close((int)file);
}

rj_status craft_move(const char *from, const char *to, rj_failure *failure)
{
    return rename(from, to) == 0 ? RJ_OK : cannot(failure, "rename", from);
}

rj_status craft_remove_file(const char *path, rj_failure *failure)
{
    return unlink(path) == 0 || errno == ENOENT ? RJ_OK : cannot(failure, "remove", path);
}

rj_status craft_make_unique_folder(const char *parent, char **ret_path, rj_failure *failure)
{
    char *path = NULL;

    if (asprintf(&path, "%s/XXXXXX", parent) < 0)
        return rj_fail_memory(failure);
    if (!mkdtemp(path)) {
        rj_status status = cannot(failure, "create a folder in", parent);

        free(path);
        return status;
    }
    *ret_path = path;
    return RJ_OK;
}

void craft_empty_folder(const char *folder)
{
    DIR *list = opendir(folder);
    struct dirent *entry;

    while (list && (entry = readdir(list)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rj_archive_remove_tree(folder, entry->d_name, NULL);
    if (list)
        closedir(list);
}
