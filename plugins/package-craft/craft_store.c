/* SPDX-License-Identifier: MIT */
/* The plugin's memory: see craft_store.h. */
#include "craft_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "archive_hash.h"
#include "craft_system.h"
#include "text.h"

#define RECORD_MAX ((size_t)64 * 1024)
#define RECORD_NAME "installed.json"
#define STARTED_NAME "started"
#define UNINSTALLING_NAME "uninstalling"
#define PACKAGE_NAME "package"

static char *joined(const char *a, const char *b, const char *c, const char *d)
{
    char *path = NULL;
    int length = asprintf(&path, "%s%s%s%s%s%s%s", a, b ? "/" : "", b ? b : "", c ? "/" : "",
                          c ? c : "", d ? "/" : "", d ? d : "");

    return length < 0 ? NULL : path;
}

char *craft_store_path(const craft_store *store, const char *area, const char *id, const char *rest)
{
    char *folder = id ? strdup(id) : NULL;
    char *path = NULL;

    for (char *c = folder; c && *c; c++) /* ids are equal when they differ in case alone */
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (folder || !id)
        path = joined(store->state_dir, area, folder, rest);
    free(folder);
    return path;
}

rj_status craft_store_prepare(const craft_store *store, rj_failure *failure)
{
    static const char *const areas[] = {CRAFT_CRAFTS, CRAFT_WORK, CRAFT_OLD, CRAFT_TRASH};
    rj_status status = RJ_OK;

    for (size_t i = 0; i < sizeof areas / sizeof areas[0] && status == RJ_OK; i++) {
        char *path = craft_store_path(store, areas[i], NULL, NULL);

        status = path ? craft_make_folder(path, failure) : rj_fail_memory(failure);
        free(path);
    }
    return status;
}

void craft_store_empty_trash(const craft_store *store)
{
    char *path = craft_store_path(store, CRAFT_TRASH, NULL, NULL);

    if (path)
        craft_empty_folder(path);
    free(path);
}

/* ---- Small steps ----------------------------------------------------------------------------- */

static int is_there(const craft_store *store, const char *area, const char *id, const char *rest)
{
    char *path = craft_store_path(store, area, id, rest);
    int there = path && craft_exists(path);

    free(path);
    return there;
}

/* Out of reach with one rename; deleting takes its time later.  Fine if it is not there. */
static rj_status put_in_trash(const craft_store *store, const char *area, const char *id,
                              const char *rest, rj_failure *failure)
{
    char *path = craft_store_path(store, area, id, rest);
    char *trash = craft_store_path(store, CRAFT_TRASH, NULL, NULL);
    char *place = NULL, *target = NULL;
    rj_status status = path && trash ? RJ_OK : rj_fail_memory(failure);

    if (status == RJ_OK && craft_exists(path)) {
        status = craft_make_unique_folder(trash, &place, failure);
        if (status == RJ_OK && !(target = joined(place, "it", NULL, NULL)))
            status = rj_fail_memory(failure);
        if (status == RJ_OK)
            status = craft_move(path, target, failure);
    }
    free(path);
    free(trash);
    free(place);
    free(target);
    return status;
}

static rj_status move_area(const craft_store *store, const char *from, const char *to,
                           const char *id, rj_failure *failure)
{
    char *source = craft_store_path(store, from, id, NULL);
    char *target = craft_store_path(store, to, id, NULL);
    rj_status status =
        source && target ? craft_move(source, target, failure) : rj_fail_memory(failure);

    free(source);
    free(target);
    return status;
}

static rj_status sync_area(const craft_store *store, const char *area, rj_failure *failure)
{
    char *path = craft_store_path(store, area, NULL, NULL);
    rj_status status = path ? craft_sync_folder(path, failure) : rj_fail_memory(failure);

    free(path);
    return status;
}

static rj_status write_in(const craft_store *store, const char *area, const char *id,
                          const char *name, const char *text, rj_failure *failure)
{
    char *folder = craft_store_path(store, area, id, NULL);
    rj_status status = folder ? craft_write_file(folder, name, text, strlen(text), failure)
                              : rj_fail_memory(failure);

    free(folder);
    return status;
}

static rj_status remove_in(const craft_store *store, const char *area, const char *id,
                           const char *name, rj_failure *failure)
{
    char *path = craft_store_path(store, area, id, name);
    rj_status status = path ? craft_remove_file(path, failure) : rj_fail_memory(failure);

    free(path);
    return status;
}

/* ---- The record ------------------------------------------------------------------------------ */

rj_status craft_store_read(const craft_store *store, const char *area, const char *id,
                           craft_record *ret_record, rj_failure *failure)
{
    char *path = craft_store_path(store, area, id, RECORD_NAME);
    craft_record record = {0};
    const char *version = NULL;
    json_t *document = NULL;
    json_int_t files = 0;
    char *text = NULL;
    rj_status status;

    if (!path)
        return rj_fail_memory(failure);
    status = craft_read_file(path, RECORD_MAX, &text, failure);
    if (status == RJ_OK) {
        document = json_loads(text, 0, NULL);
        if (json_unpack(document, "{s:s, s:I, s:b, s:b}", "version", &version, "files", &files,
                        "detect", &record.has_detect, "uninstall", &record.has_uninstall) != 0 ||
            strlen(version) >= sizeof record.version)
            status = rj_fail(failure, RJ_E_CORRUPT,
                             "%s is not a record of this plugin: remove it to install again", path);
    }
    if (status == RJ_OK) {
        memcpy(record.version, version, strlen(version) + 1);
        record.files = (uint64_t)files;
        *ret_record = record;
    }
    json_decref(document);
    free(text);
    free(path);
    return status;
}

/* The arguments' fingerprint: SHA-256 of the text without white space around it; "" for none. */
static rj_status hash_arguments(const char *args, char *text, rj_failure *failure)
{
    size_t length = strlen(args);
    unsigned char digest[RJ_SHA256_BYTES];
    rj_hash *hash;

    text[0] = '\0';
    while (length > 0 && (unsigned char)args[length - 1] <= ' ')
        length--;
    while (length > 0 && (unsigned char)args[0] <= ' ') {
        args++;
        length--;
    }
    if (length == 0)
        return RJ_OK;
    hash = rj_hash_new(256);
    if (!hash)
        return rj_fail_memory(failure);
    rj_hash_update(hash, args, length);
    rj_hash_finish(hash, digest);
    rj_hex(digest, sizeof digest, text);
    return RJ_OK;
}

rj_status craft_store_mark_succeeded(const craft_store *store, const craft_request *request,
                                     const craft_record *record, rj_failure *failure)
{
    char args_hash[RJ_SHA256_HEX], when[RJ_UTC_TEXT];
    json_t *document;
    char *text;
    rj_status status = hash_arguments(request->args, args_hash, failure);

    if (status != RJ_OK)
        return status;
    rj_utc_text((int64_t)time(NULL), when);
    document = json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:b}", "id", request->id, "version",
                         record->version, "args_hash", args_hash, "installed_at", when, "files",
                         (json_int_t)record->files, "detect", record->has_detect, "uninstall",
                         record->has_uninstall);
    text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
    status = text ? write_in(store, CRAFT_WORK, request->id, RECORD_NAME, text, failure)
                  : rj_fail_memory(failure);
    free(text);
    json_decref(document);
    return status;
}

/* ---- Install --------------------------------------------------------------------------------- */

static rj_status make_scripts_startable(const char *work, const craft_facts *facts,
                                        rj_failure *failure)
{
    const struct {
        const craft_script *script;
        int32_t there;
    } scripts[] = {{&craft_install_script, 1},
                   {&craft_detect_script, facts->has_detect},
                   {&craft_uninstall_script, facts->has_uninstall}};
    rj_status status = RJ_OK;

    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0] && status == RJ_OK; i++) {
        const char *const *name = scripts[i].script->names;

        for (; scripts[i].there && *name && status == RJ_OK; name++) {
            char *path = joined(work, PACKAGE_NAME, *name, NULL);

            status = !path                ? rj_fail_memory(failure)
                     : craft_exists(path) ? craft_make_startable(path, failure)
                                          : RJ_OK;
            free(path);
        }
    }
    return status;
}

rj_status craft_store_unpack(const craft_store *store, const char *id, rj_archive *archive,
                             const craft_facts *facts, const rj_archive_extract_options *options,
                             uint64_t *ret_files, rj_failure *failure)
{
    rj_archive_extract_options wanted = *options;
    rj_archive_extracted extracted = {0};
    char *work = craft_store_path(store, CRAFT_WORK, id, NULL);
    rj_status status = work ? craft_make_folder(work, failure) : rj_fail_memory(failure);

    /* What only serves this one run may be lost with it. */
    wanted.durable = facts->has_detect || facts->has_uninstall;
    if (status == RJ_OK)
        status = rj_archive_extract(archive, work, PACKAGE_NAME, &wanted, &extracted, failure);
    if (status == RJ_OK)
        status = make_scripts_startable(work, facts, failure);
    if (status == RJ_OK)
        *ret_files = extracted.files;
    free(work);
    return status;
}

rj_status craft_store_mark_started(const craft_store *store, const char *id, rj_failure *failure)
{
    return write_in(store, CRAFT_WORK, id, STARTED_NAME, "", failure);
}

rj_status craft_store_discard(const craft_store *store, const char *id, rj_failure *failure)
{
    rj_status status = put_in_trash(store, CRAFT_WORK, id, NULL, failure);

    return status == RJ_OK ? sync_area(store, CRAFT_WORK, failure) : status;
}

/* After a commit: what the record does not need, and the former one. */
static rj_status tidy(const craft_store *store, const char *id, rj_failure *failure)
{
    craft_record record;
    rj_status status = RJ_OK;

    if (is_there(store, CRAFT_CRAFTS, id, STARTED_NAME))
        status = remove_in(store, CRAFT_CRAFTS, id, STARTED_NAME, failure);
    if (status == RJ_OK && is_there(store, CRAFT_CRAFTS, id, PACKAGE_NAME)) {
        status = craft_store_read(store, CRAFT_CRAFTS, id, &record, failure);
        if (status == RJ_OK && !record.has_detect && !record.has_uninstall)
            status = put_in_trash(store, CRAFT_CRAFTS, id, PACKAGE_NAME, failure);
    }
    return status == RJ_OK ? put_in_trash(store, CRAFT_OLD, id, NULL, failure) : status;
}

rj_status craft_store_commit(const craft_store *store, const char *id, rj_failure *failure)
{
    rj_status status = RJ_OK;

    if (is_there(store, CRAFT_CRAFTS, id, NULL)) {
        status = put_in_trash(store, CRAFT_OLD, id, NULL, failure);
        if (status == RJ_OK)
            status = move_area(store, CRAFT_CRAFTS, CRAFT_OLD, id, failure);
    }
    if (status == RJ_OK)
        status = move_area(store, CRAFT_WORK, CRAFT_CRAFTS, id, failure);
    if (status == RJ_OK)
        status = sync_area(store, CRAFT_CRAFTS, failure);
    if (status == RJ_OK)
        status = sync_area(store, CRAFT_WORK, failure);
    return status == RJ_OK ? tidy(store, id, failure) : status;
}

/* ---- Uninstall ------------------------------------------------------------------------------- */

rj_status craft_store_mark_uninstalling(const craft_store *store, const char *id,
                                        rj_failure *failure)
{
    return write_in(store, CRAFT_CRAFTS, id, UNINSTALLING_NAME, "", failure);
}

rj_status craft_store_unmark_uninstalling(const craft_store *store, const char *id,
                                          rj_failure *failure)
{
    return remove_in(store, CRAFT_CRAFTS, id, UNINSTALLING_NAME, failure);
}

rj_status craft_store_forget(const craft_store *store, const char *id, rj_failure *failure)
{
    rj_status status = put_in_trash(store, CRAFT_CRAFTS, id, NULL, failure);

    return status == RJ_OK ? sync_area(store, CRAFT_CRAFTS, failure) : status;
}

/* ---- After a crash --------------------------------------------------------------------------- */

rj_status craft_store_look_back(const craft_store *store, const char *id, craft_trace *ret_trace,
                                rj_failure *failure)
{
    rj_status status = RJ_OK;

    *ret_trace = CRAFT_TRACE_NONE;
    if (is_there(store, CRAFT_WORK, id, NULL)) {
        *ret_trace = is_there(store, CRAFT_WORK, id, RECORD_NAME)    ? CRAFT_TRACE_SUCCEEDED
                     : is_there(store, CRAFT_WORK, id, STARTED_NAME) ? CRAFT_TRACE_STARTED
                                                                     : CRAFT_TRACE_UNPACKED;
        return RJ_OK;
    }
    if (is_there(store, CRAFT_OLD, id, NULL) && !is_there(store, CRAFT_CRAFTS, id, NULL))
        status = move_area(store, CRAFT_OLD, CRAFT_CRAFTS, id, failure);
    if (status == RJ_OK && is_there(store, CRAFT_CRAFTS, id, UNINSTALLING_NAME))
        *ret_trace = CRAFT_TRACE_UNINSTALLING;
    else if (status == RJ_OK)
        status = tidy(store, id, failure);
    return status;
}
