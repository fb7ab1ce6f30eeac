/* SPDX-License-Identifier: MIT */
/* SHA-256 over pieces, each with its length in front, so that "ab","c" and "a","bc" differ. */
#ifndef RJ_ENGINE_DIGEST_H
#define RJ_ENGINE_DIGEST_H

#include <mbedtls/sha256.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rj_digest {
    mbedtls_sha256_context context;
    bool failed;
} rj_digest;

void rj_digest_begin(rj_digest *digest);
void rj_digest_piece(rj_digest *digest, const void *bytes, size_t length);
void rj_digest_string(rj_digest *digest, const char *text); /* NULL differs from "" */
void rj_digest_number(rj_digest *digest, int64_t number);
/* Exactly one of these ends it; false: the library failed. */
bool rj_digest_end_hex(rj_digest *digest, char ret_hex[65]);
bool rj_digest_end_u64(rj_digest *digest, uint64_t *ret_number);

/* Plain SHA-256 of one text, lower-case hex. */
bool rj_sha256_hex(const void *bytes, size_t length, char ret_hex[65]);

#endif
