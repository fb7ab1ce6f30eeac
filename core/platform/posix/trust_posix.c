/* SPDX-License-Identifier: MIT */
/*
 * May code or policy be taken from a path?  Components are looked at from the top down: once a folder
 * is known to be changed by nobody else, what it holds stays what we see.
 */
#include "platform/file.h"

#include "base/alloc.h"
#include "platform/system.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static rj_status check_component(const char *path, bool last, rj_error *err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return rj_fail_errno(err, errno, "%s cannot be examined", path);
    if (S_ISLNK(st.st_mode))
        return rj_fail(err, RJ_E_DENIED, "%s is a symbolic link; nothing is loaded through one",
                       path);
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        char owner[64];
        return rj_fail(err, RJ_E_DENIED,
                       "%s belongs to %s; it must belong to root or the user running this", path,
                       rj_system_user_name(st.st_uid, owner, sizeof owner));
    }
    bool shared_folder = !last && S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !shared_folder)
        return rj_fail(
            err, RJ_E_DENIED, "%s may be written by %s (mode %04o); take that away first", path,
            st.st_mode & S_IWOTH ? "everybody" : "its group", (unsigned)(st.st_mode & 07777));
    return RJ_OK;
}

/* Absolute, no "." or "..", no empty component. */
static bool is_plain_absolute(const char *path)
{
    if (*path != '/')
        return false;
    for (const char *at = path; *at;) {
        const char *name = at + 1;
        size_t length = strcspn(name, "/");
        bool alone = at == path && name[length] == '\0' && length == 0; /* "/" */
        if ((length == 0 && !alone) || (length == 1 && name[0] == '.') ||
            (length == 2 && name[0] == '.' && name[1] == '.'))
            return false;
        at = name + length;
    }
    return true;
}

rj_status rj_file_check_trusted(const char *path, const char *boundary, rj_error *err)
{
    if (!is_plain_absolute(path))
        return rj_fail(err, RJ_E_INVALID, "\"%s\" is not an absolute path without \"..\"", path);
    size_t inner = boundary && *boundary && strcmp(boundary, "/") != 0 ? strlen(boundary) : 0;
    if (inner && (strncmp(path, boundary, inner) != 0 || (path[inner] && path[inner] != '/')))
        return rj_fail(err, RJ_E_INVALID, "%s is not below %s", path, boundary);
    char *prefix = rj_strdup(path);
    if (!prefix)
        return rj_fail_memory(err, "checking a path");
    rj_status status = RJ_OK;
    size_t length = strlen(prefix);
    if (!inner)
        status = check_component("/", length == 1, err);
    for (size_t end = inner ? inner : 1; !status && end <= length && length > 1; end++) {
        if (prefix[end] && prefix[end] != '/')
            continue;
        char kept = prefix[end];
        prefix[end] = '\0';
        status = check_component(prefix, end == length, err);
        prefix[end] = kept;
    }
    rj_free(prefix);
    return status;
}
