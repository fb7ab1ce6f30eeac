/* SPDX-License-Identifier: MIT */
/* What the files of the archive library share. */
#ifndef RJ_PLUGINS_ARCHIVE_INTERNAL_H
#define RJ_PLUGINS_ARCHIVE_INTERNAL_H

#include "archive.h"

/* ---- Where the bytes come from (archive_file.c) ---- */

typedef struct rj_source rj_source;
/* A regular file; a link at the end of `path` is followed. */
rj_status rj_source_open(const char *path, rj_source **ret_source, rj_failure *failure);
rj_source *rj_source_memory(const char *label, const void *bytes, size_t length);
void rj_source_close(rj_source *source);
uint64_t rj_source_size(const rj_source *source);
const char *rj_source_path(const rj_source *source);
/* Exactly `length` bytes or an error. */
rj_status rj_source_read(rj_source *source, uint64_t offset, void *bytes, size_t length,
                         rj_failure *failure);
/* The file is read from start to end from now on. */
void rj_source_sequential(rj_source *source);

/* ---- Names (archive_name.c) ---- */

#define RJ_NAME_MAX_PROBLEM 160
/*
 * Decode `raw` into `name` (capacity 3 * length + 1) and judge it.  NULL: fine.  Otherwise what is
 * wrong with it, a constant text.
 */
const char *rj_name_decode(const unsigned char *raw, size_t length, int utf8_flag,
                           int percent_decode, const rj_archive_limits *limits, char *name);
/* Case-folded copy into `folded` (capacity 2 * strlen(name) + 1); returns its length. */
size_t rj_name_fold(const char *name, char *folded);
/* For messages: `raw` with everything unprintable escaped, cut to fit. */
void rj_name_printable(const unsigned char *raw, size_t length, char *text, size_t size);

/* ---- Collisions (archive_name_set.c) ---- */

typedef struct rj_name_set rj_name_set;
rj_name_set *rj_name_set_new(size_t expected);
void rj_name_set_free(rj_name_set *set);
#define RJ_NAME_ADDED 0
#define RJ_NAME_DUPLICATE 1
#define RJ_NAME_FILE_AND_FOLDER 2
#define RJ_NAME_NO_MEMORY 3
/* `folded` is kept by reference and outlives the set. */
int rj_name_set_add(rj_name_set *set, const char *folded, size_t length, int is_folder);

/* ---- Members (archive_inflate.c) ---- */

typedef struct rj_inflater rj_inflater;
rj_inflater *rj_inflater_new(void);
void rj_inflater_free(rj_inflater *inflater);
/*
 * Hand the verified bytes of a member to `write` in pieces.  A member is only known to be right
 * when this has returned RJ_OK.
 */
typedef rj_status (*rj_member_write)(void *data, const void *bytes, size_t length,
                                     rj_failure *failure);
rj_status rj_inflate_member(rj_inflater *inflater, rj_source *source, const rj_archive_entry *entry,
                            rj_member_write write, void *data, rj_failure *failure);

/* ---- The archive (archive.c opens it, archive_members.c reads from it) ---- */

struct rj_archive {
    rj_source *source;
    rj_inflater *inflater;
    rj_archive_limits limits;
    rj_archive_entry *entries;
    uint32_t *file_order; /* entry indexes in the order of their data in the file */
    char *names;          /* all decoded names */
    size_t count;
    uint64_t total_size;
    int zip64;
};

rj_inflater *rj_archive_inflater(rj_archive *archive, rj_failure *failure);

#endif
