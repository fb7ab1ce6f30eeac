/* SPDX-License-Identifier: MIT */
/*
 * Strict ZIP reading and safe extraction, shared by the package formats.
 *
 * The archive policy: what is not plainly right is refused, with one sentence that names the
 * archive, the entry and what is wrong.
 *
 *   rj_archive_open()      reads and checks the whole directory: end record, central directory,
 *                          every local header, names, collisions, overlaps, limits.  After it every
 *                          entry has a name that is safe to create below a folder.
 *   rj_archive_read()      one member into memory (CRC-32 and size verified)
 *   rj_archive_verify()    every member inflated and verified, nothing kept
 *   rj_archive_extract()   every member into a new folder; on failure the folder is removed
 *
 * Accepted: methods 0 (stored) and 8 (deflate), data descriptors, zip64, an archive comment.
 * Refused: encryption, other methods, several disks, links and devices, names that leave the folder
 * or that some system reads differently, names that are equal when case is ignored, a file that is
 * also a folder, overlapping members, a second end record, bytes after the end, anything over a
 * limit.
 *
 * An rj_archive is used by one thread at a time.  It reads with positioned reads, never by mapping:
 * a file that is cut while it is read is an error, not a signal.
 */
#ifndef RJ_PLUGINS_ARCHIVE_H
#define RJ_PLUGINS_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* What is accepted at most.  0 in a member: the default. */
typedef struct rj_archive_limits {
    uint32_t entries;         /* 65535 */
    uint32_t depth;           /* path segments: 64 */
    uint32_t path_bytes;      /* 32000 */
    uint32_t ratio;           /* unpacked : packed of a member above ratio_floor: 200 */
    uint64_t ratio_floor;     /* 10 MiB */
    uint64_t file_bytes;      /* unpacked size of one member: 2 GiB */
    uint64_t total_bytes;     /* unpacked size of all: 8 GiB */
    uint64_t directory_bytes; /* central directory: 64 MiB */
} rj_archive_limits;

typedef struct rj_archive_options {
    int32_t percent_decode; /* entry names are URI paths (nupkg): decode %XX exactly once */
    rj_archive_limits limits;
} rj_archive_options;

typedef struct rj_archive_entry {
    const char *name; /* decoded, checked, relative, '/' between segments; "a/b/" is a folder */
    uint64_t size;
    uint64_t packed_size;
    uint64_t data_offset;
    uint32_t crc32;
    uint16_t method;
    uint8_t is_folder;
    uint8_t executable; /* the Unix mode has an x bit */
    uint8_t has_flags;  /* general purpose flags or external attributes are not 0 */
} rj_archive_entry;

typedef struct rj_archive rj_archive;

/* `options` NULL: the defaults, no percent-decoding. */
rj_status rj_archive_open(const char *path, const rj_archive_options *options,
                          rj_archive **ret_archive, rj_failure *failure);
/* The same over bytes that outlive the archive; `label` stands for the path in messages. */
rj_status rj_archive_open_memory(const char *label, const void *bytes, size_t length,
                                 const rj_archive_options *options, rj_archive **ret_archive,
                                 rj_failure *failure);
void rj_archive_close(rj_archive *archive); /* NULL is fine */

const char *rj_archive_path(const rj_archive *archive);
size_t rj_archive_count(const rj_archive *archive);
const rj_archive_entry *rj_archive_entry_at(const rj_archive *archive, size_t index);
/* By exact name; NULL: none. */
const rj_archive_entry *rj_archive_find(const rj_archive *archive, const char *name);
uint64_t rj_archive_total_size(const rj_archive *archive); /* unpacked, all members */
int rj_archive_is_zip64(const rj_archive *archive);

/* `max_bytes`: refuse a larger member.  The bytes are followed by a NUL; free() them. */
rj_status rj_archive_read(rj_archive *archive, const rj_archive_entry *entry, uint64_t max_bytes,
                          char **ret_bytes, size_t *ret_length, rj_failure *failure);
rj_status rj_archive_verify(rj_archive *archive, rj_failure *failure);

/* ---- Extraction (archive_extract.c) ------------------------------------------------------------ */

typedef struct rj_archive_extract_options {
    void *data; /* for the three functions, each of which may be NULL */
    int (*wanted)(void *data, const rj_archive_entry *entry);             /* 0: leave it out */
    int (*cancelled)(void *data);                                         /* 1: stop */
    void (*progress)(void *data, uint64_t done_bytes, uint64_t of_bytes); /* unpacked */
    int32_t durable; /* on return every byte and folder entry below the new folder is on disk */
} rj_archive_extract_options;

typedef struct rj_archive_extracted {
    uint64_t files;
    uint64_t bytes;
} rj_archive_extracted;

/*
 * Extract below `parent`/`name`, a folder that must not exist yet and is created here; the caller
 * renames it to its place.  Files are 0644, or 0755 when the entry has an x bit; folders 0755; no
 * link is ever created or followed below `parent`.  On any failure `parent`/`name` is gone again.
 * RJ_E_CANCELLED, RJ_E_CORRUPT (CRC, size), RJ_E_IO (disk full is found out before when possible).
 */
rj_status rj_archive_extract(rj_archive *archive, const char *parent, const char *name,
                             const rj_archive_extract_options *options,
                             rj_archive_extracted *ret_extracted, rj_failure *failure);

/* Remove `parent`/`name` with everything below it, following no link.  Not there: RJ_OK. */
rj_status rj_archive_remove_tree(const char *parent, const char *name, rj_failure *failure);

/* Check that `bytes` more fit below `folder` (an existing one). */
rj_status rj_archive_check_space(const char *folder, uint64_t bytes, rj_failure *failure);

/* ---- Names (archive_name.c) -------------------------------------------------------------------- */

/* 1 if `text` is one safe path segment by the archive policy (for ids used as folder names). */
int rj_archive_is_safe_segment(const char *text);

#endif
