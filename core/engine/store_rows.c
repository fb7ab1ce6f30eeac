/* SPDX-License-Identifier: MIT */
/* Two growing buffers, joined and relocated at the end. */
#include "engine/store_rows.h"

#include "base/alloc.h"

#include <stdint.h>
#include <string.h>

void *rj_store_rows_add(rj_store_rows *rows)
{
    if (rows->failed)
        return NULL;
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? rows->capacity * 2 : 8;
        char *grown = rj_realloc_array(rows->rows, capacity, rows->row_size);
        if (!grown) {
            rows->failed = true;
            return NULL;
        }
        rows->rows = grown;
        rows->capacity = capacity;
    }
    void *row = rows->rows + rows->count++ * rows->row_size;
    memset(row, 0, rows->row_size);
    return row;
}

const char *rj_store_rows_text(rj_store_rows *rows, const char *text, size_t length)
{
    if (rows->failed)
        return NULL;
    if (!text)
        length = 0;
    if (rows->text_capacity - rows->text_used < length + 1) {
        size_t capacity = rows->text_capacity ? rows->text_capacity * 2 : 256;
        while (capacity - rows->text_used < length + 1)
            capacity *= 2;
        char *grown = rj_realloc(rows->text, capacity);
        if (!grown) {
            rows->failed = true;
            return NULL;
        }
        rows->text = grown;
        rows->text_capacity = capacity;
    }
    size_t offset = rows->text_used;
    if (length)
        memcpy(rows->text + offset, text, length);
    rows->text[offset + length] = '\0';
    rows->text_used += length + 1;
    return (const char *)(uintptr_t)offset;
}

static void relocate(char *row, const size_t *members, size_t member_count, const char *text)
{
    for (size_t i = 0; i < member_count; i++) {
        const char *offset = NULL;
        memcpy(&offset, row + members[i], sizeof offset);
        const char *string = text + (uintptr_t)offset;
        memcpy(row + members[i], &string, sizeof string);
    }
}

rj_status rj_store_rows_take(rj_store_rows *rows, const size_t *members, size_t member_count,
                             void **ret_rows, size_t *ret_count, rj_error *err)
{
    size_t rows_bytes = rows->count * rows->row_size;
    char *block = rows->failed ? NULL : rj_malloc(rows_bytes + rows->text_used);
    if (!block) {
        rj_store_rows_free(rows);
        return rj_fail_memory(err, "reading the state database");
    }
    if (rows_bytes)
        memcpy(block, rows->rows, rows_bytes);
    if (rows->text_used)
        memcpy(block + rows_bytes, rows->text, rows->text_used);
    for (size_t i = 0; i < rows->count; i++)
        relocate(block + i * rows->row_size, members, member_count, block + rows_bytes);
    *ret_rows = block;
    *ret_count = rows->count;
    rj_store_rows_free(rows);
    return RJ_OK;
}

void rj_store_rows_free(rj_store_rows *rows)
{
    rj_free(rows->rows);
    rj_free(rows->text);
    *rows = (rj_store_rows){.row_size = rows->row_size};
}
