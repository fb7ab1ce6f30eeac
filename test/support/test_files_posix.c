/* SPDX-License-Identifier: MIT */
/* Files for tests on POSIX: see test_files.h. */
#include "test_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

char *test_folder_new(const char *name)
{
    char *path = NULL;

    if (asprintf(&path, "/tmp/%s-XXXXXX", name) < 0)
        fail_msg("out of memory");
    if (!mkdtemp(path))
        fail_msg("cannot make the folder %s: %s", path, strerror(errno));
    return path;
}

void test_folder_make(const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        fail_msg("cannot make the folder %s: %s", path, strerror(errno));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

void test_folder_remove(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        fail_msg("cannot remove %s: %s", path, strerror(errno));
}

unsigned test_folder_count(const char *path)
{
    DIR *list = opendir(path);
    unsigned count = 0;

    while (list && readdir(list))
        count++;
    if (list)
        closedir(list);
    return count > 2 ? count - 2 : 0;
}

bool test_is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

char *test_file_read(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rbe");
    size_t length = 0, capacity = 4096, n;
    char *bytes;

    if (!file)
        return NULL;
    bytes = malloc(capacity + 1);
    while (bytes && (n = fread(bytes + length, 1, capacity - length, file)) > 0) {
        length += n;
        if (length == capacity) {
            capacity *= 2;
            bytes = realloc(bytes, capacity + 1);
        }
    }
    fclose(file);
    if (!bytes)
        fail_msg("out of memory");
    bytes[length] = '\0';
    if (ret_length)
        *ret_length = length;
    return bytes;
}

void test_file_write(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wbe");

    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        fail_msg("cannot write %s: %s", path, strerror(errno));
}

bool test_file_remove(const char *path)
{
    if (unlink(path) == 0)
        return true;
    if (errno != ENOENT)
        fail_msg("cannot remove %s: %s", path, strerror(errno));
    return false;
}
