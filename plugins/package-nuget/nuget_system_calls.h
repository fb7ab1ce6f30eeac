/* SPDX-License-Identifier: MIT */
/* What nuget_system.c leaves to the system's half beside nuget_system.h itself. */
#ifndef RJ_PACKAGE_NUGET_SYSTEM_CALLS_H
#define RJ_PACKAGE_NUGET_SYSTEM_CALLS_H

#include "nuget_system.h"

/* One more name; what does not fit into memory leaves the list as it was. */
rj_status nuget_names_add(nuget_names *names, const char *name, rj_failure *failure);
/* The names of nuget_list(), in any order, added to `names`. */
rj_status nuget_list_into(const char *folder, nuget_names *names, rj_failure *failure);

/* A regular file, open for reading; what is none is RJ_E_INVALID. */
typedef struct nuget_reader {
    intptr_t handle; /* the system's */
    uint64_t size;
} nuget_reader;
rj_status nuget_reader_open(const char *path, nuget_reader *ret_reader, rj_failure *failure);
/* At most `size` bytes; 0: the end. */
rj_status nuget_reader_next(nuget_reader *reader, const char *path, char *bytes, size_t size,
                            size_t *ret_length, rj_failure *failure);
void nuget_reader_close(nuget_reader *reader);

/* A new file, gone again on failure.  Nothing is followed: the name must be new. */
rj_status nuget_write_new(const char *path, const char *text, size_t length, int durable,
                          rj_failure *failure);
/* Over what is there.  `verb` and `shown` are for the message where the system has none of its own.
 * Durable with nuget_sync_folder(). */
rj_status nuget_rename_over(const char *from, const char *to, const char *verb, const char *shown,
                            rj_failure *failure);

#endif
