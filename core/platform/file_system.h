/* SPDX-License-Identifier: MIT */
/* What file.c and the system's half have of each other: a regular file that is open for reading. */
#ifndef RJ_PLATFORM_FILE_SYSTEM_H
#define RJ_PLATFORM_FILE_SYSTEM_H

#include "platform/file.h"

typedef struct rj_open_file {
    intptr_t handle; /* the system's */
    uint64_t size;   /* as it claims to be */
} rj_open_file;

/* Opening never blocks; what is no regular file is RJ_E_INVALID. */
rj_status rj_open_file_regular(const char *path, rj_open_file *ret_file, rj_error *err);
/* Bytes read, fewer than `size` only at the end.  `path` is for the message. */
rj_status rj_open_file_read(const rj_open_file *file, const char *path, void *bytes, size_t size,
                            size_t *ret_used, rj_error *err);
void rj_open_file_close(rj_open_file *file);
/* Of what is still to be read (file.c). */
rj_status rj_open_file_sha256(const rj_open_file *file, const char *path, char ret_hex[65],
                              rj_error *err);

/* One more value for a hash of what rj_file_stamp() looks at. */
uint64_t rj_file_stamp_mix(uint64_t hash, uint64_t value);

#endif
