/* SPDX-License-Identifier: MIT */
/*
 * Reading files of the system that may be missing, refused, huge, or not files at all.
 *
 * Every path is absolute and looked up below `root` ("" is the real system) as if `root` were "/":
 * neither ".." nor a symbolic link leads out of it.  Nothing blocks: FIFOs, sockets and devices are
 * refused, symbolic link loops end.  Every read has a limit.
 * Failure modes: the outcome says which; outputs stay untouched unless it is FILE_READ.
 */
#ifndef PLUGINS_EVIDENCE_BOUNDED_FILE_H
#define PLUGINS_EVIDENCE_BOUNDED_FILE_H

#include <stddef.h>
#include <stdint.h>

typedef enum file_outcome {
    FILE_READ,
    FILE_MISSING,     /* it or a folder above it does not exist */
    FILE_REFUSED,     /* no permission */
    FILE_NOT_REGULAR, /* a FIFO, socket, device, folder, or a link that leads nowhere */
    FILE_TOO_LARGE,   /* more than the limit */
    FILE_FAILED,      /* any other error */
} file_outcome;

/* The outcome in words, to stand after a path: "does not exist". */
const char *file_outcome_text(file_outcome outcome);

/* The whole file, NUL-terminated for convenience, to be freed by the caller. */
file_outcome bounded_file_read(const char *root, const char *path, size_t limit, char **ret_bytes,
                               size_t *ret_length);

/* The first bytes of the file, at most `size` - 1, NUL-terminated, without its last newline. */
file_outcome bounded_file_head(const char *root, const char *path, char *ret_text, size_t size);

/* Open for reading; the caller closes the descriptor. */
file_outcome bounded_file_open(const char *root, const char *path, int *ret_fd);

/* Open a handle of whatever is there, links followed, for paths and sockets only (O_PATH). */
file_outcome bounded_file_locate(const char *root, const char *path, int *ret_fd);

/* FILE_READ if there is something, of whatever kind. */
file_outcome bounded_file_exists(const char *root, const char *path);

/* Where a symbolic link points.  FILE_NOT_REGULAR: it is no link. */
file_outcome bounded_file_link(const char *root, const char *path, char *ret_target, size_t size);

/* The names in a folder, without "." and "..".  FILE_TOO_LARGE: more than `limit`. */
typedef struct file_names {
    char **names;
    size_t count;
} file_names;
file_outcome bounded_file_list(const char *root, const char *path, size_t limit,
                               file_names *ret_names);
void file_names_free(file_names *names);

#endif
