/* SPDX-License-Identifier: MIT */
/*
 * What installing an archive costs in bytes touched: hash the file, check it, extract it.
 *
 *     archive_bench FILE PARENT NAME
 */
#include "archive.h"
#include "archive_hash.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: archive_bench FILE PARENT NAME\n");
        return 2;
    }
    rj_failure failure = {0};
    rj_archive *archive;
    rj_archive_options options = {.percent_decode = 1};
    rj_archive_extracted extracted;
    unsigned char digest[RJ_SHA256_BYTES];
    char sha256[RJ_SHA256_HEX];
    if (rj_hash_file(argv[1], 256, digest, &failure) != RJ_OK ||
        rj_archive_open(argv[1], &options, &archive, &failure) != RJ_OK) {
        fprintf(stderr, "archive_bench: %s\n", failure.text);
        return 1;
    }
    rj_status status = rj_archive_extract(archive, argv[2], argv[3], NULL, &extracted, &failure);
    rj_archive_close(archive);
    rj_hex(digest, sizeof digest, sha256);
    if (status != RJ_OK) {
        fprintf(stderr, "archive_bench: %s\n", failure.text);
        return 1;
    }
    printf("%s %llu files %llu bytes\n", sha256, (unsigned long long)extracted.files,
           (unsigned long long)extracted.bytes);
    return 0;
}
