/* SPDX-License-Identifier: MIT */
/*
 * Opens and closes the database; transactions, statements and errors for the other files.
 *
 * Open: connection -> may we write -> is it sound (quick_check) -> is it ours -> migrate.  What is
 * not sound or not ours is moved aside with its -wal and -shm, and a new database is begun.  A
 * locked, read-only or full place is an error that says so; then nothing is moved.
 */
#include "engine/store_internal.h"

#include "base/alloc.h"
#include "base/calendar.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/file.h"
#include "platform/system.h"

#include <string.h>

#define LOGGER "engine.store"
#define DATABASE_NAME "agent.db"
#define OPEN_WAIT_MS 250
#define WRITE_WAIT_MS 1000

/* ---- Memory of SQLite, through base/alloc.h -------------------------------------------------- */

/* SQLite asks for the size of a block: it stands in front of it. */
#define SIZE_HEADER 8

static void *sqlite_malloc(int size)
{
    uint64_t *block = rj_malloc((size_t)size + SIZE_HEADER);
    if (!block)
        return NULL;
    *block = (uint64_t)size;
    return block + 1;
}

static void sqlite_free(void *memory)
{
    if (memory)
        rj_free((uint64_t *)memory - 1);
}

static void *sqlite_realloc(void *memory, int size)
{
    uint64_t *block = rj_realloc((uint64_t *)memory - 1, (size_t)size + SIZE_HEADER);
    if (!block)
        return NULL;
    *block = (uint64_t)size;
    return block + 1;
}

static int sqlite_size(void *memory)
{
    return memory ? (int)*((uint64_t *)memory - 1) : 0;
}

static int sqlite_round_up(int size)
{
    return (size + 7) & ~7;
}

static int sqlite_memory_begin(void *data)
{
    (void)data;
    return SQLITE_OK;
}

static void sqlite_memory_end(void *data)
{
    (void)data;
}

static void configure_sqlite(void)
{
    static const sqlite3_mem_methods memory = {
        sqlite_malloc,   sqlite_free,         sqlite_realloc,    sqlite_size,
        sqlite_round_up, sqlite_memory_begin, sqlite_memory_end, NULL,
    };
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
}

/* ---- Errors ---------------------------------------------------------------------------------- */

rj_status rj_store_fail(const rj_store *store, int code, rj_error *err)
{
    const char *path = store->path;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return rj_fail(err, RJ_E_BUSY,
                       "%s: locked by another process; close what has it open and try again", path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return rj_fail(err, RJ_E_DENIED,
                       "%s: cannot be written; check the rights of the file and its folder", path);
    case SQLITE_CANTOPEN:
        if (rj_store_may_not_make(sqlite3_system_errno(store->db)))
            return rj_store_fail(store, SQLITE_READONLY, err);
        return rj_store_fail_system(err, sqlite3_system_errno(store->db), path, "cannot be opened");
    case SQLITE_FULL:
        return rj_fail(err, RJ_E_IO, "%s: no space left; free some on that file system", path);
    case SQLITE_NOMEM:
        return rj_fail_memory(err, "using the state database");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return rj_fail(err, RJ_E_CORRUPT,
                       "%s: damaged; the next start of the service sets it aside", path);
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_NOMEM)
            return rj_fail_memory(err, "using the state database");
        rj_store_fail_system(err, sqlite3_system_errno(store->db), path,
                             "reading or writing failed");
        return RJ_E_IO;
    default:
        return rj_fail(err, RJ_E_FAILED, "%s: %s", path, sqlite3_errmsg(store->db));
    }
}

/* ---- Statements ------------------------------------------------------------------------------ */

void rj_store_reset(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

rj_status rj_store_statement(rj_store *store, rj_statement which, const char *sql,
                             sqlite3_stmt **ret_statement, rj_error *err)
{
    sqlite3_stmt **cached = &store->statements[which];
    if (!*cached) {
        int code = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, cached, NULL);
        if (code != SQLITE_OK)
            return rj_store_fail(store, code, err);
    } else {
        rj_store_reset(*cached);
    }
    *ret_statement = *cached;
    return RJ_OK;
}

void rj_store_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text ? text : "", -1, SQLITE_STATIC);
}

rj_status rj_store_next(rj_store *store, sqlite3_stmt *statement, bool *ret_row, rj_error *err)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *ret_row = true;
        return RJ_OK;
    }
    rj_status status = code == SQLITE_DONE ? RJ_OK : rj_store_fail(store, code, err);
    rj_store_reset(statement);
    *ret_row = false;
    return status;
}

rj_status rj_store_run(rj_store *store, sqlite3_stmt *statement, rj_error *err)
{
    int code = sqlite3_step(statement);
    rj_status status = RJ_OK;
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        status = rj_store_fail(store, code, err);
    rj_store_reset(statement);
    return status;
}

const char *rj_store_column(rj_store_rows *rows, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return rj_store_rows_text(rows, text, (size_t)sqlite3_column_bytes(statement, column));
}

static rj_status run_sql(rj_store *store, const char *sql, rj_error *err)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? RJ_OK : rj_store_fail(store, code, err);
}

/* ---- Transactions ---------------------------------------------------------------------------- */

static rj_status run_cached(rj_store *store, rj_statement which, const char *sql, rj_error *err)
{
    sqlite3_stmt *statement = NULL;
    rj_status status = rj_store_statement(store, which, sql, &statement, err);
    return status == RJ_OK ? rj_store_run(store, statement, err) : status;
}

rj_status rj_store_enter(rj_store *store, rj_store_access access, rj_error *err)
{
    uv_mutex_lock(&store->lock);
    rj_status status = RJ_OK;
    /* An earlier ROLLBACK lacked memory: what was never committed must not be read either. */
    if (!sqlite3_get_autocommit(store->db))
        status = run_cached(store, RJ_STATEMENT_ROLLBACK, "ROLLBACK", err);
    if (status == RJ_OK && access == RJ_STORE_WRITE)
        status = run_cached(store, RJ_STATEMENT_BEGIN, "BEGIN IMMEDIATE", err);
    if (status != RJ_OK)
        uv_mutex_unlock(&store->lock);
    return status;
}

static void kill_if_due(const rj_store *store, unsigned point)
{
    if (store->kill_at == point && point != 0)
        rj_system_kill_self();
}

rj_status rj_store_leave(rj_store *store, rj_store_access access, rj_status status, rj_error *err)
{
    if (access == RJ_STORE_WRITE) {
        if (status == RJ_OK) {
            store->writes++;
            kill_if_due(store, 2 * store->writes - 1);
            status = run_cached(store, RJ_STATEMENT_COMMIT, "COMMIT", err);
        }
        if (status == RJ_OK)
            kill_if_due(store, 2 * store->writes);
        else if (!sqlite3_get_autocommit(store->db))
            run_cached(store, RJ_STATEMENT_ROLLBACK, "ROLLBACK", NULL);
    }
    uv_mutex_unlock(&store->lock);
    return status;
}

void rj_store_kill_at(rj_store *store, unsigned nth)
{
    uv_mutex_lock(&store->lock);
    store->writes = 0;
    store->kill_at = nth;
    uv_mutex_unlock(&store->lock);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void close_connection(rj_store *store)
{
    for (size_t i = 0; i < RJ_STATEMENT_TOTAL; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    sqlite3_close(store->db);
    store->db = NULL;
}

static rj_status check_soundness(rj_store *store, rj_error *err)
{
    sqlite3_stmt *check = NULL;
    int code = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &check, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(check);
    rj_status status = RJ_OK;
    if (code != SQLITE_ROW)
        status = rj_store_fail(store, code, err);
    else if (strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0)
        status = rj_fail(err, RJ_E_CORRUPT, "%s: damaged: %s", store->path,
                         (const char *)sqlite3_column_text(check, 0));
    sqlite3_finalize(check);
    return status;
}

/* A write lock taken and given back: finds out now whether writing will work. */
static rj_status check_writable(rj_store *store, rj_error *err)
{
    if (sqlite3_db_readonly(store->db, "main") == 1)
        return rj_store_fail(store, SQLITE_READONLY, err);
    rj_status status = run_sql(store, "BEGIN IMMEDIATE", err);
    return status == RJ_OK ? run_sql(store, "ROLLBACK", err) : status;
}

static rj_status open_connection(rj_store *store, rj_error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX |
                SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    int code = rj_store_connect(store->path, flags, &store->db);
    if (code != SQLITE_OK)
        return store->db ? rj_store_fail(store, code, err)
                         : rj_fail_memory(err, "opening the state database");
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_busy_timeout(store->db, OPEN_WAIT_MS);

    rj_status status = run_sql(store,
                               "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;"
                               "PRAGMA mmap_size=0; PRAGMA cache_size=-512",
                               err);
    if (status == RJ_OK)
        status = check_writable(store, err);
    if (status == RJ_OK)
        status = run_sql(store,
                         "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                         "PRAGMA wal_autocheckpoint=200; PRAGMA journal_size_limit=1048576",
                         err);
    if (status == RJ_OK)
        status = check_soundness(store, err);
    if (status == RJ_OK)
        status = rj_store_prepare_schema(store, err);
    if (status == RJ_OK)
        sqlite3_busy_timeout(store->db, WRITE_WAIT_MS);
    return status;
}

/* ---- Setting a damaged database aside -------------------------------------------------------- */

static char *text_of(const char *a, const char *b)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, a);
    rj_text_add(&text, b);
    return rj_text_take(&text);
}

/* "<path>.corrupt-20261123T100000Z", with "-2"... behind it while the name is taken. */
static char *aside_name(const char *path)
{
    rj_calendar now = rj_calendar_of(rj_clock_wall_ms());
    for (unsigned n = 1; n < 1000; n++) {
        rj_text text = RJ_TEXT_EMPTY;
        rj_text_addf(&text, "%s.corrupt-%04d%02u%02uT%02u%02u%02uZ", path, (int)now.year, now.month,
                     now.day, now.hour, now.minute, now.second);
        if (n > 1)
            rj_text_addf(&text, "-%u", n);
        char *name = rj_text_take(&text);
        if (!name || !rj_file_exists(name))
            return name;
        rj_free(name);
    }
    return NULL;
}

static rj_status move_part(const char *path, const char *aside, const char *suffix, rj_error *err)
{
    char *from = text_of(path, suffix);
    char *to = text_of(aside, suffix);
    rj_status status = RJ_OK;
    if (!from || !to)
        status = rj_fail_memory(err, "setting the damaged state database aside");
    else if (rj_file_exists(from))
        status = rj_file_rename(from, to, err);
    rj_free(from);
    rj_free(to);
    return status;
}

/* The log goes first: left behind, it would be replayed into the new database. */
static rj_status set_aside(const rj_store *store, const rj_error *why, rj_error *err)
{
    static const char *const suffixes[] = {"-wal", "-shm", ""};
    char *aside = aside_name(store->path);
    rj_status status =
        aside ? RJ_OK : rj_fail_memory(err, "setting the damaged state database aside");
    for (size_t i = 0; status == RJ_OK && i < sizeof suffixes / sizeof *suffixes; i++)
        status = move_part(store->path, aside, suffixes[i], err);
    if (status == RJ_OK)
        rj_log(RJ_LOG_ERROR, LOGGER, NULL, "%s; kept as %s, a new one is begun", why->text, aside);
    rj_free(aside);
    return status;
}

/* ---- Public ---------------------------------------------------------------------------------- */

rj_status rj_store_open(const char *directory, rj_store **ret_store, bool *ret_was_damaged,
                        rj_error *err)
{
    static uv_once_t once = UV_ONCE_INIT;
    uv_once(&once, configure_sqlite);

    if (!rj_file_exists(directory))
        return rj_fail(err, RJ_E_NOT_FOUND, "%s: the folder of the state database is missing",
                       directory);
    rj_store *store = rj_calloc(1, sizeof *store);
    if (!store)
        return rj_fail_memory(err, "opening the state database");
    if (uv_mutex_init(&store->lock) != 0) {
        rj_free(store);
        return rj_fail_memory(err, "opening the state database");
    }
    rj_error why = RJ_ERROR_NONE;
    rj_status status = rj_path_join(directory, DATABASE_NAME, &store->path, err);
    if (status == RJ_OK)
        status = open_connection(store, &why);
    if (status == RJ_E_CORRUPT) {
        store->was_damaged = true;
        close_connection(store);
        status = set_aside(store, &why, &why);
        if (status == RJ_OK)
            status = open_connection(store, &why);
    }
    if (status != RJ_OK) {
        if (err && why.text[0])
            *err = why;
        rj_store_close(store);
        return status;
    }
    *ret_store = store;
    *ret_was_damaged = store->was_damaged;
    return RJ_OK;
}

bool rj_store_was_damaged(const rj_store *store)
{
    return store->was_damaged;
}

void rj_store_close(rj_store *store)
{
    if (!store)
        return;
    close_connection(store);
    uv_mutex_destroy(&store->lock);
    rj_free(store->path);
    rj_free(store);
}
