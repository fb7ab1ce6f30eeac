/* SPDX-License-Identifier: MIT */
/*
 * The transaction on a lib folder: see install.h.  What is on disk while it runs:
 *
 *   lib/.rj-new-<folder>    a package being unpacked; whole, with its record, before the journal
 *   lib/.rj-journal.json    what is being changed; there exactly as long as the change is open
 *   lib/.rj-old-<folder>    the former package, while the journal stands
 *
 * Installing, each step durable before the next (S: fsync of the lib folder):
 *
 *   1  unpack all packages to .rj-new-*, write manifests and records, syncfs
 *   2  write the journal ("install", folders, which of them replace something)            S
 *   3  per package: lib/<folder> -> .rj-old-<folder>  S,  .rj-new-<folder> -> lib/<folder>  S
 *      then its script, then its record again
 *   4  remove the journal: it counts                                                       S
 *   5  remove .rj-old-*
 *
 * Recovery.  No journal: every .rj-new-* and .rj-old-* is litter (killed in 1 or 5).  An "install"
 * journal: killed in 2 to 4, so everything goes back: where .rj-old-<folder> stands, lib/<folder> is
 * removed and the old one renamed to it; a folder that replaced nothing is removed; then the
 * journal, then the litter.  Doing that twice, or half and again, ends the same.
 *
 * Uninstalling (the script has run): journal ("uninstall", folder) S, unchanged files one by one,
 * the record last, folders that are empty, the journal S.  An "uninstall" journal is always
 * finished, never undone: the record still tells what is ours.
 */
#include "install.h"

#include "archive.h"
#include "archive_hash.h"
#include "installed.h"
#include "journal.h"
#include "nuget_system.h"
#include "nupkg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define NEW_PREFIX ".rj-new-"
#define OLD_PREFIX ".rj-old-"

static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static char *concatenated(const char *start, const char *end)
{
    char *name = NULL;
    return asprintf(&name, "%s%s", start, end) < 0 ? NULL : name;
}

/* What neither counts nor is needed any more. */
static rj_status remove_litter(const char *lib_dir, size_t *ret_removed, rj_failure *failure)
{
    nuget_names names = {0};
    rj_status status = nuget_list(lib_dir, &names, failure);
    *ret_removed = 0;
    for (size_t i = 0; i < names.count && status == RJ_OK; i++) {
        const char *name = names.items[i];
        if (strncmp(name, NEW_PREFIX, strlen(NEW_PREFIX)) != 0 &&
            strncmp(name, OLD_PREFIX, strlen(OLD_PREFIX)) != 0 &&
            strcmp(name, NUGET_JOURNAL ".part") != 0)
            continue;
        status = rj_archive_remove_tree(lib_dir, name, failure);
        (*ret_removed)++;
    }
    nuget_names_free(&names);
    return status == RJ_E_NOT_FOUND ? RJ_OK : status;
}

/* ---- Preparing --------------------------------------------------------------------------------- */

/* Which entries become files, and the record of them. */
typedef struct unpacking {
    rj_install *install;
    rj_install_package *package;
    rj_record record;
    char *package_name, *manifest_name; /* <id>.nupkg, <id>.nuspec */
    uint64_t done_before, total;
} unpacking;

static int is_reserved(const unpacking *u, const char *name)
{
    return rj_id_equal(name, RJ_RECORD_NAME) || rj_id_equal(name, u->package_name);
}

/* The extraction asks twice for each entry; the record is made elsewhere. */
static int wanted(void *data, const rj_archive_entry *entry)
{
    unpacking *u = data;
    size_t length = strlen(entry->name);
    if (!rj_nupkg_is_content(entry) || is_reserved(u, entry->name))
        return 0;
    /* the manifest is written under its own name */
    return strchr(entry->name, '/') || length < 7 ||
           !rj_id_equal(entry->name + length - 7, ".nuspec");
}

static int cancelled(void *data)
{
    unpacking *u = data;
    return u->install->cancelled && u->install->cancelled(u->install->data);
}

static void progress(void *data, uint64_t done, uint64_t of)
{
    unpacking *u = data;
    (void)of;
    if (u->install->progress)
        u->install->progress(u->install->data, u->done_before + done, u->total);
}

static rj_status record_entries(unpacking *u, const rj_archive *archive, rj_failure *failure)
{
    for (size_t i = 0; i < rj_archive_count(archive); i++) {
        const rj_archive_entry *e = rj_archive_entry_at(archive, i);
        if (!wanted(u, e))
            continue;
        u->package->has_script |= nuget_is_install_script(e->name);
        if (!rj_record_add(&u->record, e->name, e->size, e->crc32, 1))
            return rj_fail_memory(failure);
    }
    return RJ_OK;
}

/* The manifest, the package file and the record beside what was unpacked. */
static rj_status add_own_files(unpacking *u, rj_archive *archive, const char *folder,
                               rj_failure *failure)
{
    const rj_archive_entry *manifest = rj_nupkg_manifest(archive);
    char *bytes = NULL, *copy = join(folder, u->package_name), *text = NULL;
    size_t length = 0;
    rj_status status = copy ? RJ_OK : rj_fail_memory(failure);
    if (status == RJ_OK)
        status = rj_archive_read(archive, manifest, RJ_NUSPEC_BYTES_MAX, &bytes, &length, failure);
    if (status == RJ_OK)
        status = nuget_create_file(folder, u->manifest_name, bytes, length, failure);
    if (status == RJ_OK)
        status = nuget_link_or_copy(u->package->package_path, copy, failure);
    if (status == RJ_OK &&
        (!rj_record_add(&u->record, u->manifest_name, length, manifest->crc32, 1) ||
         !rj_record_add(&u->record, u->package_name, nuget_look(copy).size, 0, 0)))
        status = rj_fail_memory(failure);
    if (status == RJ_OK) {
        text = rj_record_print(&u->record, &length);
        status = text ? nuget_create_file(folder, RJ_RECORD_NAME, text, length, failure)
                      : rj_fail_memory(failure);
    }
    free(bytes);
    free(copy);
    free(text);
    return status;
}

static rj_status check_identity(const rj_install_package *package, const rj_nuspec *nuspec,
                                rj_failure *failure)
{
    char *version = rj_version_normalized(&nuspec->version);
    rj_status status = RJ_OK;
    if (!version)
        status = rj_fail_memory(failure);
    else if (!rj_id_equal(nuspec->id, package->id) || strcmp(version, package->version) != 0)
        status = rj_fail(failure, RJ_E_CORRUPT, "%s holds %s %s, but %s %s was fetched",
                         package->package_path, nuspec->id, version, package->id, package->version);
    free(version);
    return status;
}

/* Where it goes: the folder keeps the case of the first install. */
static rj_status find_place(const rj_install *install, rj_install_package *package,
                            const rj_nuspec *nuspec, rj_failure *failure)
{
    package->folder = rj_installed_folder(install->lib_dir, package->id);
    int exists = package->folder != NULL;
    if (!exists)
        package->folder = strdup(nuspec->id);
    package->path = package->folder ? join(install->lib_dir, package->folder) : NULL;
    package->title = nuspec->title ? strdup(nuspec->title) : NULL;
    package->nuspec_version = strdup(nuspec->version_text);
    if (!package->path || !package->nuspec_version)
        return rj_fail_memory(failure);
    if (!exists)
        return RJ_OK;
    rj_record record = {0};
    rj_status status = rj_record_read(package->path, &record, NULL);
    /* a folder without a good record is replaced as well: it is in the place of this id */
    package->old_version = strdup(status == RJ_OK ? record.version : "");
    rj_record_clear(&record);
    return package->old_version ? RJ_OK : rj_fail_memory(failure);
}

static rj_status unpack(unpacking *u, rj_archive *archive, const rj_nuspec *nuspec,
                        rj_failure *failure)
{
    rj_install_package *package = u->package;
    rj_status status = check_identity(package, nuspec, failure);
    if (status == RJ_OK)
        status = find_place(u->install, package, nuspec, failure);
    if (status != RJ_OK)
        return status;
    char *temporary = concatenated(NEW_PREFIX, package->folder);
    char *folder = temporary ? join(u->install->lib_dir, temporary) : NULL;
    u->package_name = concatenated(nuspec->id, ".nupkg");
    u->manifest_name = concatenated(nuspec->id, ".nuspec");
    u->record.id = strdup(nuspec->id);
    u->record.version = strdup(package->version);
    u->record.sha256 = strdup(package->sha256);
    if (!folder || !u->package_name || !u->manifest_name || !u->record.id || !u->record.version ||
        !u->record.sha256)
        status = rj_fail_memory(failure);
    if (status == RJ_OK)
        status = record_entries(u, archive, failure);
    const rj_archive_extract_options options = {.data = u,
                                                .wanted = wanted,
                                                .cancelled = cancelled,
                                                .progress = progress,
                                                .durable = nuget_flushes_each_file};
    rj_archive_extracted extracted = {0};
    if (status == RJ_OK)
        status = rj_archive_extract(archive, u->install->lib_dir, temporary, &options, &extracted,
                                    failure);
    if (status == RJ_OK)
        status = add_own_files(u, archive, folder, failure);
    package->files = u->record.count;
    u->done_before += extracted.bytes;
    free(temporary);
    free(folder);
    return status;
}

static rj_status unpack_package(unpacking *u, rj_failure *failure)
{
    rj_archive *archive = NULL;
    rj_nuspec nuspec;
    rj_status status = rj_nupkg_open(u->package->package_path, &archive, &nuspec, failure);
    if (status != RJ_OK)
        return status;
    status = unpack(u, archive, &nuspec, failure);
    rj_archive_close(archive);
    rj_nuspec_clear(&nuspec);
    rj_record_clear(&u->record);
    free(u->package_name);
    free(u->manifest_name);
    u->package_name = u->manifest_name = NULL;
    return status;
}

/* What all packages need, before any of them is unpacked. */
static rj_status measure(rj_install *install, uint64_t *ret_total, rj_failure *failure)
{
    static const rj_archive_options options = {.percent_decode = 1};
    uint64_t total = 0, space = 0;
    for (size_t i = 0; i < install->count; i++) {
        rj_archive *archive = NULL;
        rj_status status =
            rj_archive_open(install->packages[i].package_path, &options, &archive, failure);
        if (status != RJ_OK)
            return status;
        total += rj_archive_total_size(archive);
        space += rj_archive_total_size(archive) + rj_archive_count(archive) * 2048;
        rj_archive_close(archive);
    }
    *ret_total = total;
    return rj_archive_check_space(install->lib_dir, space, failure);
}

static rj_status write_install_journal(const rj_install *install, rj_failure *failure)
{
    json_t *packages = json_array();
    int scripts = 0;
    for (size_t i = 0; i < install->count; i++) {
        const rj_install_package *package = &install->packages[i];
        scripts |= package->has_script;
        json_array_append_new(packages, json_pack("{s:s, s:b}", "folder", package->folder,
                                                  "replaces", package->old_version != NULL));
    }
    json_t *document = json_pack("{s:i, s:s, s:b, s:o}", "format", 1, "action", "install",
                                 "scripts", scripts, "packages", packages);
    rj_status status = nuget_journal_write(install->lib_dir, document, failure);
    json_decref(document);
    return status;
}

rj_status rj_install_prepare(rj_install *install, rj_failure *failure)
{
    unpacking u = {.install = install};
    rj_recovered recovered;
    size_t removed;
    rj_status status = RJ_OK;
    if (nuget_check_private(install->lib_dir, NULL) != RJ_E_DENIED) /* else made in others' place */
        status = nuget_make_folder(install->lib_dir, failure);
    if (status == RJ_OK)
        status = nuget_check_private(install->lib_dir, failure);
    if (status == RJ_OK)
        status = rj_recover(install->lib_dir, &recovered, failure);
    if (status == RJ_OK)
        status = measure(install, &u.total, failure);
    for (size_t i = 0; i < install->count && status == RJ_OK; i++) {
        u.package = &install->packages[i];
        status = unpack_package(&u, failure);
    }
    if (status == RJ_OK)
        status = nuget_sync_everything(install->lib_dir, failure);
    if (status == RJ_OK)
        status = write_install_journal(install, failure);
    if (status != RJ_OK)
        remove_litter(install->lib_dir, &removed, NULL);
    return status;
}

void rj_install_clear(rj_install *install)
{
    for (size_t i = 0; i < install->count; i++) {
        rj_install_package *package = &install->packages[i];
        free(package->folder);
        free(package->path);
        free(package->old_version);
        free(package->title);
        free(package->nuspec_version);
        package->folder = package->path = package->old_version = NULL;
        package->title = package->nuspec_version = NULL;
    }
}

/* ---- Swapping, settling, ending ---------------------------------------------------------------- */

rj_status rj_install_swap(rj_install *install, size_t index, rj_failure *failure)
{
    const rj_install_package *package = &install->packages[index];
    char *new = concatenated(NEW_PREFIX, package->folder),
         *old = concatenated(OLD_PREFIX, package->folder);
    rj_status status = new &&old ? RJ_OK : rj_fail_memory(failure);
    if (status == RJ_OK && package->old_version)
        status = nuget_move(install->lib_dir, package->folder, old, failure);
    if (status == RJ_OK)
        status = nuget_move(install->lib_dir, new, package->folder, failure);
    free(new);
    free(old);
    return status;
}

rj_status rj_install_settle(rj_install *install, size_t index, int64_t since_ns,
                            rj_failure *failure)
{
    rj_install_package *package = &install->packages[index];
    rj_record record = {0};
    size_t length = 0;
    char *text = NULL;
    rj_status status = rj_record_read(package->path, &record, failure);
    if (status == RJ_OK)
        status = rj_record_refresh(&record, package->path, since_ns, failure);
    if (status == RJ_OK) {
        package->files = record.count;
        text = rj_record_print(&record, &length);
        status = text ? nuget_replace_file(package->path, RJ_RECORD_NAME, text, length, failure)
                      : rj_fail_memory(failure);
    }
    rj_record_clear(&record);
    free(text);
    return status;
}

rj_status rj_install_commit(rj_install *install, rj_failure *failure)
{
    size_t removed;
    rj_status status = nuget_journal_remove(install->lib_dir, failure);
    if (status == RJ_OK) /* what cannot be removed now is removed by the next change */
        remove_litter(install->lib_dir, &removed, NULL);
    return status;
}

/* One folder back to what it was; see the head of this file. */
static rj_status undo_folder(const char *lib_dir, const char *folder, int replaces,
                             rj_failure *failure)
{
    char *old = concatenated(OLD_PREFIX, folder), *old_path = old ? join(lib_dir, old) : NULL;
    rj_status status = old_path ? RJ_OK : rj_fail_memory(failure);
    if (status == RJ_OK && nuget_look(old_path).kind != NUGET_NOTHING) {
        status = rj_archive_remove_tree(lib_dir, folder, failure);
        if (status == RJ_OK)
            status = nuget_move(lib_dir, old, folder, failure);
    } else if (status == RJ_OK && !replaces) {
        status = rj_archive_remove_tree(lib_dir, folder, failure);
    }
    free(old);
    free(old_path);
    return status;
}

static rj_status undo_journal(const char *lib_dir, const json_t *journal, rj_failure *failure)
{
    const json_t *packages = json_object_get(journal, "packages");
    size_t removed;
    for (size_t i = json_array_size(packages); i-- > 0;) {
        const json_t *package = json_array_get(packages, i);
        const char *folder = json_string_value(json_object_get(package, "folder"));
        if (!folder || !rj_archive_is_safe_segment(folder))
            return rj_fail(failure, RJ_E_CORRUPT, "%s/" NUGET_JOURNAL " names no folder", lib_dir);
        rj_status status = undo_folder(lib_dir, folder,
                                       json_is_true(json_object_get(package, "replaces")), failure);
        if (status != RJ_OK)
            return status;
    }
    rj_status status = nuget_sync_folder(lib_dir, failure);
    if (status == RJ_OK)
        status = nuget_journal_remove(lib_dir, failure);
    return status == RJ_OK ? remove_litter(lib_dir, &removed, failure) : status;
}

rj_status rj_install_roll_back(rj_install *install, rj_failure *failure)
{
    json_t *journal;
    rj_status status = nuget_journal_read(install->lib_dir, &journal, failure);
    if (status == RJ_OK && journal)
        status = undo_journal(install->lib_dir, journal, failure);
    json_decref(journal);
    return status;
}

/* ---- Removing ---------------------------------------------------------------------------------- */

static int keep_path(rj_removed *removed, const char *path)
{
    char **left = realloc(removed->left, (removed->left_count + 1) * sizeof(*left));
    if (!left)
        return 0;
    removed->left = left;
    left[removed->left_count] = strdup(path);
    return left[removed->left_count] ? (int)++removed->left_count : 0;
}

void rj_removed_clear(rj_removed *removed)
{
    for (size_t i = 0; i < removed->left_count; i++)
        free(removed->left[i]);
    free(removed->left);
    *removed = (rj_removed){0};
}

static int is_unchanged(const rj_recorded_file *recorded, const char *path)
{
    nuget_file file = nuget_look(path);
    uint64_t size;
    uint32_t crc;
    if (recorded->special)
        return file.kind == NUGET_OTHER;
    if (file.kind != NUGET_FILE || file.size != recorded->size)
        return 0;
    return !recorded->has_crc || (rj_crc32_file(path, &size, &crc, NULL) == RJ_OK &&
                                  size == recorded->size && crc == recorded->crc32);
}

static rj_status remove_files(const char *path, const rj_record *record, rj_removed *removed,
                              rj_failure *failure)
{
    rj_status status = RJ_OK;
    for (size_t i = 0; i < record->count && status == RJ_OK; i++) {
        char *file = join(path, record->files[i].path);
        if (!file)
            return rj_fail_memory(failure);
        if (is_unchanged(&record->files[i], file)) {
            status = nuget_remove_file(file, failure);
            removed->files += status == RJ_OK;
            if (status == RJ_E_DENIED) /* immutable, for one: it stays and is named as left */
                status = RJ_OK;
        }
        free(file);
    }
    return status;
}

/* Note every file that is still there, and remove the folders that are empty. */
static rj_status sweep(const char *path, const char *relative, int depth, rj_removed *removed,
                       rj_failure *failure)
{
    char *full = *relative ? join(path, relative) : strdup(path);
    nuget_names names = {0};
    rj_status status = full ? nuget_list(full, &names, failure) : rj_fail_memory(failure);
    for (size_t i = 0; i < names.count && status == RJ_OK; i++) {
        if (!*relative && strncmp(names.items[i], RJ_RECORD_NAME, strlen(RJ_RECORD_NAME)) == 0)
            continue;
        char *below = *relative ? join(relative, names.items[i]) : strdup(names.items[i]);
        char *child = below ? join(path, below) : NULL;
        if (!child)
            status = rj_fail_memory(failure);
        else if (nuget_look(child).kind == NUGET_FOLDER && depth < 256)
            status = sweep(path, below, depth + 1, removed, failure);
        else if (!keep_path(removed, below))
            status = rj_fail_memory(failure);
        free(below);
        free(child);
    }
    if (status == RJ_OK && *relative)
        nuget_remove_empty_folder(full);
    nuget_names_free(&names);
    free(full);
    return status;
}

/* From any point of an uninstall to its end. */
static rj_status finish_uninstall(const char *lib_dir, const char *folder, rj_removed *removed,
                                  rj_failure *failure)
{
    char *path = join(lib_dir, folder), *record_path = path ? join(path, RJ_RECORD_NAME) : NULL;
    rj_record record = {0};
    rj_status status = record_path ? RJ_OK : rj_fail_memory(failure);
    if (status == RJ_OK && nuget_look(path).kind == NUGET_FOLDER) {
        status = rj_record_read(path, &record, failure);
        if (status == RJ_OK)
            status = remove_files(path, &record, removed, failure);
        else if (status == RJ_E_NOT_FOUND)
            status = RJ_OK; /* it was the last to go */
        if (status == RJ_OK)
            status = sweep(path, "", 0, removed, failure);
        if (status == RJ_OK)
            status = nuget_remove_file(record_path, failure);
        if (status == RJ_OK)
            nuget_remove_empty_folder(path);
    }
    rj_record_clear(&record);
    free(path);
    free(record_path);
    return status == RJ_OK ? nuget_journal_remove(lib_dir, failure) : status;
}

rj_status rj_uninstall(const char *lib_dir, const char *folder, rj_removed *ret_removed,
                       rj_failure *failure)
{
    rj_removed removed = {0};
    json_t *document = json_pack("{s:i, s:s, s:[{s:s}]}", "format", 1, "action", "uninstall",
                                 "packages", "folder", folder);
    rj_status status = nuget_journal_write(lib_dir, document, failure);
    json_decref(document);
    if (status == RJ_OK)
        status = finish_uninstall(lib_dir, folder, &removed, failure);
    if (status != RJ_OK) {
        rj_removed_clear(&removed);
        return status;
    }
    *ret_removed = removed;
    return RJ_OK;
}

/* ---- Recovery ---------------------------------------------------------------------------------- */

rj_status rj_recover(const char *lib_dir, rj_recovered *ret_recovered, rj_failure *failure)
{
    rj_recovered recovered = {.outcome = RJ_RECOVERED_NOTHING};
    json_t *journal;
    size_t litter = 0;
    rj_status status = nuget_journal_read(lib_dir, &journal, failure);
    if (status != RJ_OK)
        return status;
    const json_t *packages = json_object_get(journal, "packages");
    const char *action = json_string_value(json_object_get(journal, "action"));
    const char *folder = json_string_value(json_object_get(json_array_get(packages, 0), "folder"));
    if (!journal) {
        status = remove_litter(lib_dir, &litter, failure);
        if (litter > 0)
            snprintf(recovered.detail, sizeof(recovered.detail),
                     "removed what an interrupted change had left");
    } else if (!action || !folder || !rj_archive_is_safe_segment(folder)) {
        status = rj_fail(failure, RJ_E_CORRUPT, "%s/" NUGET_JOURNAL " is damaged", lib_dir);
    } else if (strcmp(action, "uninstall") == 0) {
        rj_removed removed = {0};
        status = finish_uninstall(lib_dir, folder, &removed, failure);
        rj_removed_clear(&removed);
        recovered.outcome = RJ_RECOVERED_FINISHED;
        snprintf(recovered.detail, sizeof(recovered.detail), "finished removing %.120s", folder);
    } else {
        recovered.scripts = json_is_true(json_object_get(journal, "scripts"));
        recovered.outcome = RJ_RECOVERED_ROLLED_BACK;
        snprintf(recovered.detail, sizeof(recovered.detail),
                 "undid an interrupted install of %zu package(s), the first %.120s",
                 json_array_size(packages), folder);
        status = undo_journal(lib_dir, journal, failure);
    }
    json_decref(journal);
    if (status == RJ_OK)
        *ret_recovered = recovered;
    return status;
}
