/* SPDX-License-Identifier: MIT */
/*
 * What the files of the store share: the connection, its lock, cached statements, transactions.
 *
 * Every public function holds the lock from rj_store_enter() to rj_store_leave(), because plugin
 * values are read and written from any thread.  Every write is one transaction, ended by
 * rj_store_leave(): COMMIT when all went well, ROLLBACK otherwise.
 */
#ifndef RJ_ENGINE_STORE_INTERNAL_H
#define RJ_ENGINE_STORE_INTERNAL_H

#include "engine/store.h"
#include "engine/store_rows.h"
#include <sqlite3.h>
#include <uv.h>

typedef enum rj_statement {
    RJ_STATEMENT_BEGIN,
    RJ_STATEMENT_COMMIT,
    RJ_STATEMENT_ROLLBACK,
    RJ_STATEMENT_RECORD_PUT,
    RJ_STATEMENT_RECORD_REMOVE,
    RJ_STATEMENT_RECORD_ALL,
    RJ_STATEMENT_ATTEMPT_COUNT,
    RJ_STATEMENT_ATTEMPT_CLEAR,
    RJ_STATEMENT_ATTEMPT_ALL,
    RJ_STATEMENT_JOURNAL_BEGIN,
    RJ_STATEMENT_JOURNAL_STEP,
    RJ_STATEMENT_JOURNAL_END,
    RJ_STATEMENT_JOURNAL_PRUNE,
    RJ_STATEMENT_JOURNAL_OPEN,
    RJ_STATEMENT_JOURNAL_HISTORY,
    RJ_STATEMENT_KV_GET,
    RJ_STATEMENT_KV_SET,
    RJ_STATEMENT_KV_COUNT,
    RJ_STATEMENT_KV_REMOVE,
    RJ_STATEMENT_TOTAL
} rj_statement;

struct rj_store {
    sqlite3 *db;
    char *path;
    uv_mutex_t lock;
    sqlite3_stmt *statements[RJ_STATEMENT_TOTAL];
    unsigned writes, kill_at;
    bool was_damaged;
};

typedef enum rj_store_access { RJ_STORE_READ, RJ_STORE_WRITE } rj_store_access;

/* Take the lock and, to write, begin the transaction.  On failure nothing is held. */
rj_status rj_store_enter(rj_store *store, rj_store_access access, rj_error *err);
/* End the transaction as `status` says and release the lock; returns the status of the whole. */
rj_status rj_store_leave(rj_store *store, rj_store_access access, rj_status status, rj_error *err);

/* The cached statement, reset and without bound values; `sql` is its constant text. */
rj_status rj_store_statement(rj_store *store, rj_statement which, const char *sql,
                             sqlite3_stmt **ret_statement, rj_error *err);
/* NULL is bound as "". The text must live until the statement is reset. */
void rj_store_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* Run a statement that returns no rows, then reset it. */
rj_status rj_store_run(rj_store *store, sqlite3_stmt *statement, rj_error *err);
/* Step to the next row: *ret_row false at the end (the statement is then reset). */
rj_status rj_store_next(rj_store *store, sqlite3_stmt *statement, bool *ret_row, rj_error *err);
void rj_store_reset(sqlite3_stmt *statement);
/* A text column as a string of `rows`. */
const char *rj_store_column(rj_store_rows *rows, sqlite3_stmt *statement, int column);

/* The status and the sentence that fit the connection's last error. */
rj_status rj_store_fail(const rj_store *store, int code, rj_error *err);

/* store_connect_*.c: a connection to the file, whatever its path; SQLITE_NOMEM also where *ret_db is not
 * set.  What sqlite3_system_errno() tells: the folder is there, yet the file could not be made; and the
 * status and the words of anything else. */
int rj_store_connect(const char *path, int flags, sqlite3 **ret_db);
bool rj_store_may_not_make(int system_error);
rj_status rj_store_fail_system(rj_error *err, int system_error, const char *path, const char *what);

/* store_schema.c: make or migrate the tables; RJ_E_CORRUPT when what is there is not ours. */
rj_status rj_store_prepare_schema(rj_store *store, rj_error *err);

/* Parts of a transaction that is already begun. */
rj_status rj_store_record_write(rj_store *store, const rj_store_record *record, rj_error *err);
rj_status rj_store_record_delete(rj_store *store, const char *id, rj_uid uid, rj_error *err);
rj_status rj_store_attempt_write(rj_store *store, const rj_attempts *attempt, rj_error *err);
rj_status rj_store_attempt_delete(rj_store *store, const char *id, rj_uid uid, rj_error *err);

#endif
