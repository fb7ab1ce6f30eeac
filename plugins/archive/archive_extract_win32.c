/* SPDX-License-Identifier: MIT */
/*
 * Extraction into a new folder, and removal of a tree, on Windows.
 *
 * Every step is relative to an open handle of the folder it happens in and opens links as such, and
 * what turns out to be a link is an error: whatever appears below the new folder while we work,
 * nothing is written outside it.  The handles of the current path are kept.
 *
 * Names that Windows cannot have are found before anything is made; the others were judged when the
 * archive was opened (archive_name.c).
 *
 * Durability: each file is flushed before it is closed, as a volume can only be flushed by an
 * administrator; the names are in the file system's journal.
 */
#include "archive_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_win32.h"

#define DEPTH_MAX 130
#define SPACE_MARGIN ((uint64_t)1 << 20)

typedef struct extraction {
    rj_archive *archive;
    const rj_archive_extract_options *options;
    rj_failure *failure;
    const char *parent, *name; /* for messages */
    HANDLE folders[DEPTH_MAX]; /* [0] the new folder, then one per segment of `path` */
    size_t depth;              /* handles in use */
    char *path;                /* the folder folders[depth - 1] stands for, "" or "a/b/" */
    HANDLE file;
    uint64_t done, total, files;
} extraction;

static rj_status io_failure(rj_failure *failure, const char *verb, const char *folder,
                            const char *name)
{
    DWORD error = GetLastError();
    char shown[700];
    snprintf(shown, sizeof(shown), "%.300s/%.300s", folder, name);
    return rj_file_failure(failure, error, verb, shown);
}

rj_status rj_archive_check_space(const char *folder, uint64_t bytes, rj_failure *failure)
{
    wchar_t *wide = rj_file_wide_path(folder, failure);
    ULARGE_INTEGER available;
    uint64_t need = bytes + SPACE_MARGIN;
    if (!wide)
        return failure ? failure->status : RJ_E_INVALID;
    BOOL known = GetDiskFreeSpaceExW(wide, &available, NULL, NULL);
    DWORD error = GetLastError();
    free(wide);
    if (!known)
        return rj_file_failure(failure, error, "examine the file system of", folder);
    if (available.QuadPart >= need)
        return RJ_OK;
    return rj_fail(failure, RJ_E_IO,
                   "not enough space: needs %" PRIu64 " MB, %" PRIu64
                   " MB free on %s; free some space and try again",
                   (need + 999999) / 1000000, (uint64_t)available.QuadPart / 1000000, folder);
}

static rj_status check_cancelled(const extraction *x)
{
    if (x->options->cancelled && x->options->cancelled(x->options->data))
        return rj_fail(x->failure, RJ_E_CANCELLED, "cancelled while unpacking %s",
                       rj_archive_path(x->archive));
    return RJ_OK;
}

/* Leave folders until the kept path is a prefix of `name`'s folder. */
static void leave(extraction *x, const char *name)
{
    while (x->depth > 1) {
        size_t length = strlen(x->path);
        if (strncmp(name, x->path, length) == 0)
            return;
        CloseHandle(x->folders[--x->depth]);
        x->path[length - 1] = '\0';
        char *slash = strrchr(x->path, '/');
        *(slash ? slash + 1 : x->path) = '\0';
    }
}

/* Open the folder `name` below `at`, made if it is missing; never through a link. */
static HANDLE enter_one(HANDLE at, const char *name, int disposition)
{
    wchar_t *wide = rj_file_wide(name);
    HANDLE folder = wide ? rj_file_open_at(at, wide,
                                           FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_ADD_FILE |
                                               FILE_ADD_SUBDIRECTORY | FILE_READ_ATTRIBUTES,
                                           disposition, RJ_FILE_FOLDER)
                         : INVALID_HANDLE_VALUE;
    if (!wide)
        SetLastError(ERROR_INVALID_NAME);
    free(wide);
    if (folder == INVALID_HANDLE_VALUE)
        return folder;
    if (rj_file_attributes(folder) & FILE_ATTRIBUTE_REPARSE_POINT) {
        CloseHandle(folder);
        SetLastError(ERROR_CANT_ACCESS_FILE);
        return INVALID_HANDLE_VALUE;
    }
    return folder;
}

/* Enter the folder of `name`, making what is missing; its last segment comes back. */
static rj_status enter(extraction *x, const char *name, const char **ret_last)
{
    leave(x, name);
    const char *rest = name + strlen(x->path);
    const char *slash;
    while ((slash = strchr(rest, '/')) != NULL) {
        char segment[256];
        size_t length = (size_t)(slash - rest);
        memcpy(segment, rest, length); /* names were checked: at most 255 bytes */
        segment[length] = '\0';
        HANDLE folder = enter_one(x->folders[x->depth - 1], segment, RJ_FILE_OPEN_OR_CREATE);
        if (folder == INVALID_HANDLE_VALUE)
            return io_failure(x->failure, "make a folder for", x->name, name);
        x->folders[x->depth++] = folder;
        memcpy(x->path + (rest - name), rest, length + 1);
        x->path[rest - name + (ptrdiff_t)length + 1] = '\0';
        rest = slash + 1;
    }
    *ret_last = rest;
    return RJ_OK;
}

static rj_status write_file(void *data, const void *bytes, size_t length, rj_failure *failure)
{
    extraction *x = data;
    if (!rj_file_write(x->file, bytes, length))
        return io_failure(failure, "write below", x->parent, x->name);
    x->done += length;
    if (x->options->progress)
        x->options->progress(x->options->data, x->done, x->total);
    return check_cancelled(x);
}

static rj_status extract_file(extraction *x, rj_inflater *inflater, const rj_archive_entry *entry)
{
    const char *last = entry->name;
    rj_status status = enter(x, entry->name, &last);
    if (status != RJ_OK)
        return status;
    wchar_t *wide = rj_file_wide(last);
    if (!wide)
        return rj_fail_memory(x->failure);
    x->file = rj_file_open_at(x->folders[x->depth - 1], wide, GENERIC_WRITE, RJ_FILE_CREATE,
                              RJ_FILE_PLAIN);
    if (x->file == INVALID_HANDLE_VALUE)
        status = io_failure(x->failure, "create", x->name, entry->name);
    free(wide);
    if (status != RJ_OK)
        return status;
    status = rj_inflate_member(inflater, x->archive->source, entry, write_file, x, x->failure);
    if (status == RJ_OK && x->options->durable && !FlushFileBuffers(x->file))
        status = io_failure(x->failure, "write", x->name, entry->name);
    if (!CloseHandle(x->file) && status == RJ_OK)
        status = io_failure(x->failure, "write", x->name, entry->name);
    if (status == RJ_OK)
        x->files++;
    return status;
}

static int wanted(const rj_archive_extract_options *options, const rj_archive_entry *entry)
{
    return !options->wanted || options->wanted(options->data, entry);
}

/* What the wanted files take, in whole blocks; and whether Windows can have their names. */
static rj_status check_room_and_names(extraction *x)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < rj_archive_count(x->archive); i++) {
        const rj_archive_entry *entry = rj_archive_entry_at(x->archive, i);
        if (!wanted(x->options, entry))
            continue;
        if (strpbrk(entry->name, "<>\"|?*"))
            return rj_fail(x->failure, RJ_E_INVALID,
                           "%s: entry '%.300s': the name has a character that Windows does not "
                           "allow (one of < > \" | ? *)",
                           rj_archive_path(x->archive), entry->name);
        x->total += entry->size;
        bytes += (entry->size + 4095) & ~(uint64_t)4095;
    }
    return rj_archive_check_space(x->parent, bytes, x->failure);
}

static rj_status extract_all(extraction *x)
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
    return status;
}

/* Make and open the new folder as folders[0]. */
static rj_status make_folder(extraction *x)
{
    HANDLE parent =
        rj_file_open(x->parent, FILE_TRAVERSE | FILE_ADD_SUBDIRECTORY, FILE_FLAG_BACKUP_SEMANTICS);
    if (parent == INVALID_HANDLE_VALUE)
        return io_failure(x->failure, "open", x->parent, "");
    rj_status status = RJ_OK;
    x->folders[0] = enter_one(parent, x->name, RJ_FILE_CREATE);
    if (x->folders[0] == INVALID_HANDLE_VALUE)
        status = io_failure(x->failure, "make the folder", x->parent, x->name);
    else
        x->depth = 1;
    CloseHandle(parent);
    return status;
}

rj_status rj_archive_extract(rj_archive *archive, const char *parent, const char *name,
                             const rj_archive_extract_options *options,
                             rj_archive_extracted *ret_extracted, rj_failure *failure)
{
    static const rj_archive_extract_options nothing_special;
    extraction x = {.archive = archive,
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
        if (depth >= DEPTH_MAX)
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
        status = make_folder(&x);
    int made = status == RJ_OK;
    if (status == RJ_OK)
        status = extract_all(&x);
    while (x.depth > 0)
        CloseHandle(x.folders[--x.depth]);
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

/* ---- Removal ----------------------------------------------------------------------------------- */

#define REMOVE_TRIES 20
#define REMOVE_PAUSE_MS 50

typedef struct removal {
    HANDLE folder;
    unsigned depth;
    rj_failure *failure;
} removal;

static rj_status remove_below(HANDLE parent, const wchar_t *name, unsigned depth,
                              rj_failure *failure);

static rj_status remove_child(void *data, const wchar_t *name, DWORD attributes)
{
    const removal *r = data;
    (void)attributes; /* asked again when it is open */
    return remove_below(r->folder, name, r->depth + 1, r->failure);
}

static rj_status removal_failure(rj_failure *failure, DWORD error, const wchar_t *name)
{
    char *shown = rj_file_utf8(name, wcslen(name));
    rj_status status = rj_file_failure(failure, error, "remove", shown ? shown : "a file");
    free(shown);
    return status;
}

/* Mark it for removal; a write protection goes first. */
static int dispose(HANDLE file, DWORD attributes)
{
    FILE_DISPOSITION_INFO gone = {TRUE};
    if (attributes & FILE_ATTRIBUTE_READONLY) {
        FILE_BASIC_INFO basic = {.FileAttributes = attributes & FILE_ATTRIBUTE_DIRECTORY
                                                       ? FILE_ATTRIBUTE_DIRECTORY
                                                       : FILE_ATTRIBUTE_NORMAL};
        SetFileInformationByHandle(file, FileBasicInfo, &basic, sizeof(basic));
    }
    return SetFileInformationByHandle(file, FileDispositionInfo, &gone, sizeof(gone));
}

/* A name stays while somebody else has the file open: wait a moment for scanners. */
static rj_status remove_open(HANDLE file, DWORD attributes, const wchar_t *name,
                             rj_failure *failure)
{
    for (int i = 0; i < REMOVE_TRIES; i++) {
        if (dispose(file, attributes))
            return RJ_OK;
        if (GetLastError() != ERROR_DIR_NOT_EMPTY && GetLastError() != ERROR_SHARING_VIOLATION)
            break;
        Sleep(REMOVE_PAUSE_MS);
    }
    return removal_failure(failure, GetLastError(), name);
}

static rj_status remove_below(HANDLE parent, const wchar_t *name, unsigned depth,
                              rj_failure *failure)
{
    const DWORD access = DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES;
    if (depth > 256)
        return rj_fail(failure, RJ_E_LIMIT, "cannot remove a folder: too many folders in it");
    HANDLE file = rj_file_open_at(parent, name, access | FILE_LIST_DIRECTORY, RJ_FILE_OPEN, 0);
    if (file == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ||
                       error == ERROR_DELETE_PENDING
                   ? RJ_OK
                   : removal_failure(failure, error, name);
    }
    DWORD attributes = rj_file_attributes(file);
    rj_status status = RJ_OK;
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) && !(attributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
        removal r = {file, depth, failure};
        status = rj_file_each(file, "a folder", remove_child, &r, failure);
    }
    if (status == RJ_OK)
        status = remove_open(file, attributes, name, failure);
    CloseHandle(file);
    return status;
}

rj_status rj_archive_remove_tree(const char *parent, const char *name, rj_failure *failure)
{
    HANDLE folder =
        rj_file_open(parent, FILE_TRAVERSE | FILE_LIST_DIRECTORY, FILE_FLAG_BACKUP_SEMANTICS);
    if (folder == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND
                   ? RJ_OK
                   : rj_file_failure(failure, error, "open", parent);
    }
    wchar_t *wide = rj_file_wide(name);
    rj_status status = wide ? remove_below(folder, wide, 0, failure) : rj_fail_memory(failure);
    free(wide);
    CloseHandle(folder);
    return status;
}
