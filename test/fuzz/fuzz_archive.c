/* SPDX-License-Identifier: MIT */
/* Fuzz target: any bytes as an archive, opened and every member inflated, under small limits. */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    rj_archive_options options = {.limits = {.total_bytes = 1 << 20, .file_bytes = 1 << 19}};
    rj_archive *archive = NULL;
    rj_failure failure;
    options.percent_decode = length > 0 && (bytes[length / 2] & 1);
    if (rj_archive_open_memory("x", bytes, length, &options, &archive, &failure) != RJ_OK)
        return 0;
    for (size_t i = 0; i < rj_archive_count(archive); i++) {
        const char *name = rj_archive_entry_at(archive, i)->name;
        /* what no accepted name may be */
        if (name[0] == '/' || name[0] == '\0' || strstr(name, "../") || strchr(name, '\\') ||
            strchr(name, ':'))
            abort();
    }
    rj_archive_verify(archive, &failure);
    rj_archive_close(archive);
    return 0;
}
