/* SPDX-License-Identifier: MIT */
/* Digests and their text forms: see archive_hash.h. */
#include "archive_hash.h"
#include "archive_internal.h"
#include "archive_sha256.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <mbedtls/md.h>

#define PIECE_BYTES ((size_t)256 * 1024)

struct rj_hash {
    int fast; /* SHA-256 by the processor; otherwise `md` does it */
    mbedtls_md_context_t md;
    uint32_t state[8];
    uint64_t length;
    unsigned char block[64]; /* the first length % 64 bytes are waiting */
};

static int start_portable(rj_hash *hash, unsigned bits)
{
    const mbedtls_md_info_t *info =
        mbedtls_md_info_from_type(bits == 256 ? MBEDTLS_MD_SHA256 : MBEDTLS_MD_SHA512);
    mbedtls_md_init(&hash->md);
    if (info && mbedtls_md_setup(&hash->md, info, 0) == 0 && mbedtls_md_starts(&hash->md) == 0)
        return 1;
    mbedtls_md_free(&hash->md);
    return 0;
}

rj_hash *rj_hash_new(unsigned bits)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    rj_hash *hash = calloc(1, sizeof(*hash));
    if (!hash)
        return NULL;
    hash->fast = bits == 256 && rj_sha256_available();
    if (hash->fast) {
        memcpy(hash->state, start, sizeof(start));
    } else if (!start_portable(hash, bits)) {
        free(hash);
        return NULL;
    }
    return hash;
}

static void update_fast(rj_hash *hash, const unsigned char *bytes, size_t length)
{
    size_t waiting = (size_t)(hash->length % 64);
    hash->length += length;
    if (waiting > 0) {
        size_t n = length < 64 - waiting ? length : 64 - waiting;
        memcpy(hash->block + waiting, bytes, n);
        bytes += n;
        length -= n;
        if (waiting + n < 64)
            return;
        rj_sha256_blocks(hash->state, hash->block, 1);
    }
    rj_sha256_blocks(hash->state, bytes, length / 64);
    memcpy(hash->block, bytes + length / 64 * 64, length % 64);
}

static void finish_fast(rj_hash *hash, unsigned char *digest)
{
    unsigned char tail[72] = {0x80};
    uint64_t bits = hash->length * 8;
    size_t zeros = 64 - (size_t)((hash->length + 8) % 64); /* 0x80 counts as the first of them */
    for (int i = 0; i < 8; i++)
        tail[zeros + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
    update_fast(hash, tail, zeros + 8);
    for (int i = 0; i < 32; i++)
        digest[i] = (unsigned char)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void rj_hash_update(rj_hash *hash, const void *bytes, size_t length)
{
    if (length == 0)
        return;
    if (hash->fast)
        update_fast(hash, bytes, length);
    else
        mbedtls_md_update(&hash->md, bytes, length);
}

void rj_hash_finish(rj_hash *hash, unsigned char *digest)
{
    if (!hash)
        return;
    if (digest && hash->fast)
        finish_fast(hash, digest);
    else if (digest)
        mbedtls_md_finish(&hash->md, digest);
    if (!hash->fast)
        mbedtls_md_free(&hash->md);
    free(hash);
}

uint32_t rj_crc32(uint32_t crc, const void *bytes, size_t length)
{
    return libdeflate_crc32(crc, bytes, length);
}

/* Hand the whole file to `take` in pieces. */
static rj_status read_all(const char *path, void (*take)(void *data, const void *bytes, size_t n),
                          void *data, uint64_t *ret_size, rj_failure *failure)
{
    rj_source *source = NULL;
    unsigned char *piece = malloc(PIECE_BYTES);
    rj_status status = piece ? rj_source_open(path, &source, failure) : rj_fail_memory(failure);
    if (status == RJ_OK) {
        uint64_t size = rj_source_size(source);
        rj_source_sequential(source);
        for (uint64_t at = 0; at < size && status == RJ_OK;) {
            size_t n = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;
            status = rj_source_read(source, at, piece, n, failure);
            if (status == RJ_OK)
                take(data, piece, n);
            at += n;
        }
        if (status == RJ_OK && ret_size)
            *ret_size = size;
    }
    rj_source_close(source);
    free(piece);
    return status;
}

static void take_hash(void *data, const void *bytes, size_t n)
{
    rj_hash_update(data, bytes, n);
}

rj_status rj_hash_file(const char *path, unsigned bits, unsigned char *digest, rj_failure *failure)
{
    rj_hash *hash = rj_hash_new(bits);
    if (!hash)
        return rj_fail_memory(failure);
    rj_status status = read_all(path, take_hash, hash, NULL, failure);
    rj_hash_finish(hash, status == RJ_OK ? digest : NULL);
    return status;
}

rj_status rj_archive_file_sha256(const char *path, char sha256[RJ_SHA256_HEX], rj_failure *failure)
{
    unsigned char digest[RJ_SHA256_BYTES];
    rj_status status = rj_hash_file(path, 256, digest, failure);
    if (status == RJ_OK)
        rj_hex(digest, sizeof(digest), sha256);
    return status;
}

static void take_crc(void *data, const void *bytes, size_t n)
{
    uint32_t *crc = data;
    *crc = rj_crc32(*crc, bytes, n);
}

rj_status rj_crc32_file(const char *path, uint64_t *ret_size, uint32_t *ret_crc,
                        rj_failure *failure)
{
    uint32_t crc = 0;
    uint64_t size = 0;
    rj_status status = read_all(path, take_crc, &crc, &size, failure);
    if (status != RJ_OK)
        return status;
    *ret_size = size;
    *ret_crc = crc;
    return RJ_OK;
}

void rj_hex(const unsigned char *bytes, size_t length, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

void rj_base64(const unsigned char *bytes, size_t length, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (i + 1 < length)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < length)
            group |= bytes[i + 2];
        *text++ = digits[group >> 18 & 63];
        *text++ = digits[group >> 12 & 63];
        *text++ = i + 1 < length ? digits[group >> 6 & 63] : '=';
        *text++ = i + 2 < length ? digits[group & 63] : '=';
    }
    *text = '\0';
}
