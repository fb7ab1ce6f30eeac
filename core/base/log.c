/* SPDX-License-Identifier: MIT */
/*
 * The log.  A line is made on the caller's stack, then written under one lock: to the file, which is
 * rotated when it would grow beyond its limit, to stderr, and to the listener.
 *
 * A line the file does not take is counted; the next one that is taken brings the count along.  When
 * rotation fails, the file simply grows: losing lines would be worse.
 */
#include "base/log.h"

#include "base/alloc.h"
#include "base/calendar.h"
#include "base/log_file.h"
#include "base/native_paths.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define FILE_LIMIT (512u * 1024)
#define FILES_KEPT 10u
#define MESSAGE_MAX 4096u
#define LINE_MAX_BYTES (MESSAGE_MAX + 512u)
#define NAME_MAX_BYTES 64u

static struct {
    uv_mutex_t lock; /* guards everything below */
    uv_file file;    /* -1: none */
    uint64_t size;
    uint64_t lost;
    unsigned left_open; /* files that others may still read */
    char *directory;
    char name[NAME_MAX_BYTES];
    uv_mutex_t listener_lock; /* held while the listener runs */
    void (*listener)(void *data, int level, const char *line);
    void *listener_data;
} logger_state = {.file = -1};

static uv_once_t once = UV_ONCE_INIT;
static atomic_int threshold = RJ_LOG_INFO;
static atomic_bool to_stderr;
static _Thread_local bool in_listener; /* what a listener logs is not sent to it again */

static void init_locks(void)
{
    if (uv_mutex_init(&logger_state.lock) || uv_mutex_init(&logger_state.listener_lock))
        abort();
}

static void lock(void)
{
    uv_once(&once, init_locks);
    uv_mutex_lock(&logger_state.lock);
}

static void unlock(void)
{
    uv_mutex_unlock(&logger_state.lock);
}

/* ---- The file -------------------------------------------------------------------------------- */

static char *file_path(const char *directory, const char *name, uint64_t number)
{
    rj_text path = RJ_TEXT_EMPTY;
    rj_text_addf(&path, "%s/%s", directory, name);
    if (number)
        rj_text_addf(&path, ".%03" PRIu64, number);
    rj_text_add(&path, ".log");
    return rj_text_take(&path);
}

/* Descriptor, or a negative libuv error. */
static int open_file(const char *path, uint64_t *ret_size)
{
    uv_fs_t request;
    int file = rj_log_file_open(path);
    if (file < 0)
        return file;
    uint64_t size = 0;
    if (uv_fs_fstat(NULL, &request, file, NULL) == 0)
        size = request.statbuf.st_size;
    uv_fs_req_cleanup(&request);
    *ret_size = size;
    return file;
}

static void close_file(void)
{
    if (logger_state.file < 0)
        return;
    uv_fs_t request;
    uv_fs_close(NULL, &request, logger_state.file, NULL);
    uv_fs_req_cleanup(&request);
    logger_state.file = -1;
}

/* The number in "<name>.<number>.log", 0 if the entry is something else. */
static uint64_t rotated_number(const char *entry)
{
    size_t length = strlen(logger_state.name);
    if (strncmp(entry, logger_state.name, length) != 0 || entry[length] != '.')
        return 0;
    const char *digits = entry + length + 1;
    char *end = NULL;
    if (*digits < '0' || *digits > '9')
        return 0;
    uint64_t number = strtoull(digits, &end, 10);
    return strcmp(end, ".log") == 0 && number < UINT32_MAX ? number : 0;
}

/* Walks the folder: the highest number there is; `visit` may be NULL. */
static uint64_t highest_rotated(void (*visit)(const char *path, uint64_t number, uint64_t value),
                                uint64_t value)
{
    uv_fs_t scan;
    uv_dirent_t entry;
    uint64_t highest = 0;
    if (uv_fs_scandir(NULL, &scan, logger_state.directory, 0, NULL) >= 0) {
        while (uv_fs_scandir_next(&scan, &entry) == 0) {
            uint64_t number = rotated_number(entry.name);
            highest = number > highest ? number : highest;
            char *path = number && visit
                             ? file_path(logger_state.directory, logger_state.name, number)
                             : NULL;
            if (path)
                visit(path, number, value);
            rj_free(path);
        }
    }
    uv_fs_req_cleanup(&scan);
    return highest;
}

static void remove_below(const char *path, uint64_t number, uint64_t lowest_kept)
{
    uv_fs_t request;
    if (number >= lowest_kept)
        return;
    uv_fs_unlink(NULL, &request, path, NULL);
    uv_fs_req_cleanup(&request);
}

static void rotate(void)
{
    uint64_t number = highest_rotated(NULL, 0) + 1;
    char *from = file_path(logger_state.directory, logger_state.name, 0);
    char *to = file_path(logger_state.directory, logger_state.name, number);
    uv_fs_t request;
    if (from && to && uv_fs_rename(NULL, &request, from, to, NULL) == 0) {
        uv_fs_req_cleanup(&request);
        close_file();
        logger_state.size = 0;
        logger_state.file = open_file(from, &logger_state.size);
        if (number > FILES_KEPT)
            highest_rotated(remove_below, number - FILES_KEPT + 1);
    }
    rj_free(from);
    rj_free(to);
}

static bool write_file(const char *line, size_t length)
{
    if (logger_state.size && logger_state.size + length > FILE_LIMIT)
        rotate();
    if (logger_state.file < 0)
        return false;
    uv_buf_t buffer = {.base = (char *)(uintptr_t)line, .len = length};
    uv_fs_t request;
    int written = uv_fs_write(NULL, &request, logger_state.file, &buffer, 1, -1, NULL);
    uv_fs_req_cleanup(&request);
    if (written > 0)
        logger_state.size += (uint64_t)written;
    return written == (int)length;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static const char *level_name(int level)
{
    static const char *const names[] = {"ERROR", "WARN ", "INFO ", "DEBUG"};
    return level >= RJ_LOG_ERROR && level <= RJ_LOG_DEBUG ? names[level - 1] : "?    ";
}

/* "<time>|<level>|<logger>|<correlation>|<message>\n"; length without the NUL. */
static size_t make_line(char *line, size_t size, int level, const char *logger,
                        const char *correlation, const char *message)
{
    uv_timespec64_t now = {0};
    uv_clock_gettime(UV_CLOCK_REALTIME, &now);
    rj_calendar date = rj_calendar_of((int64_t)now.tv_sec * 1000);
    char name[96];
    char id[64];
    rj_text_to_line(name, sizeof name, logger, strlen(logger));
    if (!correlation || !*correlation)
        correlation = "-";
    rj_text_to_line(id, sizeof id, correlation, strlen(correlation));
    size_t used =
        (size_t)snprintf(line, size, "%04d-%02u-%02u %02u:%02u:%02u.%04d|%s|%s|%s|", (int)date.year,
                         date.month, date.day, date.hour, date.minute, date.second,
                         (int)(now.tv_nsec / 100000), level_name(level), name, id);
    used += rj_text_to_line(line + used, size - used - 1, message, strlen(message));
    line[used++] = '\n';
    line[used] = '\0';
    return used;
}

static void write_lost_count(void)
{
    char message[96];
    char line[256];
    snprintf(message, sizeof message, "%" PRIu64 " earlier line(s) could not be written",
             logger_state.lost);
    size_t length = make_line(line, sizeof line, RJ_LOG_WARNING, "base.log", NULL, message);
    if (write_file(line, length))
        logger_state.lost = 0;
}

static void call_listener(int level, char *line, size_t length)
{
    if (in_listener)
        return;
    uv_mutex_lock(&logger_state.listener_lock);
    if (logger_state.listener) {
        line[length - 1] = '\0'; /* a listener gets the line without its end */
        in_listener = true;
        logger_state.listener(logger_state.listener_data, level, line);
        in_listener = false;
    }
    uv_mutex_unlock(&logger_state.listener_lock);
}

void rj_log(int level, const char *logger, const char *correlation, const char *format, ...)
{
    if (level > atomic_load_explicit(&threshold, memory_order_relaxed))
        return;
    char message[MESSAGE_MAX + 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    rj_native_paths(message);
    char line[LINE_MAX_BYTES];
    size_t length = make_line(line, sizeof line, level, logger, correlation, message);

    lock();
    if (logger_state.directory) {
        if (logger_state.lost)
            write_lost_count();
        if (logger_state.file < 0) { /* it could not be reopened after a rotation: try again */
            char *path = file_path(logger_state.directory, logger_state.name, 0);
            logger_state.file = path ? open_file(path, &logger_state.size) : -1;
            rj_free(path);
        }
        if (!write_file(line, length))
            logger_state.lost++;
    }
    if (atomic_load(&to_stderr))
        fwrite(line, 1, length, stderr);
    unlock();
    call_listener(level, line, length);
}

/* ---- Who may read it ------------------------------------------------------------------------- */

static void close_to_others(const char *path, uint64_t number, uint64_t value)
{
    (void)number, (void)value;
    logger_state.left_open += !rj_log_file_close_to_others(path);
}

/* Those of an earlier version may have been open to everybody. */
static unsigned close_all_to_others(const char *current)
{
    logger_state.left_open = 0;
    close_to_others(current, 0, 0);
    highest_rotated(close_to_others, 0);
    return logger_state.left_open;
}

/* ---- Set-up ---------------------------------------------------------------------------------- */

rj_status rj_log_open(const char *directory, const char *name, rj_error *err)
{
    if (!*name || strlen(name) >= NAME_MAX_BYTES || strpbrk(name, "/\\:"))
        return rj_fail(err, RJ_E_INVALID, "log name \"%s\": give a short plain file name", name);
    char *copy = rj_strdup(directory);
    char *path = file_path(directory, name, 0);
    rj_status status = RJ_OK;
    if (!copy || !path) {
        status = rj_fail_memory(err, "opening the log");
        goto out;
    }
    uint64_t size = 0;
    int file = open_file(path, &size);
    if (file < 0) {
        status = rj_fail(err, rj_status_of_errno(-file), "log file %s cannot be opened: %s", path,
                         uv_strerror(file));
        goto out;
    }
    lock();
    close_file();
    rj_free(logger_state.directory);
    logger_state.directory = copy;
    logger_state.file = file;
    logger_state.size = size;
    snprintf(logger_state.name, sizeof logger_state.name, "%s", name);
    unsigned left_open = close_all_to_others(path);
    unlock();
    copy = NULL;
    if (left_open)
        rj_log(RJ_LOG_WARNING, "base.log", NULL,
               "%u file(s) of this log in %s may be readable by other accounts, as their rights "
               "cannot be set",
               left_open, directory);
out:
    rj_free(copy);
    rj_free(path);
    return status;
}

void rj_log_close(void)
{
    lock();
    close_file();
    rj_free(logger_state.directory);
    logger_state.directory = NULL;
    logger_state.lost = 0;
    unlock();
}

void rj_log_to_stderr(bool on)
{
    atomic_store(&to_stderr, on);
}

void rj_log_set_level(int level)
{
    atomic_store(&threshold, level);
}

void rj_log_set_listener(void (*listener)(void *data, int level, const char *line), void *data)
{
    uv_once(&once, init_locks);
    uv_mutex_lock(&logger_state.listener_lock);
    logger_state.listener = listener;
    logger_state.listener_data = data;
    uv_mutex_unlock(&logger_state.listener_lock);
}
