/* SPDX-License-Identifier: MIT */
/* Records of installed packages: see installed.h. */
#include "installed.h"

#include "archive_hash.h"
#include "nuget_system.h"
#include "nuspec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define RECORD_BYTES_MAX ((size_t)64 << 20)
#define RECORD_DEPTH_MAX 128

static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

void rj_record_clear(rj_record *record)
{
    free(record->id);
    free(record->version);
    free(record->sha256);
    for (size_t i = 0; i < record->count; i++)
        free(record->files[i].path);
    free(record->files);
    *record = (rj_record){0};
}

int rj_record_add(rj_record *record, const char *path, uint64_t size, uint32_t crc32, int has_crc)
{
    if (record->count == record->capacity) {
        size_t capacity = record->capacity ? record->capacity * 2 : 32;
        rj_recorded_file *files = realloc(record->files, capacity * sizeof(*files));
        if (!files)
            return 0;
        record->files = files;
        record->capacity = capacity;
    }
    char *copy = strdup(path);
    if (!copy)
        return 0;
    record->files[record->count++] =
        (rj_recorded_file){.path = copy, .size = size, .crc32 = crc32, .has_crc = has_crc};
    return 1;
}

char *rj_record_print(const rj_record *record, size_t *ret_length)
{
    json_t *files = json_array();
    char *text = NULL;
    int ok = files != NULL;
    for (size_t i = 0; i < record->count && ok; i++) {
        const rj_recorded_file *f = &record->files[i];
        char crc[9];
        snprintf(crc, sizeof(crc), "%08" PRIx32, f->crc32);
        json_t *file = json_pack("{s:s, s:I}", "path", f->path, "size", (json_int_t)f->size);
        if (f->special)
            json_object_set_new(file, "special", json_true());
        ok = file && (!f->has_crc || json_object_set_new(file, "crc32", json_string(crc)) == 0);
        ok = json_array_append_new(files, file) == 0 && ok;
    }
    json_t *document =
        ok ? json_pack("{s:i, s:s, s:s, s:s, s:O}", "format", 1, "id", record->id, "version",
                       record->version, "sha256", record->sha256, "files", files)
           : NULL;
    if (document)
        text = json_dumps(document, JSON_INDENT(1));
    json_decref(document);
    json_decref(files);
    if (text)
        *ret_length = strlen(text);
    return text;
}

/* A path of ours: relative, and nowhere out of the folder. */
static int is_inside(const char *path)
{
    if (!*path || *path == '/')
        return 0;
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "../", 3) == 0 || strcmp(at, "..") == 0)
            return 0;
    }
    return 1;
}

static rj_status damaged(const char *folder, const char *what, rj_failure *failure)
{
    return rj_fail(failure, RJ_E_CORRUPT,
                   "%s/" RJ_RECORD_NAME " is damaged (%s); remove the folder and install the "
                   "package again",
                   folder, what);
}

static rj_status parse_record(const json_t *document, const char *folder, rj_record *record,
                              rj_failure *failure)
{
    const char *id = json_string_value(json_object_get(document, "id"));
    const char *version = json_string_value(json_object_get(document, "version"));
    const char *sha256 = json_string_value(json_object_get(document, "sha256"));
    const json_t *files = json_object_get(document, "files");
    size_t i;
    json_t *file;
    if (json_integer_value(json_object_get(document, "format")) != 1 || !id || !version ||
        !sha256 || rj_id_problem(id) || !json_is_array(files))
        return damaged(folder, "a member is missing or wrong", failure);
    record->id = strdup(id);
    record->version = strdup(version);
    record->sha256 = strdup(sha256);
    if (!record->id || !record->version || !record->sha256)
        return rj_fail_memory(failure);
    json_array_foreach(files, i, file)
    {
        const char *path = json_string_value(json_object_get(file, "path"));
        const char *crc = json_string_value(json_object_get(file, "crc32"));
        json_int_t size = json_integer_value(json_object_get(file, "size"));
        if (!path || size < 0 || !is_inside(path))
            return damaged(folder, "a file is wrong", failure);
        if (!rj_record_add(record, path, (uint64_t)size, crc ? (uint32_t)strtoul(crc, NULL, 16) : 0,
                           crc != NULL))
            return rj_fail_memory(failure);
        record->files[record->count - 1].special = json_is_true(json_object_get(file, "special"));
    }
    return RJ_OK;
}

rj_status rj_record_read(const char *folder, rj_record *ret_record, rj_failure *failure)
{
    char *path = join(folder, RJ_RECORD_NAME), *text = NULL;
    size_t length = 0;
    rj_record record = {0};
    rj_status status = path ? nuget_read_file(path, RECORD_BYTES_MAX, &text, &length, failure)
                            : rj_fail_memory(failure);
    free(path);
    if (status != RJ_OK)
        return status;
    json_error_t error;
    json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    free(text);
    status = document ? parse_record(document, folder, &record, failure)
                      : damaged(folder, error.text, failure);
    json_decref(document);
    if (status != RJ_OK) {
        rj_record_clear(&record);
        return status;
    }
    *ret_record = record;
    return RJ_OK;
}

void rj_record_check(const rj_record *record, const char *folder, size_t *ret_missing,
                     size_t *ret_changed, const char **ret_first_missing)
{
    *ret_missing = *ret_changed = 0;
    *ret_first_missing = NULL;
    for (size_t i = 0; i < record->count; i++) {
        if (record->files[i].special) /* comes and goes with what runs */
            continue;
        char *path = join(folder, record->files[i].path);
        nuget_file file = path ? nuget_look(path) : (nuget_file){0};
        free(path);
        if (file.kind != NUGET_FILE) {
            (*ret_missing)++;
            if (!*ret_first_missing)
                *ret_first_missing = record->files[i].path;
        } else if (file.size != record->files[i].size) {
            (*ret_changed)++;
        }
    }
}

/* ---- Refreshing -------------------------------------------------------------------------------- */

typedef struct refreshing {
    const rj_record *before;
    rj_record now;
    const char *folder;
    int64_t since_ns;
    rj_failure *failure;
} refreshing;

static int by_path(const void *a, const void *b)
{
    return strcmp(((const rj_recorded_file *)a)->path, ((const rj_recorded_file *)b)->path);
}

static rj_status refresh_file(refreshing *r, const char *relative, const char *full,
                              const nuget_file *file)
{
    const rj_recorded_file key = {.path = (char *)(uintptr_t)relative};
    const rj_recorded_file *old =
        r->before->count > 0
            ? bsearch(&key, r->before->files, r->before->count, sizeof(key), by_path)
            : NULL;
    uint64_t size = file->size;
    uint32_t crc = 0;
    int has_crc = 1;
    if (old && old->size == size && file->changed_ns < r->since_ns) {
        crc = old->crc32;
        has_crc = old->has_crc;
    } else {
        rj_status status = rj_crc32_file(full, &size, &crc, r->failure);
        if (status != RJ_OK)
            return status == RJ_E_NOT_FOUND ? RJ_OK : status;
    }
    return rj_record_add(&r->now, relative, size, crc, has_crc) ? RJ_OK
                                                                : rj_fail_memory(r->failure);
}

static rj_status refresh_special(refreshing *r, const char *relative)
{
    if (!rj_record_add(&r->now, relative, 0, 0, 0))
        return rj_fail_memory(r->failure);
    r->now.files[r->now.count - 1].special = 1;
    return RJ_OK;
}

static int can_be_recorded(const char *path)
{
    json_t *text = json_string(path); /* NULL: not UTF-8 */
    json_decref(text);
    return text != NULL;
}

static rj_status refresh_folder(refreshing *r, const char *relative, int depth)
{
    char *full = *relative ? join(r->folder, relative) : strdup(r->folder);
    nuget_names names = {0};
    rj_status status = full ? nuget_list(full, &names, r->failure) : rj_fail_memory(r->failure);
    free(full);
    for (size_t i = 0; i < names.count && status == RJ_OK; i++) {
        if (!*relative && strncmp(names.items[i], RJ_RECORD_NAME, strlen(RJ_RECORD_NAME)) == 0)
            continue;
        char *below = *relative ? join(relative, names.items[i]) : strdup(names.items[i]);
        char *path = below ? join(r->folder, below) : NULL;
        nuget_file file = path ? nuget_look(path) : (nuget_file){0};
        if (!path)
            status = rj_fail_memory(r->failure);
        else if (!can_be_recorded(below))
            status = RJ_OK;
        else if (file.kind == NUGET_FILE)
            status = refresh_file(r, below, path, &file);
        else if (file.kind == NUGET_OTHER)
            status = refresh_special(r, below);
        else if (file.kind == NUGET_FOLDER && depth < RECORD_DEPTH_MAX)
            status = refresh_folder(r, below, depth + 1);
        free(below);
        free(path);
    }
    nuget_names_free(&names);
    return status;
}

rj_status rj_record_refresh(rj_record *record, const char *folder, int64_t since_ns,
                            rj_failure *failure)
{
    refreshing r = {.before = record, .folder = folder, .since_ns = since_ns, .failure = failure};
    if (record->count > 0)
        qsort(record->files, record->count, sizeof(*record->files), by_path);
    rj_status status = refresh_folder(&r, "", 0);
    if (status != RJ_OK) {
        rj_record_clear(&r.now);
        return status;
    }
    for (size_t i = 0; i < record->count; i++)
        free(record->files[i].path);
    free(record->files);
    record->files = r.now.files;
    record->count = r.now.count;
    record->capacity = r.now.capacity;
    return RJ_OK;
}

/* ---- All of a lib folder ----------------------------------------------------------------------- */

static rj_status read_dependencies(const char *folder, rj_package_info *package,
                                   rj_failure *failure)
{
    char *path = NULL, *text = NULL;
    size_t length = 0;
    rj_nuspec nuspec;
    if (asprintf(&path, "%s/%s.nuspec", folder, package->id) < 0)
        return rj_fail_memory(failure);
    rj_status status = nuget_read_file(path, RJ_NUSPEC_BYTES_MAX, &text, &length, failure);
    if (status == RJ_OK)
        status = rj_nuspec_parse(path, text, length, &nuspec, failure);
    if (status == RJ_OK) {
        status = rj_nuspec_dependencies(&nuspec, &package->dependencies, failure);
        rj_nuspec_clear(&nuspec);
    }
    free(text);
    free(path);
    return status;
}

static rj_status read_package(const char *folder, rj_package_info *ret_package, rj_failure *failure)
{
    rj_record record = {0};
    rj_package_info package = {0};
    rj_status status = rj_record_read(folder, &record, failure);
    if (status != RJ_OK)
        return status;
    package.id = record.id;
    package.version_text = record.version;
    record.id = record.version = NULL;
    package.path = strdup(folder);
    rj_record_clear(&record);
    if (!package.path)
        status = rj_fail_memory(failure);
    else if (!rj_version_parse(package.version_text, &package.version))
        status = damaged(folder, "its version is none", failure);
    if (status == RJ_OK) {
        rj_status manifest = read_dependencies(folder, &package, failure);
        /* without its manifest a package holds nobody; whoever detects it sees it missing */
        if (manifest == RJ_E_NO_MEMORY)
            status = manifest;
    }
    if (status != RJ_OK) {
        rj_package_info_clear(&package);
        return status;
    }
    *ret_package = package;
    return RJ_OK;
}

rj_status rj_installed_read(const char *lib_dir, rj_installed *ret_installed, rj_failure *failure)
{
    rj_installed installed = {0};
    nuget_names names = {0};
    rj_status status = nuget_list(lib_dir, &names, failure);
    if (status == RJ_E_NOT_FOUND)
        status = RJ_OK;
    if (status == RJ_OK) {
        installed.items = calloc(names.count + 1, sizeof(*installed.items));
        installed.pointers = calloc(names.count + 1, sizeof(*installed.pointers));
        if (!installed.items || !installed.pointers)
            status = rj_fail_memory(failure);
    }
    for (size_t i = 0; i < names.count && status == RJ_OK; i++) {
        if (names.items[i][0] == '.')
            continue;
        char *folder = join(lib_dir, names.items[i]);
        if (!folder) {
            status = rj_fail_memory(failure);
            break;
        }
        status = read_package(folder, &installed.items[installed.count], failure);
        if (status == RJ_OK) {
            installed.pointers[installed.count] = &installed.items[installed.count];
            installed.count++;
        } else if (status == RJ_E_NOT_FOUND || status == RJ_E_CORRUPT) {
            status = RJ_OK; /* not ours, or not whole */
        }
        free(folder);
    }
    nuget_names_free(&names);
    if (status != RJ_OK) {
        rj_installed_clear(&installed);
        return status;
    }
    *ret_installed = installed;
    return RJ_OK;
}

void rj_installed_clear(rj_installed *installed)
{
    for (size_t i = 0; i < installed->count; i++)
        rj_package_info_clear(&installed->items[i]);
    free(installed->items);
    free(installed->pointers);
    *installed = (rj_installed){0};
}

const rj_package_info *rj_installed_find(const rj_installed *installed, const char *id)
{
    for (size_t i = 0; i < installed->count; i++)
        if (rj_id_equal(installed->items[i].id, id))
            return &installed->items[i];
    return NULL;
}

char *rj_installed_folder(const char *lib_dir, const char *id)
{
    nuget_names names;
    char *found = NULL;
    if (nuget_list(lib_dir, &names, NULL) != RJ_OK)
        return NULL;
    for (size_t i = 0; i < names.count && !found; i++)
        if (rj_id_equal(names.items[i], id))
            found = strdup(names.items[i]);
    nuget_names_free(&names);
    return found;
}
