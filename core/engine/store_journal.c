/* SPDX-License-Identifier: MIT */
/*
 * The journal: what is being done right now, written before it is done.
 *
 * A row is open until it is DONE, FAILED or DROPPED.  Ended rows stay as the package's history,
 * the newest RJ_STORE_HISTORY for each package and owner.
 */
#include "engine/store_internal.h"

#include "platform/system.h"

#include <stddef.h>
#include <string.h>

static const char *const step_names[] = {
    "planned", "fetching", "changing", "verifying", "done", "failed", "dropped",
};
#define STEP_COUNT (sizeof step_names / sizeof *step_names)

const char *rj_step_name(rj_step step)
{
    return (size_t)step < STEP_COUNT ? step_names[step] : "unknown";
}

/* A name this version does not know is taken for the state that is looked into most carefully. */
static rj_step step_of(const char *name)
{
    for (size_t i = 0; name && i < STEP_COUNT; i++)
        if (strcmp(step_names[i], name) == 0)
            return (rj_step)i;
    return RJ_STEP_CHANGING;
}

static rj_verdict verdict_of(const char *name)
{
    for (int i = RJ_VERDICT_INSTALL; name && i <= RJ_VERDICT_REFUSED; i++)
        if (strcmp(rj_verdict_name((rj_verdict)i), name) == 0)
            return (rj_verdict)i;
    return RJ_VERDICT_NOTHING;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static rj_status insert_entry(rj_store *store, const rj_journal_entry *entry, rj_error *err)
{
    sqlite3_stmt *begin = NULL;
    rj_status status = rj_store_statement(
        store, RJ_STATEMENT_JOURNAL_BEGIN,
        "INSERT INTO journal(id, uid, verdict, step, request, correlation, version, args_hash,"
        " display_name, format, evidence, started) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
        &begin, err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(begin, 1, entry->id);
    sqlite3_bind_int64(begin, 2, entry->uid);
    rj_store_bind_text(begin, 3, rj_verdict_name(entry->verdict));
    rj_store_bind_text(begin, 4, rj_step_name(entry->step));
    rj_store_bind_text(begin, 5, entry->request);
    rj_store_bind_text(begin, 6, entry->correlation);
    rj_store_bind_text(begin, 7, entry->assignment_version);
    rj_store_bind_text(begin, 8, entry->args_hash);
    rj_store_bind_text(begin, 9, entry->display_name);
    rj_store_bind_text(begin, 10, entry->format);
    sqlite3_bind_int64(begin, 11, (sqlite3_int64)entry->evidence);
    sqlite3_bind_int64(begin, 12, entry->started_wall_ms);
    return rj_store_run(store, begin, err);
}

rj_status rj_store_journal_begin(rj_store *store, const rj_journal_entry *entry,
                                 int64_t *ret_number, rj_error *err)
{
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    status = insert_entry(store, entry, err);
    int64_t number = sqlite3_last_insert_rowid(store->db);
    status = rj_store_leave(store, RJ_STORE_WRITE, status, err);
    if (status == RJ_OK)
        *ret_number = number;
    return status;
}

rj_status rj_store_journal_step(rj_store *store, int64_t number, rj_step step, rj_error *err)
{
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    sqlite3_stmt *update = NULL;
    status = rj_store_statement(store, RJ_STATEMENT_JOURNAL_STEP,
                                "UPDATE journal SET step=? WHERE number=? AND ended IS NULL",
                                &update, err);
    if (status == RJ_OK) {
        rj_store_bind_text(update, 1, rj_step_name(step));
        sqlite3_bind_int64(update, 2, number);
        status = rj_store_run(store, update, err);
    }
    if (status == RJ_OK && sqlite3_changes(store->db) != 1)
        status = rj_fail(err, RJ_E_NOT_FOUND, "%s: journal entry %lld is not open", store->path,
                         (long long)number);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

typedef struct entry_end {
    int64_t number;
    rj_step step;
    int32_t exit_code;
    const char *message;
} entry_end;

/* The request is no longer needed and the largest part of the row. */
static rj_status end_entry(rj_store *store, const entry_end *ending, rj_error *err)
{
    sqlite3_stmt *end = NULL;
    rj_status status = rj_store_statement(store, RJ_STATEMENT_JOURNAL_END,
                                          "UPDATE journal SET step=?, ended=?, exit_code=?,"
                                          " message=?, request='' WHERE number=? AND ended IS NULL",
                                          &end, err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(end, 1, rj_step_name(ending->step));
    sqlite3_bind_int64(end, 2, rj_clock_wall_ms());
    sqlite3_bind_int(end, 3, ending->exit_code);
    rj_store_bind_text(end, 4, ending->message);
    sqlite3_bind_int64(end, 5, ending->number);
    status = rj_store_run(store, end, err);
    if (status == RJ_OK && sqlite3_changes(store->db) != 1)
        status = rj_fail(err, RJ_E_NOT_FOUND, "%s: journal entry %lld is not open", store->path,
                         (long long)ending->number);
    return status;
}

static rj_status prune_history(rj_store *store, int64_t number, rj_error *err)
{
    sqlite3_stmt *prune = NULL;
    rj_status status = rj_store_statement(
        store, RJ_STATEMENT_JOURNAL_PRUNE,
        "DELETE FROM journal WHERE number IN ("
        " SELECT old.number FROM journal AS old, journal AS this"
        " WHERE this.number=?1 AND old.id=this.id AND old.uid=this.uid AND old.ended NOT NULL"
        " ORDER BY old.number DESC LIMIT -1 OFFSET ?2)",
        &prune, err);
    if (status != RJ_OK)
        return status;
    sqlite3_bind_int64(prune, 1, number);
    sqlite3_bind_int(prune, 2, RJ_STORE_HISTORY);
    return rj_store_run(store, prune, err);
}

static rj_status keep_outcome(rj_store *store, const rj_journal_entry *entry, rj_step step,
                              const rj_store_record *record, rj_error *err)
{
    if (step == RJ_STEP_DONE) {
        rj_status status = entry->verdict == RJ_VERDICT_UNINSTALL
                               ? rj_store_record_delete(store, entry->id, entry->uid, err)
                               : rj_store_record_write(store, record, err);
        return status == RJ_OK ? rj_store_attempt_delete(store, entry->id, entry->uid, err)
                               : status;
    }
    rj_attempts attempt = {
        .id = entry->id,
        .uid = entry->uid,
        .version = entry->assignment_version,
        .args_hash = entry->args_hash,
        .evidence = entry->evidence,
        .last_wall_ms = record->ended_wall_ms,
        .last_error = record->message,
    };
    rj_status status = rj_store_record_write(store, record, err);
    return status == RJ_OK ? rj_store_attempt_write(store, &attempt, err) : status;
}

rj_status rj_store_journal_end(rj_store *store, const rj_journal_entry *entry, rj_step step,
                               const rj_store_record *record, rj_error *err)
{
    entry_end ending = {entry->number, step, record->core.exit_code, record->message};
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    status = end_entry(store, &ending, err);
    if (status == RJ_OK)
        status = keep_outcome(store, entry, step, record, err);
    if (status == RJ_OK)
        status = prune_history(store, entry->number, err);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

rj_status rj_store_journal_drop(rj_store *store, int64_t number, const char *message, rj_error *err)
{
    entry_end ending = {number, RJ_STEP_DROPPED, 0, message};
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    status = end_entry(store, &ending, err);
    if (status == RJ_OK)
        status = prune_history(store, number, err);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void add_entry(rj_store_rows *rows, sqlite3_stmt *open)
{
    rj_journal_entry *entry = rj_store_rows_add(rows);
    if (!entry)
        return;
    entry->number = sqlite3_column_int64(open, 0);
    entry->id = rj_store_column(rows, open, 1);
    entry->uid = (rj_uid)sqlite3_column_int64(open, 2);
    entry->verdict = verdict_of((const char *)sqlite3_column_text(open, 3));
    entry->step = step_of((const char *)sqlite3_column_text(open, 4));
    entry->request = rj_store_column(rows, open, 5);
    entry->correlation = rj_store_column(rows, open, 6);
    entry->assignment_version = rj_store_column(rows, open, 7);
    entry->args_hash = rj_store_column(rows, open, 8);
    entry->display_name = rj_store_column(rows, open, 9);
    entry->format = rj_store_column(rows, open, 10);
    entry->evidence = (uint64_t)sqlite3_column_int64(open, 11);
    entry->started_wall_ms = sqlite3_column_int64(open, 12);
}

rj_status rj_store_journal_open_entries(rj_store *store, rj_journal_entry **ret_entries,
                                        size_t *ret_count, rj_error *err)
{
    static const size_t strings[] = {
        offsetof(rj_journal_entry, id),          offsetof(rj_journal_entry, request),
        offsetof(rj_journal_entry, correlation), offsetof(rj_journal_entry, assignment_version),
        offsetof(rj_journal_entry, args_hash),   offsetof(rj_journal_entry, display_name),
        offsetof(rj_journal_entry, format),
    };
    rj_store_rows rows = {.row_size = sizeof(rj_journal_entry)};
    rj_status status = rj_store_enter(store, RJ_STORE_READ, err);
    if (status != RJ_OK)
        return status;
    sqlite3_stmt *open = NULL;
    status = rj_store_statement(store, RJ_STATEMENT_JOURNAL_OPEN,
                                "SELECT number, id, uid, verdict, step, request, correlation,"
                                " version, args_hash, display_name, format, evidence, started"
                                " FROM journal WHERE ended IS NULL ORDER BY number",
                                &open, err);
    bool more = status == RJ_OK;
    while (more && (status = rj_store_next(store, open, &more, err)) == RJ_OK && more)
        add_entry(&rows, open);
    status = rj_store_leave(store, RJ_STORE_READ, status, err);

    void *block = NULL;
    if (status == RJ_OK)
        status = rj_store_rows_take(&rows, strings, sizeof strings / sizeof *strings, &block,
                                    ret_count, err);
    if (status == RJ_OK)
        *ret_entries = block;
    rj_store_rows_free(&rows);
    return status;
}

static void add_past(rj_store_rows *rows, sqlite3_stmt *history)
{
    rj_store_past *past = rj_store_rows_add(rows);
    if (!past)
        return;
    past->verdict = verdict_of((const char *)sqlite3_column_text(history, 0));
    past->step = step_of((const char *)sqlite3_column_text(history, 1));
    past->version = rj_store_column(rows, history, 2);
    past->message = rj_store_column(rows, history, 3);
    past->correlation = rj_store_column(rows, history, 4);
    past->exit_code = sqlite3_column_int(history, 5);
    past->started_wall_ms = sqlite3_column_int64(history, 6);
    past->ended_wall_ms = sqlite3_column_int64(history, 7);
}

rj_status rj_store_history(rj_store *store, const char *id, rj_uid uid, rj_store_past **ret_past,
                           size_t *ret_count, rj_error *err)
{
    static const size_t strings[] = {
        offsetof(rj_store_past, version),
        offsetof(rj_store_past, message),
        offsetof(rj_store_past, correlation),
    };
    rj_store_rows rows = {.row_size = sizeof(rj_store_past)};
    rj_status status = rj_store_enter(store, RJ_STORE_READ, err);
    if (status != RJ_OK)
        return status;
    sqlite3_stmt *history = NULL;
    status = rj_store_statement(store, RJ_STATEMENT_JOURNAL_HISTORY,
                                "SELECT verdict, step, version, message, correlation, exit_code,"
                                " started, ended FROM journal WHERE id=? AND uid=?"
                                " ORDER BY number DESC LIMIT ?",
                                &history, err);
    if (status == RJ_OK) {
        rj_store_bind_text(history, 1, id);
        sqlite3_bind_int64(history, 2, uid);
        sqlite3_bind_int(history, 3, RJ_STORE_HISTORY);
    }
    bool more = status == RJ_OK;
    while (more && (status = rj_store_next(store, history, &more, err)) == RJ_OK && more)
        add_past(&rows, history);
    status = rj_store_leave(store, RJ_STORE_READ, status, err);

    void *block = NULL;
    if (status == RJ_OK)
        status = rj_store_rows_take(&rows, strings, sizeof strings / sizeof *strings, &block,
                                    ret_count, err);
    if (status == RJ_OK)
        *ret_past = block;
    rj_store_rows_free(&rows);
    return status;
}
