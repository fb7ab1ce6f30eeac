/* SPDX-License-Identifier: MIT */
/*
 * The half of realmjoin/kit/simple_package.h for systems with a sandbox that hides the files of others:
 * granted programs copy and hash them, with the agent's rights.
 *
 *     rj_package_copy()      "spawn:/usr/bin/install"
 *     rj_package_verify()    "spawn:/usr/bin/sha256sum"
 */
#ifndef REALMJOIN_KIT_PACKAGE_FILES_POSIX_H
#define REALMJOIN_KIT_PACKAGE_FILES_POSIX_H

#include <realmjoin/kit/simple_package.h>

static inline int rj_package_is_absolute(const char *path)
{
    return path[0] == '/';
}

static inline int64_t rj_package_file_size(const char *path)
{
    FILE *file = fopen(path, "rb");
    int64_t size = -1;

    if (!file)
        return -1;
    if (fseek(file, 0, SEEK_END) == 0)
        size = (int64_t)ftell(file);
    fclose(file);
    return size;
}

static inline int rj_package_remove(const char *path)
{
    return remove(path);
}

static inline int rj_package_move(const char *from, const char *to)
{
    return rename(from, to);
}

static inline const char *const *rj_package_environment(void)
{
    static const char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
        "DEBIAN_FRONTEND=noninteractive", NULL};

    return environment;
}

static inline const char *rj_package_directory(const char *program, char *buffer, size_t size)
{
    (void)program;
    (void)buffer;
    (void)size;
    return "/";
}

static inline void rj_package_copied(rj_package_task *task, const rj_spawn_exit *how)
{
    if (rj_package_succeeded(task, how, "copying the file"))
        task->after_copy(task);
}

static inline void rj_package_copy(rj_package_task *task, const char *from, const char *to,
                                   rj_package_verb after)
{
    task->after_copy = after;
    rj_package_run(task, rj_package_copied, "/usr/bin/install", "-m", "0644", "--", from, to);
}

static inline void rj_package_hashed(rj_package_task *task, const rj_spawn_exit *how)
{
    if (rj_package_succeeded(task, how, "hashing the file"))
        rj_package_hash_found(task, how->tail);
}

static inline void rj_package_verify(rj_package_task *task, const char *path, char *hash,
                                     rj_package_verb after)
{
    task->after = after;
    task->verified = path;
    task->hash = hash;
    rj_package_run(task, rj_package_hashed, "/usr/bin/sha256sum", "--", path);
}

#endif
