/* SPDX-License-Identifier: MIT */
#include "engine/mirror.h"

#include "base/alloc.h"
#include "base/log.h"

#include <string.h>

#define LOGGER "engine.mirror"

/* ---- The system's ---------------------------------------------------------------------------- */

static rj_status put(void *data, const rj_mirror_id *whose, const rj_mirror_value *values,
                     size_t count, rj_error *err)
{
    return rj_record_mirror_put(data, whose, values, count, err);
}

static rj_status take_away(void *data, const rj_mirror_id *whose, rj_error *err)
{
    return rj_record_mirror_remove(data, whose, err);
}

static rj_status prune(void *data, const rj_mirror_id *kept, size_t count, rj_error *err)
{
    return rj_record_mirror_prune(data, kept, count, err);
}

rj_mirror rj_mirror_of_system(const rj_paths *paths)
{
    return (rj_mirror){
        .data = (rj_paths *)(uintptr_t)paths, .put = put, .remove = take_away, .prune = prune};
}

/* ---- Values ---------------------------------------------------------------------------------- */

static rj_mirror_value text_value(const char *name, const char *text)
{
    bool there = text && text[0];
    return (rj_mirror_value){
        .name = name, .kind = there ? RJ_MIRROR_TEXT : RJ_MIRROR_ABSENT, .text = text};
}

static rj_mirror_value number_value(const char *name, uint32_t number, bool there)
{
    return (rj_mirror_value){
        .name = name, .kind = there ? RJ_MIRROR_NUMBER : RJ_MIRROR_ABSENT, .number = number};
}

void rj_mirror_values_of(const rj_store_record *record, bool ended,
                         rj_mirror_value ret_values[RJ_MIRROR_VALUES])
{
    const rj_record *core = &record->core;
    ret_values[0] = text_value("Version", core->version);
    ret_values[1] = text_value("Type", record->format);
    ret_values[2] = text_value("ArgsHash", core->args_hash);
    ret_values[3] = text_value("DisplayName", record->display_name);
    ret_values[4] = number_value("Success", core->success, ended);
    ret_values[5] = number_value("LastExitCode", (uint32_t)core->exit_code, ended);
}

/* ---- In step --------------------------------------------------------------------------------- */

static void tell(rj_status status, const char *id, const char *correlation, const rj_error *error)
{
    if (status == RJ_E_NOT_FOUND) /* the user is not signed in: made up for at a later start */
        rj_log(RJ_LOG_DEBUG, LOGGER, correlation, "%s: the record is not copied: %s", id,
               error->text);
    else if (status != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, correlation,
               "%s: other products do not see this package's state: %s", id, error->text);
}

static void put_record(const rj_mirror *mirror, const rj_store_record *record, bool ended)
{
    rj_mirror_value values[RJ_MIRROR_VALUES];
    rj_mirror_id whose = {record->core.id, record->core.uid};
    rj_error error = RJ_ERROR_NONE;
    rj_mirror_values_of(record, ended, values);
    rj_status status = mirror->put(mirror->data, &whose, values, RJ_MIRROR_VALUES, &error);
    tell(status, whose.id, record->correlation, &error);
}

static void remove_record(const rj_mirror *mirror, const rj_journal_entry *entry)
{
    rj_mirror_id whose = {entry->id, entry->uid};
    rj_error error = RJ_ERROR_NONE;
    rj_status status = mirror->remove(mirror->data, &whose, &error);
    tell(status, entry->id, entry->correlation, &error);
}

/* A removal that starts says nothing about what is there. */
void rj_mirror_started(const rj_mirror *mirror, const rj_journal_entry *entry)
{
    if (!mirror || entry->verdict == RJ_VERDICT_UNINSTALL)
        return;
    rj_store_record record = {.core = {.id = entry->id,
                                       .uid = entry->uid,
                                       .version = entry->assignment_version,
                                       .args_hash = entry->args_hash},
                              .format = entry->format,
                              .display_name = entry->display_name,
                              .correlation = entry->correlation};
    put_record(mirror, &record, false);
}

void rj_mirror_ended(const rj_mirror *mirror, const rj_journal_entry *entry,
                     const rj_store_record *record)
{
    if (!mirror)
        return;
    if (entry->verdict == RJ_VERDICT_UNINSTALL && record->core.success)
        remove_record(mirror, entry);
    else
        put_record(mirror, record, true);
}

void rj_mirror_dropped(const rj_mirror *mirror, rj_store *store, const rj_journal_entry *entry)
{
    rj_store_record *records = NULL;
    size_t count = 0;
    rj_error error = RJ_ERROR_NONE;
    if (!mirror)
        return;
    rj_status status = rj_store_records(store, &records, &count, &error);
    const rj_store_record *found = NULL;
    for (size_t i = 0; i < count && !found; i++)
        if (records[i].core.uid == entry->uid && strcmp(records[i].core.id, entry->id) == 0)
            found = &records[i];
    if (status != RJ_OK)
        tell(RJ_E_IO, entry->id, entry->correlation, &error);
    else if (found)
        put_record(mirror, found, true);
    else
        remove_record(mirror, entry);
    rj_free(records);
}

void rj_mirror_refresh(const rj_mirror *mirror, rj_store *store)
{
    rj_store_record *records = NULL;
    size_t count = 0;
    rj_error error = RJ_ERROR_NONE;
    if (!mirror)
        return;
    rj_status status = rj_store_records(store, &records, &count, &error);
    rj_mirror_id *kept = status == RJ_OK ? rj_calloc(count ? count : 1, sizeof *kept) : NULL;
    if (status == RJ_OK && !kept)
        status = rj_fail_memory(&error, "copying the records");
    for (size_t i = 0; i < count && status == RJ_OK; i++) {
        kept[i] = (rj_mirror_id){records[i].core.id, records[i].core.uid};
        put_record(mirror, &records[i], true);
    }
    if (status == RJ_OK)
        status = mirror->prune(mirror->data, kept, count, &error);
    if (status != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "other products may see old states of packages: %s",
               error.text);
    rj_free(kept);
    rj_free(records);
}
