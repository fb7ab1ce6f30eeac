/* SPDX-License-Identifier: MIT */
/*
 * The package cache: see cache.h.
 *
 * Happy path: source -> part (hashed on the way) -> durable under its hash.
 * Failure modes: whatever fails removes the part; a part left by a crash is removed by the next add.
 * So one folder is used by one thread at a time, as a plugin's lane is one.
 */
#include "cache.h"
#include "archive_internal.h"
#include "cache_part.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PIECE_BYTES ((size_t)256 * 1024)

const char *rj_sha256_problem(const char *text)
{
    size_t digits = 0;

    while (isxdigit((unsigned char)text[digits]))
        digits++;
    if (text[digits] != '\0')
        return "contains something that is not a hexadecimal digit";
    if (digits == 40)
        return "has 40 digits like a SHA-1, which no longer protects: give the SHA-256 (64 digits)";
    return digits == 64 ? NULL : "does not have the 64 digits of a SHA-256";
}

static char *cached_path(const char *folder, const char *sha256, const char *suffix)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s%s", folder, sha256, suffix) < 0 ? NULL : path;
}

/* Copy and hash; `sha256` gets the digits. */
static rj_status copy_hashed(const rj_cache_request *request, rj_source *source, rj_part *part,
                             char *sha256, rj_failure *failure)
{
    uint64_t size = rj_source_size(source);
    unsigned char digest[RJ_SHA256_BYTES];
    char *piece = malloc(PIECE_BYTES);
    rj_hash *hash = rj_hash_new(256);
    rj_status status = piece && hash ? RJ_OK : rj_fail_memory(failure);

    rj_source_sequential(source);
    for (uint64_t at = 0; status == RJ_OK && at < size;) {
        size_t n = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;

        if (request->cancelled && request->cancelled(request->data)) {
            status = rj_fail(failure, RJ_E_CANCELLED, "copying %s was cancelled", request->source);
            break;
        }
        status = rj_source_read(source, at, piece, n, failure);
        if (status != RJ_OK)
            break;
        rj_hash_update(hash, piece, n);
        status = rj_part_write(part, piece, n, failure);
        at += n;
        if (request->progress)
            request->progress(request->data, at, size);
    }
    rj_hash_finish(hash, status == RJ_OK ? digest : NULL);
    if (status == RJ_OK)
        rj_hex(digest, sizeof digest, sha256);
    free(piece);
    return status;
}

rj_status rj_cache_add(const rj_cache_request *request, rj_cached *ret_cached, rj_failure *failure)
{
    char sha256[RJ_SHA256_HEX] = "";
    rj_source *source = NULL;
    rj_status status = RJ_OK;
    rj_part *part = NULL;
    char *path = NULL;

    if (request->sha256 && rj_sha256_problem(request->sha256))
        return rj_fail(failure, RJ_E_INVALID, "hash \"%.80s\" %s", request->sha256,
                       rj_sha256_problem(request->sha256));
    status = rj_source_open(request->source, &source, failure);
    if (status != RJ_OK)
        return status;
    if (rj_source_size(source) > request->max_bytes) {
        status = rj_fail(failure, RJ_E_LIMIT, "%s has %llu bytes; at most %llu are accepted",
                         request->source, (unsigned long long)rj_source_size(source),
                         (unsigned long long)request->max_bytes);
        goto out;
    }
    rj_part_remove_old(request->folder);
    status = rj_part_new(request->folder, &part, failure);
    if (status != RJ_OK)
        goto out;
    status = copy_hashed(request, source, part, sha256, failure);
    if (status == RJ_OK && request->sha256 && strcasecmp(request->sha256, sha256) != 0)
        status = rj_fail(failure, RJ_E_CORRUPT,
                         "%s has the SHA-256 %s, but %s is wanted: it is damaged or another file",
                         request->source, sha256, request->sha256);
    if (status == RJ_OK && !(path = cached_path(request->folder, sha256, request->suffix)))
        status = rj_fail_memory(failure);
    if (status == RJ_OK)
        status = rj_part_keep(part, path, failure);
    if (status != RJ_OK)
        goto out;
    ret_cached->bytes = rj_source_size(source);
    memcpy(ret_cached->sha256, sha256, sizeof sha256);
    ret_cached->path = path;
    path = NULL;
out:
    rj_part_free(part);
    rj_source_close(source);
    free(path);
    return status;
}

rj_status rj_cache_find(const char *folder, const char *sha256, const char *suffix,
                        rj_cached *ret_cached, rj_failure *failure)
{
    unsigned char digest[RJ_SHA256_BYTES];
    char name[RJ_SHA256_HEX], found[RJ_SHA256_HEX];
    const char *problem = rj_sha256_problem(sha256);
    rj_source *source = NULL;
    rj_status status;
    char *path;

    if (problem)
        return rj_fail(failure, RJ_E_INVALID, "hash \"%.80s\" %s", sha256, problem);
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = (char)tolower((unsigned char)sha256[i]);
    path = cached_path(folder, name, suffix);
    if (!path)
        return rj_fail_memory(failure);
    status = rj_hash_file(path, 256, digest, failure);
    if (status == RJ_OK) {
        rj_hex(digest, sizeof digest, found);
        if (strcmp(found, name) != 0 || rj_source_open(path, &source, NULL) != RJ_OK) {
            rj_part_remove(path);
            status = rj_fail(failure, RJ_E_NOT_FOUND, "%s was damaged and has been removed", path);
        }
    }
    if (status != RJ_OK) {
        free(path);
        return status;
    }
    ret_cached->bytes = rj_source_size(source);
    rj_source_close(source);
    memcpy(ret_cached->sha256, name, sizeof name);
    ret_cached->path = path;
    return RJ_OK;
}
