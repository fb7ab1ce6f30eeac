/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 blocks by the processor's own instructions, where it has them: several times as fast as
 * portable code, and hashing is most of the work of installing a package that does not compress.
 */
#ifndef RJ_PLUGINS_ARCHIVE_SHA256_H
#define RJ_PLUGINS_ARCHIVE_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* 1: rj_sha256_blocks() may be called on this machine. */
int rj_sha256_available(void);
/* Take `count` blocks of 64 bytes into the eight state words. */
void rj_sha256_blocks(uint32_t state[8], const unsigned char *blocks, size_t count);

#endif
