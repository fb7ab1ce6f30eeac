/* SPDX-License-Identifier: MIT */
/*
 * Attempts: how often the very same thing failed.  One row for each package and owner: a failure
 * with another version, other arguments or other evidence is a new thing and counts from one.
 */
#include "engine/store_internal.h"

#include <stddef.h>

rj_status rj_store_attempt_write(rj_store *store, const rj_attempts *attempt, rj_error *err)
{
    sqlite3_stmt *count = NULL;
    rj_status status = rj_store_statement(
        store, RJ_STATEMENT_ATTEMPT_COUNT,
        "INSERT INTO attempt(id, uid, version, args_hash, evidence, failures, last, last_error)"
        " VALUES(?1,?2,?3,?4,?5,1,?6,?7)"
        " ON CONFLICT(id, uid) DO UPDATE SET"
        " failures = CASE WHEN version=?3 AND args_hash=?4 AND evidence=?5"
        "            THEN failures+1 ELSE 1 END,"
        " version=?3, args_hash=?4, evidence=?5, last=?6, last_error=?7",
        &count, err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(count, 1, attempt->id);
    sqlite3_bind_int64(count, 2, attempt->uid);
    rj_store_bind_text(count, 3, attempt->version);
    rj_store_bind_text(count, 4, attempt->args_hash);
    sqlite3_bind_int64(count, 5, (sqlite3_int64)attempt->evidence);
    sqlite3_bind_int64(count, 6, attempt->last_wall_ms);
    rj_store_bind_text(count, 7, attempt->last_error);
    return rj_store_run(store, count, err);
}

rj_status rj_store_attempt_delete(rj_store *store, const char *id, rj_uid uid, rj_error *err)
{
    sqlite3_stmt *clear = NULL;
    rj_status status = rj_store_statement(store, RJ_STATEMENT_ATTEMPT_CLEAR,
                                          "DELETE FROM attempt WHERE id=? AND uid=?", &clear, err);
    if (status != RJ_OK)
        return status;
    rj_store_bind_text(clear, 1, id);
    sqlite3_bind_int64(clear, 2, uid);
    return rj_store_run(store, clear, err);
}

rj_status rj_store_count_failure(rj_store *store, const rj_attempts *attempt, rj_error *err)
{
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    status = rj_store_attempt_write(store, attempt, err);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

rj_status rj_store_clear_attempts(rj_store *store, const char *id, rj_uid uid, rj_error *err)
{
    rj_status status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    status = rj_store_attempt_delete(store, id, uid, err);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}

static void add_attempt(rj_store_rows *rows, sqlite3_stmt *all)
{
    rj_attempts *attempt = rj_store_rows_add(rows);
    if (!attempt)
        return;
    attempt->id = rj_store_column(rows, all, 0);
    attempt->uid = (rj_uid)sqlite3_column_int64(all, 1);
    attempt->version = rj_store_column(rows, all, 2);
    attempt->args_hash = rj_store_column(rows, all, 3);
    attempt->evidence = (uint64_t)sqlite3_column_int64(all, 4);
    attempt->failures = (unsigned)sqlite3_column_int64(all, 5);
    attempt->last_wall_ms = sqlite3_column_int64(all, 6);
    attempt->last_error = rj_store_column(rows, all, 7);
}

rj_status rj_store_attempts(rj_store *store, rj_attempts **ret_attempts, size_t *ret_count,
                            rj_error *err)
{
    static const size_t strings[] = {
        offsetof(rj_attempts, id),
        offsetof(rj_attempts, version),
        offsetof(rj_attempts, args_hash),
        offsetof(rj_attempts, last_error),
    };
    rj_store_rows rows = {.row_size = sizeof(rj_attempts)};
    rj_status status = rj_store_enter(store, RJ_STORE_READ, err);
    if (status != RJ_OK)
        return status;
    sqlite3_stmt *all = NULL;
    status = rj_store_statement(store, RJ_STATEMENT_ATTEMPT_ALL,
                                "SELECT id, uid, version, args_hash, evidence, failures, last,"
                                " last_error FROM attempt ORDER BY id, uid",
                                &all, err);
    bool more = status == RJ_OK;
    while (more && (status = rj_store_next(store, all, &more, err)) == RJ_OK && more)
        add_attempt(&rows, all);
    status = rj_store_leave(store, RJ_STORE_READ, status, err);

    void *block = NULL;
    if (status == RJ_OK)
        status = rj_store_rows_take(&rows, strings, sizeof strings / sizeof *strings, &block,
                                    ret_count, err);
    if (status == RJ_OK)
        *ret_attempts = block;
    rj_store_rows_free(&rows);
    return status;
}
