/* SPDX-License-Identifier: MIT */
/*
 * Digests of package files: SHA-256 and SHA-512 (mbedTLS, or the processor itself), CRC-32 (libdeflate), hex and base64.
 */
#ifndef RJ_PLUGINS_ARCHIVE_HASH_H
#define RJ_PLUGINS_ARCHIVE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

#define RJ_SHA256_BYTES 32
#define RJ_SHA512_BYTES 64
#define RJ_SHA256_HEX 65    /* with NUL */
#define RJ_SHA512_BASE64 89 /* with NUL */

typedef struct rj_hash rj_hash;

/* `bits` is 256 or 512.  NULL: out of memory. */
rj_hash *rj_hash_new(unsigned bits);
void rj_hash_update(rj_hash *hash, const void *bytes, size_t length);
/* Writes 32 or 64 bytes and frees the hash.  `digest` NULL: only frees. */
void rj_hash_finish(rj_hash *hash, unsigned char *digest);

/* Digest of a whole file, streamed. */
rj_status rj_hash_file(const char *path, unsigned bits, unsigned char *digest, rj_failure *failure);

/* The SHA-256 of a whole file as 64 lower-case hex digits and a NUL. */
rj_status rj_archive_file_sha256(const char *path, char sha256[RJ_SHA256_HEX], rj_failure *failure);

uint32_t rj_crc32(uint32_t crc, const void *bytes, size_t length); /* start with 0 */
/* Size and CRC-32 of a regular file; RJ_E_NOT_FOUND when it is not there. */
rj_status rj_crc32_file(const char *path, uint64_t *ret_size, uint32_t *ret_crc,
                        rj_failure *failure);

/* `text` holds 2 * length + 1 characters. */
void rj_hex(const unsigned char *bytes, size_t length, char *text);
/* `text` holds 4 * ((length + 2) / 3) + 1 characters. */
void rj_base64(const unsigned char *bytes, size_t length, char *text);

#endif
