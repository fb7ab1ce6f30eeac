/* SPDX-License-Identifier: MIT */
/* Looking at and making files for the tests; nothing here follows links. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32
#define PATH_SIZE 4096

/* ---- Looking --------------------------------------------------------------------------------- */

static void look(json_t *found, const char *folder, size_t skip, int depth)
{
    DIR *opened = depth < DEPTH_MAX ? opendir(folder) : NULL;
    if (!opened)
        return;
    for (const struct dirent *entry; (entry = readdir(opened));) {
        char path[PATH_SIZE];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &st) < 0)
            continue;
        bool is_folder = S_ISDIR(st.st_mode);
        json_t *like = is_folder ? json_sprintf("folder %o", (unsigned)st.st_mode)
                                 : json_sprintf("%o %lld %lld.%09ld", (unsigned)st.st_mode,
                                                (long long)st.st_size, (long long)st.st_mtim.tv_sec,
                                                st.st_mtim.tv_nsec);
        json_object_set_new_nocheck(found, path + skip, like ? like : json_null());
        if (is_folder)
            look(found, path, skip, depth + 1);
    }
    closedir(opened);
}

json_t *rj_tree_take(const char *folder)
{
    json_t *found = json_object();
    if (found)
        look(found, folder, strlen(folder) + 1, 0);
    return found;
}

static bool is_allowed(const char *path, const char *const *allowed)
{
    for (; *allowed; allowed++) {
        size_t length = strlen(*allowed);
        if (strncmp(path, *allowed, length) == 0 && (!path[length] || path[length] == '/'))
            return true;
    }
    return false;
}

void rj_tree_compare(const json_t *before, const json_t *after, const char *const *allowed,
                     void (*differs)(void *data, const char *path, const char *how), void *data)
{
    const char *path;
    json_t *like;
    json_object_foreach((json_t *)(uintptr_t)after, path, like)
    {
        const json_t *former = json_object_get(before, path);
        if (!is_allowed(path, allowed) && !json_equal(like, former))
            differs(data, path, former ? "changed" : "made");
    }
    json_object_foreach((json_t *)(uintptr_t)before, path, like)
    {
        if (!is_allowed(path, allowed) && !json_object_get(after, path))
            differs(data, path, "removed");
    }
}

/* ---- Making ---------------------------------------------------------------------------------- */

rj_status rj_tree_temporary(char *ret_path, size_t size, rj_error *err)
{
    const char *parent = getenv("TMPDIR");
    snprintf(ret_path, size, "%s/rj-validate-XXXXXX", parent && *parent == '/' ? parent : "/tmp");
    if (!mkdtemp(ret_path) || chmod(ret_path, 0755) < 0)
        return rj_fail_errno(err, errno, "making the folder %s", ret_path);
    return RJ_OK;
}

rj_status rj_tree_make(const char *folder, rj_error *err)
{
    char path[PATH_SIZE];
    if ((size_t)snprintf(path, sizeof path, "%s", folder) >= sizeof path)
        return rj_fail(err, RJ_E_LIMIT, "the path is too long: %.100s...", folder);
    for (char *at = path + 1;; at++) {
        char was = *at;
        if (was && was != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0755) == 0)
            chmod(path, 0755);
        else if (errno != EEXIST)
            return rj_fail_errno(err, errno, "making the folder %s", path);
        *at = was;
        if (!was)
            return RJ_OK;
    }
}

rj_status rj_tree_copy(const char *from, const char *to, unsigned mode, rj_error *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (in < 0)
        return rj_fail_errno(err, errno, "%s cannot be opened", from);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    rj_status status =
        out < 0 || fchmod(out, mode) < 0 ? rj_fail_errno(err, errno, "making %s", to) : RJ_OK;
    char buffer[65536];
    for (ssize_t got; !status && (got = read(in, buffer, sizeof buffer)) != 0;) {
        if (got < 0)
            status = rj_fail_errno(err, errno, "reading %s", from);
        else if (write(out, buffer, (size_t)got) != got)
            status = rj_fail_errno(err, errno, "writing %s", to);
    }
    close(in);
    if (out >= 0)
        close(out);
    return status;
}

static rj_status copy_folder(const char *from, const char *to, int depth, rj_error *err)
{
    DIR *opened = depth < DEPTH_MAX ? opendir(from) : NULL;
    if (!opened)
        return rj_fail(err, RJ_E_IO, "%s cannot be read, or is too deep", from);
    rj_status status = rj_tree_make(to, err);
    for (const struct dirent *entry; !status && (entry = readdir(opened));) {
        char here[PATH_SIZE];
        char there[PATH_SIZE];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if ((size_t)snprintf(here, sizeof here, "%s/%s", from, entry->d_name) >= sizeof here ||
            (size_t)snprintf(there, sizeof there, "%s/%s", to, entry->d_name) >= sizeof there)
            status = rj_fail(err, RJ_E_LIMIT, "a path below %.500s is too long", from);
        else if (lstat(here, &st) < 0)
            status = rj_fail_errno(err, errno, "%s", here);
        else if (S_ISDIR(st.st_mode))
            status = copy_folder(here, there, depth + 1, err);
        else if (S_ISREG(st.st_mode))
            status = rj_tree_copy(here, there, 0644, err);
    }
    closedir(opened);
    return status;
}

rj_status rj_tree_copy_all(const char *from, const char *to, rj_error *err)
{
    return copy_folder(from, to, 0, err);
}

rj_status rj_tree_link(const char *from, const char *to, rj_error *err)
{
    return link(from, to) < 0 ? rj_fail_errno(err, errno, "linking %s", to) : RJ_OK;
}

rj_status rj_tree_real_path(const char *path, char *ret_path, rj_error *err)
{
    char found[PATH_MAX];
    if (!realpath(path, found))
        return rj_fail_errno(err, errno, "%s", path);
    snprintf(ret_path, PATH_SIZE, "%s", found);
    return RJ_OK;
}

rj_status rj_tree_capture(const char *out, const char *error, rj_error *err)
{
    const char *const paths[] = {out, error};
    for (int i = 0; i < 2; i++) {
        int fd = open(paths[i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0 || dup2(fd, i + 1) < 0)
            return rj_fail_errno(err, errno, "%s", paths[i]);
        close(fd);
    }
    return RJ_OK;
}
