/* SPDX-License-Identifier: MIT */
/* Files and folders, with the care a root program needs.  Paths are absolute. */
#ifndef RJ_PLATFORM_FILE_H
#define RJ_PLATFORM_FILE_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole regular file, NUL-terminated behind `length` (rj_free).  Not a regular file:
 * RJ_E_INVALID; larger than max_bytes: RJ_E_LIMIT; never blocks on a FIFO. */
rj_status rj_file_read(const char *path, size_t max_bytes, char **ret_bytes, size_t *ret_length,
                       rj_error *err);
/* Replace durably: temporary file beside it, fsync, rename, fsync of the folder. */
rj_status rj_file_write(const char *path, const void *bytes, size_t length, unsigned mode,
                        rj_error *err);
rj_status rj_file_remove(const char *path, rj_error *err); /* absent is fine */
bool rj_file_exists(const char *path);
/* Changes whenever the file's content may have: built from inode, size, mtime, ctime; 0 absent. */
uint64_t rj_file_stamp(const char *path);
rj_status rj_file_rename(const char *from, const char *to, rj_error *err); /* replaces, durable */
/* Lower-case hex SHA-256, 64 digits + NUL. */
rj_status rj_file_sha256(const char *path, char ret_hex[65], rj_error *err);

/* A log that only grows, `name` somewhere below `folder`: opened for appending, made if absent, regular
 * files with no other name only, and never through a link below the folder.  Writing may fail (disk
 * full); the reader of the log sees where it ends. */
rj_status rj_file_append_open(const char *folder, const char *name, unsigned mode, int *ret_handle,
                              uint64_t *ret_size, rj_error *err);
bool rj_file_append(int handle, const void *bytes, size_t length);
void rj_file_append_close(int handle);

/* Make the folder and its parents; an existing one keeps its mode. */
rj_status rj_dir_make(const char *path, unsigned mode, rj_error *err);
/* Give the folder to another account, with all that is in it.  Only if it is not that account's already;
 * what has further names elsewhere stays as it is. */
rj_status rj_dir_give(const char *path, uint32_t uid, rj_error *err);
/* Remove with all content, never following links; absent is fine. */
rj_status rj_dir_remove(const char *path, rj_error *err);
/* Names in the folder, sorted bytewise, without "." and ".."; NULL-terminated, one allocation
 * (rj_free).  More than max_names: RJ_E_LIMIT. */
rj_status rj_dir_list(const char *path, size_t max_names, char ***ret_names, size_t *ret_count,
                      rj_error *err);

/*
 * May code or policy be taken from here?  The file or folder and every parent up to `boundary`
 * (NULL: the file system root) must be no symlink, owned by root or by the user the program runs
 * as, and not writable by anyone else; a sticky folder (/tmp) is accepted as a parent of something
 * that is so owned.  RJ_E_DENIED names the first component that is not, and why.
 */
rj_status rj_file_check_trusted(const char *path, const char *boundary, rj_error *err);

/* A lock for the life of the process: RJ_E_BUSY (with the holder's pid in the text) if taken. */
rj_status rj_file_lock(const char *path, int *ret_handle, rj_error *err);
void rj_file_unlock(int handle);

#endif
