/* SPDX-License-Identifier: MIT */
/*
 * Makes ZIP archives for tests, right ones and every kind of wrong: each field of each header can
 * be lied about.  Fails the running test when memory runs out.
 */
#ifndef TEST_SUPPORT_ZIP_WRITER_H
#define TEST_SUPPORT_ZIP_WRITER_H

#include <stddef.h>
#include <stdint.h>

typedef struct zip_writer zip_writer;

/* All zeros: a stored regular file with right sizes. */
typedef struct zip_member {
    const char *name;
    size_t name_length; /* 0: strlen(name) */
    const void *bytes;
    size_t length;
    int deflate;
    int zip64;                 /* sizes in zip64 fields */
    uint32_t unix_mode;        /* 0: none */
    uint16_t flags;            /* general purpose */
    uint16_t method_lie;       /* 0: the true one */
    const char *local_name;    /* another name in the local header; same length */
    int32_t size_lie;          /* added to the unpacked size in both headers */
    uint32_t crc_lie;          /* xor-ed into the CRC-32 of both headers */
    int64_t offset_lie;        /* added to the local header's offset in the directory */
    uint16_t method_local_lie; /* 0: as in the directory */
} zip_member;

zip_writer *zip_writer_new(void);
void zip_writer_add(zip_writer *zip, const zip_member *member);
/* The usual: one deflated file with a text. */
void zip_writer_text(zip_writer *zip, const char *name, const char *text);
/* The same with mode 0755. */
void zip_writer_script(zip_writer *zip, const char *name, const char *text);
/* A directory entry for data that is already there: member `index` once more. */
void zip_writer_repeat(zip_writer *zip, size_t index, const char *name);

typedef struct zip_end {
    int zip64; /* with a zip64 end record and locator */
    const char *comment;
    int32_t count_lie;
    int32_t directory_offset_lie;
    size_t junk; /* bytes after the end */
    size_t cut;  /* bytes taken off the end */
} zip_end;
/* Close the archive; the bytes are the caller's to free(), the writer is gone.  `end` may be NULL. */
unsigned char *zip_writer_finish(zip_writer *zip, const zip_end *end, size_t *ret_length);
/* The same into a file. */
void zip_writer_save(zip_writer *zip, const zip_end *end, const char *path);

#endif
