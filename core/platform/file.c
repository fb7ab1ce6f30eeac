/* SPDX-License-Identifier: MIT */
/* Files: bounded reading and hashes; the rest is file_posix.c and file_win32.c. */
#include "platform/file_system.h"

#include "base/alloc.h"

#include <mbedtls/sha256.h>

static rj_status too_large(const char *path, size_t max_bytes, rj_error *err)
{
    return rj_fail(err, RJ_E_LIMIT, "%s is larger than the %zu bytes that are accepted", path,
                   max_bytes);
}

/* Files of /proc claim to have 0 bytes, and others may grow: read until the end, not the size. */
static rj_status read_all(const rj_open_file *file, const char *path, size_t max_bytes,
                          char **ret_bytes, size_t *ret_length, rj_error *err)
{
    size_t capacity = file->size < 4000 ? 4000 : (size_t)file->size;
    capacity = capacity < max_bytes ? capacity : max_bytes;
    char *bytes = rj_malloc(capacity + 2);
    size_t used = 0;
    while (bytes) {
        size_t got = 0;
        rj_status status =
            rj_open_file_read(file, path, bytes + used, capacity + 1 - used, &got, err);
        if (status) {
            rj_free(bytes);
            return status;
        }
        used += got;
        if (used <= capacity) {
            bytes[used] = '\0';
            *ret_bytes = bytes;
            *ret_length = used;
            return RJ_OK;
        }
        if (capacity == max_bytes) {
            rj_free(bytes);
            return too_large(path, max_bytes, err);
        }
        capacity = capacity > max_bytes / 2 ? max_bytes : capacity * 2;
        char *larger = rj_realloc(bytes, capacity + 2);
        if (!larger)
            rj_free(bytes);
        bytes = larger;
    }
    return rj_fail_memory(err, "reading a file");
}

rj_status rj_file_read(const char *path, size_t max_bytes, char **ret_bytes, size_t *ret_length,
                       rj_error *err)
{
    rj_open_file file;
    rj_status status = rj_open_file_regular(path, &file, err);
    if (status)
        return status;
    if (file.size > max_bytes)
        status = too_large(path, max_bytes, err);
    else
        status = read_all(&file, path, max_bytes, ret_bytes, ret_length, err);
    rj_open_file_close(&file);
    return status;
}

rj_status rj_open_file_sha256(const rj_open_file *file, const char *path, char ret_hex[65],
                              rj_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char buffer[16384];
    unsigned char digest[32];
    size_t got = 0;
    rj_status status;
    mbedtls_sha256_context sha;
    mbedtls_sha256_init(&sha);
    int failed = mbedtls_sha256_starts(&sha, 0);
    while (!(status = rj_open_file_read(file, path, buffer, sizeof buffer, &got, err)) && got)
        failed |= mbedtls_sha256_update(&sha, buffer, got);
    failed |= mbedtls_sha256_finish(&sha, digest);
    mbedtls_sha256_free(&sha);
    if (!status && failed)
        status = rj_fail(err, RJ_E_FAILED, "%s cannot be hashed", path);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof digest; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[64] = '\0';
    return RJ_OK;
}

rj_status rj_file_sha256(const char *path, char ret_hex[65], rj_error *err)
{
    rj_open_file file;
    rj_status status = rj_open_file_regular(path, &file, err);
    if (status)
        return status;
    status = rj_open_file_sha256(&file, path, ret_hex, err);
    rj_open_file_close(&file);
    return status;
}

uint64_t rj_file_stamp_mix(uint64_t hash, uint64_t value)
{
    hash ^= value;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}
