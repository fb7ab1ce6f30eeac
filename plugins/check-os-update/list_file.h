/* SPDX-License-Identifier: MIT */
/*
 * A text file of dpkg or apt, line by line, plain or compressed (.gz, .lz4), in little memory.
 *
 * Happy path: list_file_open() -> list_file_line() until false -> list_file_error() is NULL ->
 * list_file_close().
 * Failure modes: a file that cannot be opened, or is compressed in another way, fails at open; a
 * damaged or endless one ends early with an error.  Lines beyond LIST_FILE_MAX_LINE are cut.
 */
#ifndef PLUGINS_CHECK_OS_UPDATE_LIST_FILE_H
#define PLUGINS_CHECK_OS_UPDATE_LIST_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define LIST_FILE_MAX_LINE 4096
#define LIST_FILE_MAX_TEXT ((size_t)512 * 1024 * 1024) /* after decompression */

typedef struct list_file list_file;

/* NULL with a reason (static text, to stand after the path) on failure. */
list_file *list_file_open(const char *root, const char *path, const char **ret_reason);
/* The next line, without its end, valid until the next call; false: no more. */
bool list_file_line(list_file *file, const char **ret_line);
/* Why it ended early, NULL if it did not. */
const char *list_file_error(const list_file *file);
void list_file_close(list_file *file);

#endif
