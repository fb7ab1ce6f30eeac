/* SPDX-License-Identifier: MIT */
/* A failure of the library sticks until the end, where it is told once. */
#include "engine/digest.h"

#include <string.h>

static void add(rj_digest *digest, const void *bytes, size_t length)
{
    if (length && mbedtls_sha256_update(&digest->context, bytes, length) != 0)
        digest->failed = true;
}

static bool end(rj_digest *digest, unsigned char ret_hash[32])
{
    if (mbedtls_sha256_finish(&digest->context, ret_hash) != 0)
        digest->failed = true;
    mbedtls_sha256_free(&digest->context);
    return !digest->failed;
}

static void to_hex(const unsigned char hash[32], char ret_hex[65])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        ret_hex[2 * i] = digits[hash[i] >> 4];
        ret_hex[2 * i + 1] = digits[hash[i] & 15];
    }
    ret_hex[64] = '\0';
}

void rj_digest_begin(rj_digest *digest)
{
    mbedtls_sha256_init(&digest->context);
    digest->failed = mbedtls_sha256_starts(&digest->context, 0) != 0;
}

void rj_digest_number(rj_digest *digest, int64_t number)
{
    unsigned char bytes[8];
    uint64_t value = (uint64_t)number;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    add(digest, bytes, sizeof(bytes));
}

void rj_digest_piece(rj_digest *digest, const void *bytes, size_t length)
{
    rj_digest_number(digest, (int64_t)length);
    add(digest, bytes, length);
}

void rj_digest_string(rj_digest *digest, const char *text)
{
    if (text)
        rj_digest_piece(digest, text, strlen(text));
    else
        rj_digest_number(digest, -1);
}

bool rj_digest_end_hex(rj_digest *digest, char ret_hex[65])
{
    unsigned char hash[32] = {0};
    bool ok = end(digest, hash);
    to_hex(hash, ret_hex);
    return ok;
}

bool rj_digest_end_u64(rj_digest *digest, uint64_t *ret_number)
{
    unsigned char hash[32] = {0};
    bool ok = end(digest, hash);
    memcpy(ret_number, hash, sizeof(*ret_number));
    return ok;
}

bool rj_sha256_hex(const void *bytes, size_t length, char ret_hex[65])
{
    rj_digest digest;
    rj_digest_begin(&digest);
    add(&digest, bytes, length);
    return rj_digest_end_hex(&digest, ret_hex);
}
