/* SPDX-License-Identifier: MIT */
/* What archive_file.c leaves to the system's half: a regular file, read at places of one's choice. */
#ifndef RJ_PLUGINS_ARCHIVE_FILE_H
#define RJ_PLUGINS_ARCHIVE_FILE_H

#include "archive_internal.h"

/* A link at the end of `path` is followed; opening never blocks. */
rj_status rj_archive_file_open(const char *path, intptr_t *ret_file, uint64_t *ret_size,
                               rj_failure *failure);
void rj_archive_file_close(intptr_t file);
void rj_archive_file_sequential(intptr_t file);
/* At most `length` bytes; 0: the end. */
rj_status rj_archive_file_read(intptr_t file, const char *path, uint64_t offset, void *bytes,
                               size_t length, size_t *ret_read, rj_failure *failure);

#endif
