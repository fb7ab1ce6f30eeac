/* SPDX-License-Identifier: MIT */
/* The system seam of package-nuget on POSIX: see nuget_system.h. */
#include "nuget_system_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *const nuget_install_script = "tools/install.sh";
const char *const nuget_uninstall_script = "tools/uninstall.sh";
const int32_t nuget_scripts_have_arguments = 1;
const int32_t nuget_flushes_each_file = 0;

int nuget_is_install_script(const char *name)
{
    return strcmp(name, nuget_install_script) == 0;
}

void nuget_use_native_slashes(char *text)
{
    (void)text;
}

int nuget_exit_wants_restart(int32_t code)
{
    /* 3010 and 1641, of which 8 bits arrive */
    return code == 3010 || code == 1641 || code == (3010 & 255) || code == (1641 & 255);
}

int nuget_is_absolute(const char *path)
{
    return path[0] == '/';
}

int64_t nuget_file_time_now(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    /* stamps may lag behind by a clock tick */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - 20000000;
}

static rj_status fail_io(rj_failure *failure, const char *verb, const char *path)
{
    int number = errno;
    rj_status status = number == ENOENT || number == ENOTDIR                    ? RJ_E_NOT_FOUND
                       : number == EACCES || number == EPERM || number == EROFS ? RJ_E_DENIED
                                                                                : RJ_E_IO;
    return rj_fail(failure, status, "cannot %s %s: %s%s", verb, path, strerror(number),
                   number == ENOSPC || number == EDQUOT ? "; free some space and try again" : "");
}

static nuget_file describe(const struct stat *st)
{
    return (nuget_file){.kind = S_ISREG(st->st_mode)   ? NUGET_FILE
                                : S_ISDIR(st->st_mode) ? NUGET_FOLDER
                                                       : NUGET_OTHER,
                        .startable = (st->st_mode & S_IXUSR) != 0,
                        .size = (uint64_t)st->st_size,
                        .changed_ns =
                            (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec};
}

nuget_file nuget_look(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 ? describe(&st) : (nuget_file){0};
}

nuget_file nuget_look_through(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? describe(&st) : (nuget_file){0};
}

rj_status nuget_list_into(const char *folder, nuget_names *names, rj_failure *failure)
{
    rj_status status = RJ_OK;
    struct dirent *entry;
    DIR *dir = opendir(folder);
    if (!dir)
        return fail_io(failure, "list", folder);
    while (status == RJ_OK && (errno = 0, entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = nuget_names_add(names, entry->d_name, failure);
    if (status == RJ_OK && errno != 0)
        status = fail_io(failure, "list", folder);
    closedir(dir);
    return status;
}

rj_status nuget_reader_open(const char *path, nuget_reader *ret_reader, rj_failure *failure)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0)
        return fail_io(failure, "open", path);
    rj_status status = RJ_OK;
    if (fstat(fd, &st) != 0)
        status = fail_io(failure, "examine", path);
    else if (!S_ISREG(st.st_mode))
        status = rj_fail(failure, RJ_E_INVALID, "%s is not a regular file", path);
    if (status != RJ_OK)
        close(fd);
    else
        *ret_reader = (nuget_reader){fd, (uint64_t)st.st_size};
    return status;
}

rj_status nuget_reader_next(nuget_reader *reader, const char *path, char *bytes, size_t size,
                            size_t *ret_length, rj_failure *failure)
{
    ssize_t n;
    do
        n = read((int)reader->handle, bytes, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail_io(failure, "read", path);
    *ret_length = (size_t)n;
    return RJ_OK;
}

void nuget_reader_close(nuget_reader *reader)
{
    close((int)reader->handle);
}

rj_status nuget_write_new(const char *path, const char *text, size_t length, int durable,
                          rj_failure *failure)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail_io(failure, "create", path);
    rj_status status = fchmod(fd, 0644) == 0 ? RJ_OK : fail_io(failure, "set the mode of", path);
    while (status == RJ_OK && length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = fail_io(failure, "write", path);
        } else {
            text += n;
            length -= (size_t)n;
        }
    }
    if (status == RJ_OK && durable && fsync(fd) != 0)
        status = fail_io(failure, "write", path);
    if (close(fd) != 0 && status == RJ_OK)
        status = fail_io(failure, "write", path);
    if (status != RJ_OK)
        unlink(path);
    return status;
}

rj_status nuget_rename_over(const char *from, const char *to, const char *verb, const char *shown,
                            rj_failure *failure)
{
    return rename(from, to) == 0 ? RJ_OK : fail_io(failure, verb, shown);
}

static rj_status copy_file(const char *from, const char *to, rj_failure *failure)
{
    char piece[65536];
    ssize_t n = 0;
    rj_status status = RJ_OK;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return fail_io(failure, "open", from);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (out < 0)
        status = fail_io(failure, "create", to);
    while (status == RJ_OK && (n = read(in, piece, sizeof(piece))) > 0) {
        for (ssize_t at = 0; at < n && status == RJ_OK;) {
            ssize_t written = write(out, piece + at, (size_t)(n - at));
            if (written < 0 && errno != EINTR)
                status = fail_io(failure, "write", to);
            at += written > 0 ? written : 0;
        }
    }
    if (status == RJ_OK && n < 0)
        status = fail_io(failure, "read", from);
    if (out >= 0 && close(out) != 0 && status == RJ_OK)
        status = fail_io(failure, "write", to);
    close(in);
    return status;
}

rj_status nuget_link_or_copy(const char *from, const char *to, rj_failure *failure)
{
    if (link(from, to) == 0)
        return RJ_OK;
    if (errno == EEXIST)
        return fail_io(failure, "create", to);
    return copy_file(from, to, failure);
}

rj_status nuget_make_folder(const char *path, rj_failure *failure)
{
    char *copy = strdup(path);
    rj_status status = RJ_OK;
    if (!copy)
        return rj_fail_memory(failure);
    for (char *slash = copy + 1; status == RJ_OK; slash++) {
        slash = strchr(slash, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST)
            status = fail_io(failure, "make the folder", copy);
        if (!slash)
            break;
        *slash = '/';
    }
    free(copy);
    if (status == RJ_OK && nuget_look_through(path).kind != NUGET_FOLDER)
        status = rj_fail(failure, RJ_E_IO, "%s is not a folder", path);
    return status;
}

static rj_status refuse_others(const char *path, const struct stat *st, rj_failure *failure)
{
    if ((st->st_uid == geteuid() || st->st_uid == 0) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return RJ_OK;
    return rj_fail(failure, RJ_E_DENIED,
                   "others may write to %s (owner %u, mode %03o), so what is installed there "
                   "could be changed before it runs; make it writable by its owner alone",
                   path, (unsigned)st->st_uid, (unsigned)(st->st_mode & 0777));
}

rj_status nuget_check_private(const char *folder, rj_failure *failure)
{
    struct stat st;
    return stat(folder, &st) == 0 ? refuse_others(folder, &st, failure)
                                  : fail_io(failure, "examine", folder);
}

rj_status nuget_check_own(const char *path, rj_failure *failure)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return fail_io(failure, "examine", path);
    if (S_ISLNK(st.st_mode))
        return rj_fail(
            failure, RJ_E_DENIED,
            "%s is a symbolic link, so what is run from there could be exchanged; remove "
            "it",
            path);
    return refuse_others(path, &st, failure);
}

rj_status nuget_remove_file(const char *path, rj_failure *failure)
{
    return unlink(path) == 0 || errno == ENOENT ? RJ_OK : fail_io(failure, "remove", path);
}

int nuget_remove_empty_folder(const char *path)
{
    return rmdir(path) == 0 || errno == ENOENT;
}

static rj_status sync_with(const char *path, int (*sync)(int fd), rj_failure *failure)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_io(failure, "open", path);
    rj_status status = sync(fd) == 0 ? RJ_OK : fail_io(failure, "flush", path);
    close(fd);
    return status;
}

rj_status nuget_sync_folder(const char *path, rj_failure *failure)
{
    return sync_with(path, fsync, failure);
}

rj_status nuget_sync_everything(const char *folder, rj_failure *failure)
{
    return sync_with(folder, syncfs, failure);
}
