/* SPDX-License-Identifier: MIT */
/*
 * The half of realmjoin/kit/simple_package.h for Windows, where a worker may read what its account may:
 * the plugin copies and hashes by itself, on the lane, and needs no grant for it.
 *
 *     rj_package_copy() [loop] -> read, write [lane] -> after() [loop], or the answer
 *
 * Paths are UTF-8 with either slash, of any length.  A copy that fails leaves nothing behind.
 */
#ifndef REALMJOIN_KIT_PACKAGE_FILES_WIN32_H
#define REALMJOIN_KIT_PACKAGE_FILES_WIN32_H

#include <errno.h>
#include <realmjoin/kit/sha256.h>
#include <realmjoin/kit/simple_package.h>
#include <wchar.h>

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

/* ---- Paths ----------------------------------------------------------------------------------- */

static inline int rj_package_is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* "C:/x", "//server/share". */
static inline int rj_package_is_absolute(const char *path)
{
    if (rj_package_is_slash(path[0]))
        return rj_package_is_slash(path[1]);
    return ((path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z') && path[1] == ':' &&
           rj_package_is_slash(path[2]);
}

/* Of an absolute path what Windows takes at any length (free()); NULL: errno says why. */
static inline wchar_t *rj_package_wide(const char *path)
{
    int share = rj_package_is_slash(path[0]), prefix = share ? 7 : 4;
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *wide = NULL, *at;

    errno = EINVAL;
    if (length == 0 || !rj_package_is_absolute(path))
        return NULL;
    wide = (wchar_t *)malloc(((size_t)length + 8) * sizeof *wide);
    if (!wide) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(wide, share ? L"\\\\?\\UNC" : L"\\\\?\\", (size_t)prefix * sizeof *wide);
    /* A share's name goes on with the second of its slashes. */
    MultiByteToWideChar(CP_UTF8, 0, path + share, -1, wide + prefix, length);
    for (at = wide + prefix; *at; at++)
        *at = *at == L'/' ? L'\\' : *at;
    return wide;
}

static inline FILE *rj_package_open(const char *path, const wchar_t *mode)
{
    wchar_t *wide = rj_package_wide(path);
    FILE *file = wide ? _wfopen(wide, mode) : NULL;
    int problem = errno;

    free(wide);
    errno = problem;
    return file;
}

static inline int64_t rj_package_file_size(const char *path)
{
    FILE *file = rj_package_open(path, L"rb");
    int64_t size = -1;

    if (!file)
        return -1;
    if (_fseeki64(file, 0, SEEK_END) == 0)
        size = _ftelli64(file);
    fclose(file);
    return size;
}

static inline int rj_package_remove(const char *path)
{
    wchar_t *wide = rj_package_wide(path);
    int failed = wide ? _wremove(wide) : -1;
    int problem = errno;

    free(wide);
    errno = problem;
    return failed;
}

static inline int rj_package_move(const char *from, const char *to)
{
    wchar_t *wide_from = rj_package_wide(from), *wide_to = rj_package_wide(to);
    int problem = errno;

    if (wide_from && wide_to) {
        BOOL moved =
            MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
        DWORD error = moved ? 0 : GetLastError();
        problem = !error                                                             ? 0
                  : error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND   ? ENOENT
                  : error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION ? EACCES
                                                                                     : EIO;
    }
    free(wide_from);
    free(wide_to);
    errno = problem;
    return problem ? -1 : 0;
}

/* ---- Programs -------------------------------------------------------------------------------- */

/* The agent adds what Windows' own programs cannot do without. */
static inline const char *const *rj_package_environment(void)
{
    static const char *const environment[] = {NULL};

    return environment;
}

/* Windows looks for DLLs in the working directory, so it is the program's own folder. */
static inline const char *rj_package_directory(const char *program, char *buffer, size_t size)
{
    size_t length = strlen(program);

    while (length && !rj_package_is_slash(program[length - 1]))
        length--;
    if (length == 0 || length >= size)
        return NULL;
    memcpy(buffer, program, length);
    buffer[length] = '\0';
    return buffer;
}

/* ---- Reading a file on the lane -------------------------------------------------------------- */

typedef struct rj_package_pass {
    rj_package_task *task;
    int32_t stopped;
    int problem;        /* errno; 0: none */
    const char *failed; /* which of the two */
    char *from;         /* in one block with this */
    char *to;           /* NULL: it is only hashed */
    char sha256[65];
} rj_package_pass;

static inline int rj_package_pass_fails(rj_package_pass *pass, const char *path)
{
    pass->problem = errno ? errno : EIO;
    pass->failed = path;
    return 0;
}

/* 1: all of it has been read, and written. */
static inline int rj_package_pass_bytes(rj_package_pass *pass, FILE *in, FILE *out, char *buffer,
                                        size_t size)
{
    const rj_plugin *plugin = pass->task->plugin;
    rj_sha256 hash;
    size_t length;

    rj_sha256_begin(&hash);
    errno = 0;
    while ((length = fread(buffer, 1, size, in)) > 0) {
        rj_sha256_add(&hash, buffer, length);
        if (out && fwrite(buffer, 1, length, out) != length)
            return rj_package_pass_fails(pass, pass->to);
        pass->stopped = plugin->ops->cancelled(plugin->host, pass->task->op);
        if (pass->stopped)
            return 0;
    }
    if (ferror(in))
        return rj_package_pass_fails(pass, pass->from);
    rj_sha256_end(&hash, pass->sha256);
    return 1;
}

static inline void RJ_CALL rj_package_pass_work(rj_op op, void *data)
{
    enum { PIECE = 65536 };
    rj_package_pass *pass = (rj_package_pass *)data;
    char *buffer = (char *)malloc(PIECE);
    FILE *in = rj_package_open(pass->from, L"rb"), *out = NULL;
    int done = 0;

    (void)op;
    if (!in)
        rj_package_pass_fails(pass, pass->from);
    else if (pass->to && !(out = rj_package_open(pass->to, L"wb")))
        rj_package_pass_fails(pass, pass->to);
    else if (!buffer)
        pass->problem = ENOMEM;
    else
        done = rj_package_pass_bytes(pass, in, out, buffer, PIECE);
    if (in)
        fclose(in);
    if (out && fclose(out) != 0 && done)
        done = rj_package_pass_fails(pass, pass->to);
    if (out && !done)
        rj_package_remove(pass->to);
    free(buffer);
}

static inline void RJ_CALL rj_package_pass_done(rj_op op, void *data, int32_t started)
{
    rj_package_pass *pass = (rj_package_pass *)data;
    rj_package_task *task = pass->task;

    (void)op;
    if (!started || pass->stopped)
        rj_package_answer(task, RJ_E_CANCELLED, "stopped on request while reading %s", pass->from);
    else if (pass->problem)
        rj_package_answer(task, RJ_E_IO, "%s: %s", pass->failed ? pass->failed : pass->from,
                          strerror(pass->problem));
    else if (pass->to)
        task->after_copy(task);
    else
        rj_package_hash_found(task, pass->sha256);
    free(pass);
}

static inline void rj_package_pass_begin(rj_package_task *task, const char *from, const char *to)
{
    rj_plugin *plugin = task->plugin;
    size_t length = strlen(from) + 1, more = to ? strlen(to) + 1 : 0;
    rj_package_pass *pass = (rj_package_pass *)calloc(1, sizeof *pass + length + more);
    rj_status status = RJ_E_NO_MEMORY;

    if (pass) {
        pass->task = task;
        pass->from = (char *)memcpy(pass + 1, from, length);
        pass->to = to ? (char *)memcpy(pass->from + length, to, more) : NULL;
        status = plugin->exec->run(plugin->host, task->op, rj_package_pass_work,
                                   rj_package_pass_done, pass);
    }
    if (status == RJ_OK)
        return;
    rj_package_answer(task, status, "%s was not read: %s", from,
                      status == RJ_E_BUSY ? "too much is waiting already; ask again later"
                                          : "out of memory, or stopped on request");
    free(pass);
}

static inline void rj_package_copy(rj_package_task *task, const char *from, const char *to,
                                   rj_package_verb after)
{
    task->after_copy = after;
    rj_package_pass_begin(task, from, to);
}

static inline void rj_package_verify(rj_package_task *task, const char *path, char *hash,
                                     rj_package_verb after)
{
    task->after = after;
    task->verified = path;
    task->hash = hash;
    rj_package_pass_begin(task, path, NULL);
}

#endif
