/* SPDX-License-Identifier: MIT */
/* The file of a log: who may read it is asked of the system when it is made. */
#ifndef RJ_BASE_LOG_FILE_H
#define RJ_BASE_LOG_FILE_H

/* For appending, made if it is missing, no link followed.  posix: 0640.  win32: readable by SYSTEM,
 * Administrators and who makes it; one that was open to others is closed.
 * A descriptor of libuv, or a negative error of it. */
int rj_log_file_open(const char *path);

#endif
