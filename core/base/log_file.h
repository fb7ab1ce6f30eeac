/* SPDX-License-Identifier: MIT */
/* The file of a log: who may read it is asked of the system when it is made. */
#ifndef RJ_BASE_LOG_FILE_H
#define RJ_BASE_LOG_FILE_H

#include <stdbool.h>

/* For appending, made if it is missing, no link followed.  posix: 0640.  win32: readable by SYSTEM,
 * Administrators and who makes it.  A descriptor of libuv, or a negative error of it. */
int rj_log_file_open(const char *path);
/* Of a file of a log that an earlier version or somebody's hand may have made: it is readable by the same
 * from now on.  posix: its mode stays.  false: it stays as it is. */
bool rj_log_file_close_to_others(const char *path);

#endif
