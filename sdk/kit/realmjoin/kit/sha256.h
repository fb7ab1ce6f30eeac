/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/kit/sha256.h -- SHA-256 (FIPS 180-4) of bytes that come in pieces.  It is compiled into the
 * plugin and no part of the ABI.
 *
 *     rj_sha256 hash;
 *     char text[65];
 *     rj_sha256_begin(&hash);
 *     rj_sha256_add(&hash, bytes, length);       as often as there are bytes
 *     rj_sha256_end(&hash, text);                64 digits of lower case
 *
 * Nothing can fail.  At most 2^61 bytes.
 */
#ifndef REALMJOIN_KIT_SHA256_H
#define REALMJOIN_KIT_SHA256_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rj_sha256 {
    uint32_t state[8];
    uint64_t length; /* of all bytes so far */
    unsigned char block[64];
} rj_sha256;

static inline void rj_sha256_begin(rj_sha256 *hash)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(hash->state, start, sizeof start);
    hash->length = 0;
}

static inline uint32_t rj_sha256_turn(uint32_t word, int bits)
{
    return word >> bits | word << (32 - bits);
}

static inline void rj_sha256_spread(const unsigned char *block, uint32_t *words)
{
    int i;

    for (i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (i = 16; i < 64; i++) {
        uint32_t a = words[i - 15], b = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] +
                   (rj_sha256_turn(a, 7) ^ rj_sha256_turn(a, 18) ^ a >> 3) +
                   (rj_sha256_turn(b, 17) ^ rj_sha256_turn(b, 19) ^ b >> 10);
    }
}

static inline void rj_sha256_take(rj_sha256 *hash, const unsigned char *block)
{
    static const uint32_t constants[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};
    uint32_t words[64], s[8];
    int i;

    rj_sha256_spread(block, words);
    memcpy(s, hash->state, sizeof s);
    for (i = 0; i < 64; i++) {
        uint32_t e = s[4], a = s[0];
        uint32_t first = s[7] +
                         (rj_sha256_turn(e, 6) ^ rj_sha256_turn(e, 11) ^ rj_sha256_turn(e, 25)) +
                         ((e & s[5]) ^ (~e & s[6])) + constants[i] + words[i];
        uint32_t second = (rj_sha256_turn(a, 2) ^ rj_sha256_turn(a, 13) ^ rj_sha256_turn(a, 22)) +
                          ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (i = 0; i < 8; i++)
        hash->state[i] += s[i];
}

static inline void rj_sha256_add(rj_sha256 *hash, const void *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;

    while (length) {
        size_t used = (size_t)(hash->length % 64), part = 64 - used;
        if (part > length)
            part = length;
        memcpy(hash->block + used, at, part);
        hash->length += part;
        at += part;
        length -= part;
        if (hash->length % 64 == 0)
            rj_sha256_take(hash, hash->block);
    }
}

/* text[65] */
static inline void rj_sha256_end(rj_sha256 *hash, char *text)
{
    static const unsigned char first = 0x80, zero = 0;
    unsigned char bits[8];
    uint64_t length = hash->length * 8;
    int i;

    for (i = 0; i < 8; i++)
        bits[i] = (unsigned char)(length >> (56 - 8 * i));
    rj_sha256_add(hash, &first, 1);
    while (hash->length % 64 != 56)
        rj_sha256_add(hash, &zero, 1);
    rj_sha256_add(hash, bits, 8);
    for (i = 0; i < 64; i++)
        text[i] = "0123456789abcdef"[hash->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    text[64] = '\0';
}

#ifdef __cplusplus
}
#endif

#endif
