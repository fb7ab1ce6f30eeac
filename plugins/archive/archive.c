/* SPDX-License-Identifier: MIT */
/*
 * The directory of an archive: end record, zip64 end record, central directory, local headers.
 *
 * Everything a later step relies on is checked here, once, before anything is written: after
 * rj_archive_open() each entry has a safe name, its data lies inside the file before the directory,
 * no two members share a byte, and local and central header tell the same.  What only inflating can
 * show (CRC, true size) is checked by archive_inflate.c.
 */
#include "archive_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EOCD_BYTES 22u
#define LOCATOR_BYTES 20u
#define EOCD64_BYTES 56u
#define CENTRAL_BYTES 46u
#define LOCAL_BYTES 30u
#define COMMENT_MAX 65535u

#define SIGNATURE_EOCD 0x06054b50u
#define SIGNATURE_LOCATOR 0x07064b50u
#define SIGNATURE_EOCD64 0x06064b50u
#define SIGNATURE_CENTRAL 0x02014b50u
#define SIGNATURE_LOCAL 0x04034b50u

#define FLAG_ENCRYPTED 0x0001u
#define FLAG_DESCRIPTOR 0x0008u
#define FLAG_PATCHED 0x0020u
#define FLAG_STRONG 0x0040u
#define FLAG_UTF8 0x0800u
#define FLAG_MASKED 0x2000u

#define MODE_TYPE 0170000u
#define MODE_REGULAR 0100000u
#define MODE_FOLDER 0040000u
#define MODE_LINK 0120000u

/* What the central header says and only opening needs. */
typedef struct central {
    uint64_t local_offset;
    const unsigned char *raw_name;
    uint32_t crc32;
    uint16_t raw_length;
    uint16_t flags;
    uint64_t end; /* one past the member's data */
} central;

/* Only while opening. */
typedef struct opening {
    rj_archive *archive;
    rj_failure *failure;
    int percent_decode;
    uint64_t directory_offset, directory_size, count;
    unsigned char *directory;
    central *centrals;
    char *folded;
} opening;

static uint16_t le16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const unsigned char *p)
{
    return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const unsigned char *p)
{
    return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

static rj_archive_limits with_defaults(const rj_archive_limits *asked)
{
    rj_archive_limits limits = asked ? *asked : (rj_archive_limits){0};
    if (!limits.entries)
        limits.entries = 65535;
    if (!limits.depth)
        limits.depth = 64;
    if (!limits.path_bytes)
        limits.path_bytes = 32000;
    if (!limits.ratio)
        limits.ratio = 200;
    if (!limits.ratio_floor)
        limits.ratio_floor = (uint64_t)10 << 20;
    if (!limits.file_bytes)
        limits.file_bytes = (uint64_t)2 << 30;
    if (!limits.total_bytes)
        limits.total_bytes = (uint64_t)8 << 30;
    if (!limits.directory_bytes)
        limits.directory_bytes = (uint64_t)64 << 20;
    return limits;
}

static rj_status bad_archive(const opening *o, rj_status status, const char *what)
{
    return rj_fail(o->failure, status, "%s: %s", rj_source_path(o->archive->source), what);
}

static rj_status bad_entry(const opening *o, const central *c, rj_status status, const char *what)
{
    char name[RJ_NAME_MAX_PROBLEM];
    rj_name_printable(c->raw_name, c->raw_length, name, sizeof(name));
    return rj_fail(o->failure, status, "%s: entry '%s': %s", rj_source_path(o->archive->source),
                   name, what);
}

/* ---- End records ------------------------------------------------------------------------------- */

/* The 32-bit field must be the sentinel or agree with the zip64 value. */
static int agrees(uint64_t small, uint64_t sentinel, uint64_t large)
{
    return small == sentinel || small == large;
}

static rj_status read_zip64_end(opening *o, const unsigned char *eocd, uint64_t eocd_offset)
{
    unsigned char locator[LOCATOR_BYTES], record[EOCD64_BYTES];
    rj_source *source = o->archive->source;
    rj_status status =
        rj_source_read(source, eocd_offset - LOCATOR_BYTES, locator, sizeof(locator), o->failure);
    if (status != RJ_OK)
        return status;
    uint64_t at = le64(locator + 8);
    if (le32(locator + 4) != 0 || le32(locator + 16) > 1)
        return bad_archive(o, RJ_E_INVALID, "archives of several parts are not accepted");
    if (eocd_offset < LOCATOR_BYTES + EOCD64_BYTES ||
        at > eocd_offset - LOCATOR_BYTES - EOCD64_BYTES)
        return bad_archive(o, RJ_E_CORRUPT, "the zip64 end record is not where it should be");
    status = rj_source_read(source, at, record, sizeof(record), o->failure);
    if (status != RJ_OK)
        return status;
    uint64_t length = le64(record + 4);
    if (le32(record) != SIGNATURE_EOCD64 || length < EOCD64_BYTES - 12 ||
        length != eocd_offset - LOCATOR_BYTES - at - 12)
        return bad_archive(o, RJ_E_CORRUPT, "the zip64 end record is damaged");
    if (le32(record + 16) != 0 || le32(record + 20) != 0 || le64(record + 24) != le64(record + 32))
        return bad_archive(o, RJ_E_INVALID, "archives of several parts are not accepted");
    o->count = le64(record + 32);
    o->directory_size = le64(record + 40);
    o->directory_offset = le64(record + 48);
    if (!agrees(le16(eocd + 10), 0xFFFF, o->count) ||
        !agrees(le32(eocd + 12), 0xFFFFFFFF, o->directory_size) ||
        !agrees(le32(eocd + 16), 0xFFFFFFFF, o->directory_offset))
        return bad_archive(o, RJ_E_CORRUPT, "the two end records disagree");
    if (o->directory_offset > at || o->directory_size != at - o->directory_offset)
        return bad_archive(o, RJ_E_CORRUPT, "the directory does not end at its end record");
    o->archive->zip64 = 1;
    return RJ_OK;
}

static rj_status use_end(opening *o, const unsigned char *eocd, uint64_t eocd_offset)
{
    if (le16(eocd + 4) != 0 || le16(eocd + 6) != 0 || le16(eocd + 8) != le16(eocd + 10))
        return bad_archive(o, RJ_E_INVALID, "archives of several parts are not accepted");
    if (eocd_offset >= LOCATOR_BYTES) {
        unsigned char signature[4];
        rj_status status = rj_source_read(o->archive->source, eocd_offset - LOCATOR_BYTES,
                                          signature, sizeof(signature), o->failure);
        if (status != RJ_OK)
            return status;
        if (le32(signature) == SIGNATURE_LOCATOR)
            return read_zip64_end(o, eocd, eocd_offset);
    }
    o->count = le16(eocd + 10);
    o->directory_size = le32(eocd + 12);
    o->directory_offset = le32(eocd + 16);
    if (o->directory_offset > eocd_offset || o->directory_size != eocd_offset - o->directory_offset)
        return bad_archive(o, RJ_E_CORRUPT, "the directory does not end at its end record");
    return RJ_OK;
}

/* Find the end record: the last signature whose comment reaches the end of the file. */
static rj_status find_end(opening *o)
{
    uint64_t size = rj_source_size(o->archive->source);
    if (size == 0)
        return bad_archive(o, RJ_E_CORRUPT, "the file is empty");
    if (size < EOCD_BYTES)
        return bad_archive(o, RJ_E_CORRUPT, "not a ZIP archive (no end record)");
    size_t length = size < EOCD_BYTES + COMMENT_MAX ? (size_t)size : EOCD_BYTES + COMMENT_MAX;
    uint64_t base = size - length;
    unsigned char *tail = malloc(length);
    if (!tail)
        return rj_fail_memory(o->failure);
    rj_status status = rj_source_read(o->archive->source, base, tail, length, o->failure);
    if (status != RJ_OK)
        goto out;
    size_t found = length;
    int any = 0;
    for (size_t at = length - EOCD_BYTES + 1; at-- > 0 && found == length;) {
        if (le32(tail + at) != SIGNATURE_EOCD)
            continue;
        any = 1;
        if (at + EOCD_BYTES + le16(tail + at + 20) == length)
            found = at;
    }
    if (found == length) {
        status = bad_archive(o, RJ_E_CORRUPT,
                             any ? "cut short, or bytes follow its end"
                                 : "not a ZIP archive, or cut short (no end record)");
        goto out;
    }
    for (size_t at = found + 4; at + 4 <= length; at++) {
        if (le32(tail + at) == SIGNATURE_EOCD) {
            status =
                bad_archive(o, RJ_E_CORRUPT, "a second end record hides in the archive comment");
            goto out;
        }
    }
    status = use_end(o, tail + found, base + found);
out:
    free(tail);
    return status;
}

/* ---- Central directory ------------------------------------------------------------------------- */

/* The zip64 values that stand for sentinels, in their fixed order. */
static int zip64_extra(const unsigned char *extra, size_t length, uint64_t *size, uint64_t *packed,
                       uint64_t *offset)
{
    while (length >= 4) {
        size_t n = le16(extra + 2);
        if (n > length - 4)
            return 0;
        if (le16(extra) == 1) {
            const unsigned char *p = extra + 4;
            uint64_t *const wanted[] = {size, packed, offset};
            for (size_t i = 0; i < 3; i++) {
                if (!wanted[i] || *wanted[i] != 0xFFFFFFFF)
                    continue;
                if (n < 8)
                    return 0;
                *wanted[i] = le64(p);
                p += 8;
                n -= 8;
            }
            return 1;
        }
        extra += 4 + n;
        length -= 4 + n;
    }
    return *size != 0xFFFFFFFF && *packed != 0xFFFFFFFF && (!offset || *offset != 0xFFFFFFFF);
}

static rj_status check_kind(const opening *o, const central *c, rj_archive_entry *e,
                            uint32_t attributes)
{
    uint32_t mode = attributes >> 16;
    switch (mode & MODE_TYPE) {
    case MODE_LINK:
        return bad_entry(o, c, RJ_E_INVALID, "is a symbolic link; links are never created");
    case 0:
    case MODE_REGULAR:
        break;
    case MODE_FOLDER:
        if (!e->is_folder)
            return bad_entry(o, c, RJ_E_INVALID, "is marked as a folder and named as a file");
        break;
    default:
        return bad_entry(o, c, RJ_E_INVALID, "is neither a file nor a folder");
    }
    e->executable = !e->is_folder && (mode & 0111u) != 0;
    if (e->is_folder && e->size != 0)
        return bad_entry(o, c, RJ_E_INVALID, "is a folder and has content");
    return RJ_OK;
}

static rj_status check_flags(const opening *o, const central *c, const rj_archive_entry *e)
{
    char what[80];
    if (c->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED))
        return bad_entry(o, c, RJ_E_INVALID, "is encrypted; encrypted archives are not accepted");
    if (c->flags & FLAG_PATCHED)
        return bad_entry(o, c, RJ_E_INVALID, "holds patch data, which is not accepted");
    if (e->method == 0 || e->method == 8)
        return RJ_OK;
    snprintf(what, sizeof(what), "uses compression method %u; only 0 and 8 are accepted",
             (unsigned)e->method);
    return bad_entry(o, c, RJ_E_INVALID, what);
}

static rj_status check_limits(opening *o, const central *c, const rj_archive_entry *e)
{
    const rj_archive_limits *limits = &o->archive->limits;
    char what[160];
    if (e->size > limits->file_bytes) {
        snprintf(what, sizeof(what), "unpacks to %" PRIu64 " bytes, the limit is %" PRIu64, e->size,
                 limits->file_bytes);
        return bad_entry(o, c, RJ_E_LIMIT, what);
    }
    if (e->size > limits->ratio_floor && e->size / limits->ratio >= e->packed_size + 1) {
        snprintf(what, sizeof(what),
                 "%" PRIu64 " bytes unpack to %" PRIu64 ", more than %u times as much",
                 e->packed_size, e->size, limits->ratio);
        return bad_entry(o, c, RJ_E_LIMIT, what);
    }
    o->archive->total_size += e->size;
    if (o->archive->total_size > limits->total_bytes) {
        snprintf(what, sizeof(what), "unpacks to more than %" PRIu64 " bytes in all",
                 limits->total_bytes);
        return bad_archive(o, RJ_E_LIMIT, what);
    }
    return RJ_OK;
}

/* One central header at `p`, `left` bytes to the directory's end; the header's length comes back. */
static rj_status read_central(opening *o, const unsigned char *p, uint64_t left, size_t index,
                              char *name, size_t *ret_length)
{
    rj_archive_entry *e = &o->archive->entries[index];
    central *c = &o->centrals[index];
    if (left < CENTRAL_BYTES || le32(p) != SIGNATURE_CENTRAL)
        return bad_archive(o, RJ_E_CORRUPT, "the directory is damaged");
    size_t name_length = le16(p + 28), extra = le16(p + 30), comment = le16(p + 32);
    if (left - CENTRAL_BYTES < name_length + extra + comment)
        return bad_archive(o, RJ_E_CORRUPT, "the directory is damaged");
    c->raw_name = p + CENTRAL_BYTES;
    c->raw_length = (uint16_t)name_length;
    c->flags = le16(p + 8);
    c->crc32 = le32(p + 16);
    c->local_offset = le32(p + 42);
    e->method = le16(p + 10);
    e->crc32 = c->crc32;
    e->packed_size = le32(p + 20);
    e->size = le32(p + 24);
    e->has_flags = c->flags != 0 || le32(p + 38) != 0;
    rj_status status = check_flags(o, c, e);
    if (status != RJ_OK)
        return status;
    if (le16(p + 34) != 0)
        return bad_entry(o, c, RJ_E_INVALID, "lies in another part of a split archive");
    if (!zip64_extra(p + CENTRAL_BYTES + name_length, extra, &e->size, &e->packed_size,
                     &c->local_offset))
        return bad_entry(o, c, RJ_E_CORRUPT, "its zip64 field is damaged or missing");
    const char *problem = rj_name_decode(c->raw_name, name_length, c->flags & FLAG_UTF8,
                                         o->percent_decode, &o->archive->limits, name);
    if (problem)
        return bad_entry(o, c, RJ_E_INVALID, problem);
    e->name = name;
    e->is_folder = name[strlen(name) - 1] == '/';
    if (e->method == 0 && e->size != e->packed_size)
        return bad_entry(o, c, RJ_E_CORRUPT, "is stored and its two sizes differ");
    status = check_kind(o, c, e, le32(p + 38));
    if (status == RJ_OK)
        status = check_limits(o, c, e);
    if (status == RJ_OK)
        *ret_length = CENTRAL_BYTES + name_length + extra + comment;
    return status;
}

static rj_status check_collision(opening *o, rj_name_set *set, size_t index, char **folded)
{
    const rj_archive_entry *e = &o->archive->entries[index];
    size_t length = rj_name_fold(e->name, *folded);
    int outcome = rj_name_set_add(set, *folded, length, e->is_folder);
    *folded += length + 1;
    switch (outcome) {
    case RJ_NAME_ADDED:
        return RJ_OK;
    case RJ_NAME_DUPLICATE:
        return bad_entry(o, &o->centrals[index], RJ_E_INVALID,
                         "a second entry has the same name (upper and lower case are the same)");
    case RJ_NAME_FILE_AND_FOLDER:
        return bad_entry(o, &o->centrals[index], RJ_E_INVALID, "is a file and a folder");
    default:
        return rj_fail_memory(o->failure);
    }
}

static rj_status read_directory(opening *o)
{
    rj_archive *archive = o->archive;
    if (o->count == 0)
        return bad_archive(o, RJ_E_INVALID, "the archive has no entries");
    if (o->count > archive->limits.entries || o->directory_size > archive->limits.directory_bytes) {
        char what[120];
        snprintf(what, sizeof(what),
                 "has %" PRIu64 " entries in %" PRIu64
                 " bytes of directory, the limits are %u and %" PRIu64,
                 o->count, o->directory_size, archive->limits.entries,
                 archive->limits.directory_bytes);
        return bad_archive(o, RJ_E_LIMIT, what);
    }
    if (o->count * CENTRAL_BYTES > o->directory_size)
        return bad_archive(o, RJ_E_CORRUPT, "the directory is shorter than its entries");
    size_t count = (size_t)o->count, size = (size_t)o->directory_size;
    /* a decoded name is at most three times its raw length (code page 437); only the pages that are
     * written take memory */
    size_t names = 3 * size + count;
    archive->entries = calloc(count, sizeof(*archive->entries));
    archive->names = malloc(names);
    o->centrals = calloc(count, sizeof(*o->centrals));
    o->directory = malloc(size);
    if (!archive->entries || !archive->names || !o->centrals || !o->directory)
        return rj_fail_memory(o->failure);
    rj_status status =
        rj_source_read(archive->source, o->directory_offset, o->directory, size, o->failure);
    char *name = archive->names;
    size_t at = 0;
    for (size_t i = 0; i < count && status == RJ_OK; i++) {
        size_t length = 0;
        status = read_central(o, o->directory + at, size - at, i, name, &length);
        if (status == RJ_OK)
            name += strlen(name) + 1;
        at += length;
    }
    if (status != RJ_OK)
        return status;
    if (at != size)
        return bad_archive(o, RJ_E_CORRUPT, "the directory has more entries than it says");
    archive->count = count;
    return RJ_OK;
}

static rj_status check_collisions(opening *o)
{
    size_t length = 0;
    for (size_t i = 0; i < o->archive->count; i++)
        length += 2 * strlen(o->archive->entries[i].name) + 1;
    char *folded = o->folded = malloc(length);
    rj_name_set *set = rj_name_set_new(o->archive->count * 2);
    rj_status status = folded && set ? RJ_OK : rj_fail_memory(o->failure);
    for (size_t i = 0; i < o->archive->count && status == RJ_OK; i++)
        status = check_collision(o, set, i, &folded);
    rj_name_set_free(set);
    return status;
}

/* ---- Local headers ----------------------------------------------------------------------------- */

static rj_status compare_local(opening *o, const central *c, const rj_archive_entry *e,
                               const unsigned char *local, size_t have)
{
    size_t name_length = le16(local + 26), extra = le16(local + 28);
    uint64_t packed = le32(local + 18), size = le32(local + 22);
    if (le16(local + 8) != e->method || le16(local + 6) != c->flags)
        return bad_entry(o, c, RJ_E_CORRUPT, "method or flags differ in its two headers");
    if (name_length != c->raw_length || LOCAL_BYTES + name_length > have ||
        memcmp(local + LOCAL_BYTES, c->raw_name, name_length) != 0)
        return bad_entry(o, c, RJ_E_CORRUPT, "has another name in its local header");
    if (LOCAL_BYTES + name_length + extra > have ||
        !zip64_extra(local + LOCAL_BYTES + name_length, extra, &size, &packed, NULL))
        return bad_entry(o, c, RJ_E_CORRUPT, "its local zip64 field is damaged or missing");
    int later = (c->flags & FLAG_DESCRIPTOR) != 0; /* zeros stand here, the truth behind the data */
    if (!(size == e->size || (later && size == 0)) ||
        !(packed == e->packed_size || (later && packed == 0)) ||
        !(le32(local + 14) == e->crc32 || (later && le32(local + 14) == 0)))
        return bad_entry(o, c, RJ_E_CORRUPT, "size or CRC-32 differ in its two headers");
    return RJ_OK;
}

static rj_status read_local(opening *o, size_t index, unsigned char *buffer, size_t buffer_size)
{
    rj_archive_entry *e = &o->archive->entries[index];
    central *c = &o->centrals[index];
    uint64_t limit = o->directory_offset;
    if (c->local_offset > limit || limit - c->local_offset < LOCAL_BYTES)
        return bad_entry(o, c, RJ_E_CORRUPT, "does not lie before the directory");
    uint64_t room = limit - c->local_offset;
    size_t have = room < 256 ? (size_t)room : 256;
    rj_status status =
        rj_source_read(o->archive->source, c->local_offset, buffer, have, o->failure);
    if (status != RJ_OK)
        return status;
    if (le32(buffer) != SIGNATURE_LOCAL)
        return bad_entry(o, c, RJ_E_CORRUPT, "has no local header where the directory points");
    size_t header = (size_t)LOCAL_BYTES + le16(buffer + 26) + le16(buffer + 28);
    if (header > room)
        return bad_entry(o, c, RJ_E_CORRUPT, "does not lie before the directory");
    if (header > have) {
        have = header < buffer_size ? header : buffer_size;
        status = rj_source_read(o->archive->source, c->local_offset, buffer, have, o->failure);
        if (status != RJ_OK)
            return status;
    }
    status = compare_local(o, c, e, buffer, have);
    if (status != RJ_OK)
        return status;
    if (e->packed_size > room - header)
        return bad_entry(o, c, RJ_E_CORRUPT, "does not lie before the directory");
    e->data_offset = c->local_offset + header;
    c->end = e->data_offset + e->packed_size;
    return RJ_OK;
}

typedef struct position {
    uint64_t start, end;
    uint32_t index;
} position;

static int by_start(const void *a, const void *b)
{
    uint64_t x = ((const position *)a)->start, y = ((const position *)b)->start;
    return x < y ? -1 : x > y;
}

/* The members in the order of their data; no two of them may share a byte. */
static rj_status check_overlaps(opening *o)
{
    rj_archive *archive = o->archive;
    position *positions = malloc(archive->count * sizeof(*positions));
    archive->file_order = malloc(archive->count * sizeof(*archive->file_order));
    rj_status status = positions && archive->file_order ? RJ_OK : rj_fail_memory(o->failure);
    for (size_t i = 0; i < archive->count && status == RJ_OK; i++)
        positions[i] = (position){o->centrals[i].local_offset, o->centrals[i].end, (uint32_t)i};
    if (status == RJ_OK)
        qsort(positions, archive->count, sizeof(*positions), by_start);
    for (size_t i = 0; i < archive->count && status == RJ_OK; i++) {
        archive->file_order[i] = positions[i].index;
        if (i > 0 && positions[i].start < positions[i - 1].end)
            status = bad_entry(o, &o->centrals[positions[i].index], RJ_E_CORRUPT,
                               "shares bytes with another entry");
    }
    free(positions);
    return status;
}

static rj_status check_locals(opening *o)
{
    unsigned char *buffer = malloc(LOCAL_BYTES + 2 * 65535u);
    rj_status status = buffer ? RJ_OK : rj_fail_memory(o->failure);
    for (size_t i = 0; i < o->archive->count && status == RJ_OK; i++)
        status = read_local(o, i, buffer, LOCAL_BYTES + 2 * 65535u);
    free(buffer);
    return status == RJ_OK ? check_overlaps(o) : status;
}

/* ---- Opening and closing ----------------------------------------------------------------------- */

static rj_status open_source(rj_source *source, const rj_archive_options *options,
                             rj_archive **ret_archive, rj_failure *failure)
{
    opening o = {.failure = failure, .percent_decode = options && options->percent_decode};
    rj_archive *archive = o.archive = calloc(1, sizeof(*archive));
    if (!archive) {
        rj_source_close(source);
        return rj_fail_memory(failure);
    }
    archive->source = source;
    archive->limits = with_defaults(options ? &options->limits : NULL);
    rj_status status = find_end(&o);
    if (status == RJ_OK)
        status = read_directory(&o);
    if (status == RJ_OK)
        status = check_collisions(&o);
    if (status == RJ_OK)
        status = check_locals(&o);
    free(o.directory);
    free(o.centrals);
    free(o.folded);
    if (status != RJ_OK) {
        rj_archive_close(archive);
        return status;
    }
    *ret_archive = archive;
    return RJ_OK;
}

rj_status rj_archive_open(const char *path, const rj_archive_options *options,
                          rj_archive **ret_archive, rj_failure *failure)
{
    rj_source *source = NULL;
    rj_status status = rj_source_open(path, &source, failure);
    return status == RJ_OK ? open_source(source, options, ret_archive, failure) : status;
}

rj_status rj_archive_open_memory(const char *label, const void *bytes, size_t length,
                                 const rj_archive_options *options, rj_archive **ret_archive,
                                 rj_failure *failure)
{
    rj_source *source = rj_source_memory(label, bytes, length);
    return source ? open_source(source, options, ret_archive, failure) : rj_fail_memory(failure);
}

void rj_archive_close(rj_archive *archive)
{
    if (!archive)
        return;
    rj_source_close(archive->source);
    rj_inflater_free(archive->inflater);
    free(archive->entries);
    free(archive->file_order);
    free(archive->names);
    free(archive);
}
