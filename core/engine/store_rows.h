/* SPDX-License-Identifier: MIT */
/*
 * Rows of unknown number with their strings, gathered into one allocation.
 *
 * While rows are added, a string member holds an offset (rj_store_rows_text()); rj_store_rows_take()
 * lays rows and strings into one block and turns the offsets into pointers.  The first failed
 * allocation sticks and is told at the end.
 */
#ifndef RJ_ENGINE_STORE_ROWS_H
#define RJ_ENGINE_STORE_ROWS_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct rj_store_rows {
    char *rows;
    size_t row_size, count, capacity;
    char *text;
    size_t text_used, text_capacity;
    bool failed;
} rj_store_rows;

/* A zeroed row, valid until the next call; NULL after a failure. */
void *rj_store_rows_add(rj_store_rows *rows);
/* The value to put into a string member of a row; NULL counts as "". */
const char *rj_store_rows_text(rj_store_rows *rows, const char *text, size_t length);
/* `members`: offsets of the string members in a row.  The block is the caller's (rj_free); never
 * NULL on success. */
rj_status rj_store_rows_take(rj_store_rows *rows, const size_t *members, size_t member_count,
                             void **ret_rows, size_t *ret_count, rj_error *err);
void rj_store_rows_free(rj_store_rows *rows);

#endif
