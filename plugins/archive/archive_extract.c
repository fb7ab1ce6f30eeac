/* SPDX-License-Identifier: MIT */
/*
 * Extraction into a new folder.
 *
 * The names are judged, the room is measured, then each file is written in the order of the data, the
 * folders of the current path kept open.  What fails or is cancelled leaves nothing: the new folder is
 * removed again.
 */
#include "archive_extract.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SPACE_MARGIN ((uint64_t)1 << 20)

rj_status rj_archive_check_space(const char *folder, uint64_t bytes, rj_failure *failure)
{
    uint64_t available = 0;
    rj_status status = rj_extract_free_space(folder, &available, failure);
    if (status != RJ_OK)
        return status;
    uint64_t need = bytes + SPACE_MARGIN;
    if (available >= need)
        return RJ_OK;
    return rj_fail(failure, RJ_E_IO,
                   "not enough space: needs %" PRIu64 " MB, %" PRIu64
                   " MB free on %s; free some space and try again",
                   (need + 999999) / 1000000, available / 1000000, folder);
}

static rj_status check_cancelled(const rj_extraction *x)
{
    if (x->options->cancelled && x->options->cancelled(x->options->data))
        return rj_fail(x->failure, RJ_E_CANCELLED, "cancelled while unpacking %s",
                       rj_archive_path(x->archive));
    return RJ_OK;
}

/* Leave folders until the kept path is a prefix of `name`'s folder. */
static void leave(rj_extraction *x, const char *name)
{
    while (x->depth > 1) {
        size_t length = strlen(x->path);
        if (strncmp(name, x->path, length) == 0)
            return;
        rj_extract_leave(x);
        x->path[length - 1] = '\0';
        char *slash = strrchr(x->path, '/');
        *(slash ? slash + 1 : x->path) = '\0';
    }
}

/* Enter the folder of `name`, making what is missing; its last segment comes back. */
static rj_status enter(rj_extraction *x, const char *name, const char **ret_last)
{
    leave(x, name);
    const char *rest = name + strlen(x->path);
    const char *slash;
    while ((slash = strchr(rest, '/')) != NULL) {
        char segment[256];
        size_t length = (size_t)(slash - rest);
        memcpy(segment, rest, length); /* names were checked: at most 255 bytes */
        segment[length] = '\0';
        rj_status status = rj_extract_enter(x, segment, name);
        if (status != RJ_OK)
            return status;
        memcpy(x->path + (rest - name), rest, length + 1);
        x->path[rest - name + (ptrdiff_t)length + 1] = '\0';
        rest = slash + 1;
    }
    *ret_last = rest;
    return RJ_OK;
}

static rj_status write_file(void *data, const void *bytes, size_t length, rj_failure *failure)
{
    rj_extraction *x = data;
    rj_status status = rj_extract_write(x, bytes, length, failure);
    if (status != RJ_OK)
        return status;
    if (x->options->progress)
        x->options->progress(x->options->data, x->done, x->total);
    return check_cancelled(x);
}

static rj_status extract_file(rj_extraction *x, rj_inflater *inflater,
                              const rj_archive_entry *entry)
{
    const char *last = entry->name;
    rj_status status = enter(x, entry->name, &last);
    if (status == RJ_OK)
        status = rj_extract_create(x, last, entry);
    if (status != RJ_OK)
        return status;
    status = rj_inflate_member(inflater, x->archive->source, entry, write_file, x, x->failure);
    status = rj_extract_close(x, entry, status);
    if (status == RJ_OK)
        x->files++;
    return status;
}

static int wanted(const rj_archive_extract_options *options, const rj_archive_entry *entry)
{
    return !options->wanted || options->wanted(options->data, entry);
}

/* What the wanted files take, in whole blocks; and whether the system can have their names. */
static rj_status check_room_and_names(rj_extraction *x)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < rj_archive_count(x->archive); i++) {
        const rj_archive_entry *entry = rj_archive_entry_at(x->archive, i);
        if (!wanted(x->options, entry))
            continue;
        rj_status status = rj_extract_check_name(x, entry);
        if (status != RJ_OK)
            return status;
        x->total += entry->size;
        bytes += (entry->size + 4095) & ~(uint64_t)4095;
    }
    return rj_archive_check_space(x->parent, bytes, x->failure);
}

static rj_status extract_all(rj_extraction *x)
{
    rj_inflater *inflater = rj_archive_inflater(x->archive, x->failure);
    if (!inflater)
        return RJ_E_NO_MEMORY;
    rj_source_sequential(x->archive->source);
    const uint32_t *order = x->archive->file_order;
    rj_status status = RJ_OK;
    for (size_t i = 0; i < rj_archive_count(x->archive) && status == RJ_OK; i++) {
        const rj_archive_entry *entry = rj_archive_entry_at(x->archive, order[i]);
        if (!wanted(x->options, entry))
            continue;
        status = check_cancelled(x);
        if (status == RJ_OK && entry->is_folder) {
            const char *nothing; /* its name ends with '/' */
            status = enter(x, entry->name, &nothing);
        } else if (status == RJ_OK) {
            status = extract_file(x, inflater, entry);
        }
    }
    return status == RJ_OK && x->options->durable ? rj_extract_flush(x) : status;
}

rj_status rj_archive_extract(rj_archive *archive, const char *parent, const char *name,
                             const rj_archive_extract_options *options,
                             rj_archive_extracted *ret_extracted, rj_failure *failure)
{
    static const rj_archive_extract_options nothing_special;
    rj_extraction x = {.archive = archive,
                       .options = options ? options : &nothing_special,
                       .failure = failure,
                       .parent = parent,
                       .name = name};
    size_t longest = 0;
    for (size_t i = 0; i < rj_archive_count(archive); i++) {
        const char *text = rj_archive_entry_at(archive, i)->name;
        size_t depth = 1;
        for (const char *p = text; *p; p++)
            depth += *p == '/';
        if (depth >= RJ_EXTRACT_DEPTH_MAX)
            return rj_fail(failure, RJ_E_LIMIT, "%s: entry '%.300s': has too many folders",
                           rj_archive_path(archive), text);
        size_t length = strlen(text);
        longest = length > longest ? length : longest;
    }
    x.path = calloc(1, longest + 2);
    if (!x.path)
        return rj_fail_memory(failure);
    rj_status status = check_room_and_names(&x);
    if (status == RJ_OK)
        status = rj_extract_make_folder(&x);
    int made = status == RJ_OK;
    if (status == RJ_OK)
        status = extract_all(&x);
    while (x.depth > 0)
        rj_extract_leave(&x);
    free(x.path);
    if (status != RJ_OK) {
        if (made)
            rj_archive_remove_tree(parent, name,
                                   NULL); /* the first failure is the one that counts */
        return status;
    }
    if (ret_extracted)
        *ret_extracted = (rj_archive_extracted){x.files, x.done};
    return RJ_OK;
}
