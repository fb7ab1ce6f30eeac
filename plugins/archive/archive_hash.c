/* SPDX-License-Identifier: MIT */
/* Digests and their text forms: see archive_hash.h. */
#include "archive_hash.h"
#include "archive_internal.h"

#include <stdlib.h>

#include <libdeflate.h>
#include <mbedtls/md.h>

#define PIECE_BYTES ((size_t)256 * 1024)

struct rj_hash {
    mbedtls_md_context_t md;
};

rj_hash *rj_hash_new(unsigned bits)
{
    rj_hash *hash = calloc(1, sizeof(*hash));
    if (!hash)
        return NULL;
    const mbedtls_md_info_t *info =
        mbedtls_md_info_from_type(bits == 256 ? MBEDTLS_MD_SHA256 : MBEDTLS_MD_SHA512);
    mbedtls_md_init(&hash->md);
    if (!info || mbedtls_md_setup(&hash->md, info, 0) != 0 || mbedtls_md_starts(&hash->md) != 0) {
        mbedtls_md_free(&hash->md);
        free(hash);
        return NULL;
    }
    return hash;
}

void rj_hash_update(rj_hash *hash, const void *bytes, size_t length)
{
    mbedtls_md_update(&hash->md, bytes, length);
}

void rj_hash_finish(rj_hash *hash, unsigned char *digest)
{
    if (!hash)
        return;
    if (digest)
        mbedtls_md_finish(&hash->md, digest);
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
