/* SPDX-License-Identifier: MIT */
/* Records: what is installed, as far as we know; one row for each package and owner. */
#include "engine/store_internal.h"

#include <stddef.h>

rj_status rj_store_record_write(rj_store *store, const rj_store_record *record, rj_error *err)
{
    sqlite3_stmt *put = NULL;
    rj_status status = rj_store_statement(
        store, RJ_STATEMENT_RECORD_PUT,
        "INSERT OR REPLACE INTO record(id, uid, version, args_hash, success, exit_code,"
        " restart_pending, format, display_name, message, correlation, started, ended)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
        &put, err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(put, 1, record->core.id);
    sqlite3_bind_int64(put, 2, record->core.uid);
    rj_store_bind_text(put, 3, record->core.version);
    rj_store_bind_text(put, 4, record->core.args_hash);
    sqlite3_bind_int(put, 5, record->core.success);
    sqlite3_bind_int(put, 6, record->core.exit_code);
    sqlite3_bind_int(put, 7, record->core.restart_pending);
    rj_store_bind_text(put, 8, record->format);
    rj_store_bind_text(put, 9, record->display_name);
    rj_store_bind_text(put, 10, record->message);
    rj_store_bind_text(put, 11, record->correlation);
    sqlite3_bind_int64(put, 12, record->started_wall_ms);
    sqlite3_bind_int64(put, 13, record->ended_wall_ms);
    return rj_store_run(store, put, err);
}

rj_status rj_store_record_delete(rj_store *store, const char *id, rj_uid uid, rj_error *err)
{
    sqlite3_stmt *remove = NULL;
    rj_status status = rj_store_statement(store, RJ_STATEMENT_RECORD_REMOVE,
                                          "DELETE FROM record WHERE id=? AND uid=?", &remove, err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(remove, 1, id);
    sqlite3_bind_int64(remove, 2, uid);
    return rj_store_run(store, remove, err);
}

rj_status rj_store_put_record(rj_store *store, const rj_store_record *record, rj_error *err)
{
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    status = rj_store_record_write(store, record, err);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

rj_status rj_store_remove_record(rj_store *store, const char *id, rj_uid uid, rj_error *err)
{
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    status = rj_store_record_delete(store, id, uid, err);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

static void add_record(rj_store_rows *rows, sqlite3_stmt *all)
{
    rj_store_record *record = rj_store_rows_add(rows);
    if (!record)
        return;
    record->core.id = rj_store_column(rows, all, 0);
    record->core.uid = (rj_uid)sqlite3_column_int64(all, 1);
    record->core.version = rj_store_column(rows, all, 2);
    record->core.args_hash = rj_store_column(rows, all, 3);
    record->core.success = sqlite3_column_int(all, 4) != 0;
    record->core.exit_code = sqlite3_column_int(all, 5);
    record->core.restart_pending = sqlite3_column_int(all, 6) != 0;
    record->format = rj_store_column(rows, all, 7);
    record->display_name = rj_store_column(rows, all, 8);
    record->message = rj_store_column(rows, all, 9);
    record->correlation = rj_store_column(rows, all, 10);
    record->started_wall_ms = sqlite3_column_int64(all, 11);
    record->ended_wall_ms = sqlite3_column_int64(all, 12);
}

rj_status rj_store_records(rj_store *store, rj_store_record **ret_records, size_t *ret_count,
                           rj_error *err)
{
    static const size_t strings[] = {
        offsetof(rj_store_record, core.id),        offsetof(rj_store_record, core.version),
        offsetof(rj_store_record, core.args_hash), offsetof(rj_store_record, format),
        offsetof(rj_store_record, display_name),   offsetof(rj_store_record, message),
        offsetof(rj_store_record, correlation),
    };
    rj_store_rows rows = {.row_size = sizeof(rj_store_record)};
    rj_status status = rj_store_enter(store, RJ_STORE_READ, err);
    if (status != RJ_OK)
        return status;
    sqlite3_stmt *all = NULL;
    status = rj_store_statement(store, RJ_STATEMENT_RECORD_ALL,
                                "SELECT id, uid, version, args_hash, success, exit_code,"
                                " restart_pending, format, display_name, message, correlation,"
                                " started, ended FROM record ORDER BY id, uid",
                                &all, err);
    bool more = status == RJ_OK;
    while (more && (status = rj_store_next(store, all, &more, err)) == RJ_OK && more)
        add_record(&rows, all);
    status = rj_store_leave(store, RJ_STORE_READ, status, err);

    void *block = NULL;
    if (status == RJ_OK)
        status = rj_store_rows_take(&rows, strings, sizeof strings / sizeof *strings, &block,
                                    ret_count, err);
    if (status == RJ_OK)
        *ret_records = block;
    rj_store_rows_free(&rows);
    return status;
}
