/* SPDX-License-Identifier: MIT */
/*
 * The tables and their migration.
 *
 * PRAGMA user_version counts the steps applied; each step leads from one version to the next and is
 * never changed once released, so that every older database can be brought forward.  All missing
 * steps run in one transaction.  A database of a newer agent is refused: going back would lose what
 * it knows.  PRAGMA application_id tells that the file is ours.
 */
#include "engine/store_internal.h"

#define APPLICATION_ID 0x524a4147 /* "RJAG" */
#define TEXT_OF(NUMBER) TEXT_OF_(NUMBER)
#define TEXT_OF_(NUMBER) #NUMBER

static const char *const steps[] = {
    "PRAGMA application_id=" TEXT_OF(
        APPLICATION_ID) ";"
                        "CREATE TABLE record("
                        " id TEXT NOT NULL COLLATE NOCASE, uid INTEGER NOT NULL, version TEXT NOT "
                        "NULL,"
                        " args_hash TEXT NOT NULL, success INTEGER NOT NULL, exit_code INTEGER NOT "
                        "NULL,"
                        " restart_pending INTEGER NOT NULL, format TEXT NOT NULL, display_name "
                        "TEXT NOT NULL,"
                        " message TEXT NOT NULL, correlation TEXT NOT NULL, started INTEGER NOT "
                        "NULL,"
                        " ended INTEGER NOT NULL, PRIMARY KEY(id, uid)) STRICT, WITHOUT ROWID;"
                        "CREATE TABLE attempt("
                        " id TEXT NOT NULL COLLATE NOCASE, uid INTEGER NOT NULL, version TEXT NOT "
                        "NULL,"
                        " args_hash TEXT NOT NULL, evidence INTEGER NOT NULL, failures INTEGER NOT "
                        "NULL,"
                        " last INTEGER NOT NULL, last_error TEXT NOT NULL, PRIMARY KEY(id, uid))"
                        " STRICT, WITHOUT ROWID;"
                        "CREATE TABLE journal("
                        " number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL COLLATE "
                        "NOCASE,"
                        " uid INTEGER NOT NULL, verdict TEXT NOT NULL, step TEXT NOT NULL, request "
                        "TEXT NOT NULL,"
                        " correlation TEXT NOT NULL, version TEXT NOT NULL, args_hash TEXT NOT "
                        "NULL,"
                        " display_name TEXT NOT NULL, format TEXT NOT NULL, evidence INTEGER NOT "
                        "NULL,"
                        " started INTEGER NOT NULL, ended INTEGER, exit_code INTEGER NOT NULL "
                        "DEFAULT 0,"
                        " message TEXT NOT NULL DEFAULT '') STRICT;"
                        "CREATE INDEX journal_package ON journal(id, uid, number);"
                        "CREATE INDEX journal_open ON journal(number) WHERE ended IS NULL;"
                        "CREATE TABLE kv("
                        " plugin TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY "
                        "KEY(plugin, key))"
                        " STRICT, WITHOUT ROWID;",
};

#define SCHEMA_VERSION ((int)(sizeof steps / sizeof *steps))

/* The first value of a query that takes no parameters. */
static rj_status read_number(rj_store *store, const char *sql, int *ret_number, rj_error *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? RJ_OK : rj_store_fail(store, code, err);
}

static rj_status check_ours(rj_store *store, int version, rj_error *err)
{
    int application = 0, tables = 0;
    rj_status status = read_number(store, "PRAGMA application_id", &application, err);
    if (status == RJ_OK)
        status = read_number(store, "SELECT count(*) FROM sqlite_schema WHERE type='table'",
                             &tables, err);
    if (status != RJ_OK || (version == 0 && application == 0 && tables == 0))
        return status;
    if (application != APPLICATION_ID || version < 1)
        return rj_fail(err, RJ_E_CORRUPT, "%s: not a state database of this agent", store->path);
    if (version > SCHEMA_VERSION)
        return rj_fail(err, RJ_E_INVALID,
                       "%s: written by a newer agent (state version %d, this one knows %d); "
                       "install that version again or move the file away",
                       store->path, version, SCHEMA_VERSION);
    status = read_number(store,
                         "SELECT count(*) FROM sqlite_schema WHERE type='table' AND"
                         " name IN ('record','attempt','journal','kv')",
                         &tables, err);
    if (status == RJ_OK && tables != 4)
        status = rj_fail(err, RJ_E_CORRUPT, "%s: tables are missing", store->path);
    return status;
}

static rj_status run_step(rj_store *store, int version, rj_error *err)
{
    static const char *const numbers[] = {"PRAGMA user_version=1"};
    _Static_assert(sizeof numbers == sizeof steps, "one number for each step");
    int code = sqlite3_exec(store->db, steps[version], NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(store->db, numbers[version], NULL, NULL, NULL);
    return code == SQLITE_OK ? RJ_OK : rj_store_fail(store, code, err);
}

rj_status rj_store_prepare_schema(rj_store *store, rj_error *err)
{
    int version = 0;
    rj_status status = read_number(store, "PRAGMA user_version", &version, err);
    if (status == RJ_OK)
        status = check_ours(store, version, err);
    if (status != RJ_OK || version == SCHEMA_VERSION)
        return status;

    status = rj_store_enter(store, RJ_STORE_WRITE, err);
    if (status != RJ_OK)
        return status;
    /* Another process may have done it meanwhile. */
    status = read_number(store, "PRAGMA user_version", &version, err);
    for (; status == RJ_OK && version < SCHEMA_VERSION; version++)
        status = run_step(store, version, err);
    return rj_store_leave(store, RJ_STORE_WRITE, status, err);
}
