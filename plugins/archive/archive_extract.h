/* SPDX-License-Identifier: MIT */
/*
 * What archive_extract.c leaves to the system's half: folders and files below a new folder, each
 * relative to an open one, and no component followed when it is a link.
 */
#ifndef RJ_PLUGINS_ARCHIVE_EXTRACT_H
#define RJ_PLUGINS_ARCHIVE_EXTRACT_H

#include "archive_internal.h"

#define RJ_EXTRACT_DEPTH_MAX 130

typedef struct rj_extraction {
    rj_archive *archive;
    const rj_archive_extract_options *options;
    rj_failure *failure;
    const char *parent, *name; /* for messages */
    /* The system's: [0] the new folder, then one per segment of `path`. */
    intptr_t folders[RJ_EXTRACT_DEPTH_MAX];
    size_t depth; /* of them open */
    char *path;   /* the folder folders[depth - 1] stands for, "" or "a/b/" */
    intptr_t file;
    uint64_t done, total, files;
} rj_extraction;

/* Make and open the new folder as folders[0], depth 1. */
rj_status rj_extract_make_folder(rj_extraction *x);
/* Open the folder `segment` of the innermost one, made if it is missing, as the next; `name` is the
 * entry that wants it. */
rj_status rj_extract_enter(rj_extraction *x, const char *segment, const char *name);
/* Close the innermost folder. */
void rj_extract_leave(rj_extraction *x);
/* Make the file `last` in the innermost folder, open as `file`. */
rj_status rj_extract_create(rj_extraction *x, const char *last, const rj_archive_entry *entry);
/* All of it, counted in `done`. */
rj_status rj_extract_write(rj_extraction *x, const void *bytes, size_t length, rj_failure *failure);
/* `status` is what became of the file so far; the first failure counts. */
rj_status rj_extract_close(rj_extraction *x, const rj_archive_entry *entry, rj_status status);
/* Everything is on disk on return, as far as closing the files did not see to it. */
rj_status rj_extract_flush(rj_extraction *x);
/* Whether this system can have a file of that name. */
rj_status rj_extract_check_name(const rj_extraction *x, const rj_archive_entry *entry);

/* Bytes free for us in the file system of `folder`; UINT64_MAX: it does not know. */
rj_status rj_extract_free_space(const char *folder, uint64_t *ret_bytes, rj_failure *failure);

#endif
