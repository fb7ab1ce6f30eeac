/* SPDX-License-Identifier: MIT */
/* Aligned columns, see output.h. */
#include "base/alloc.h"
#include "session/cli/output.h"
#include <string.h>

#define GAP 2

typedef struct cell {
    char *text;
    int columns;
    rj_style style;
} cell;

struct rj_table {
    size_t columns;
    cell *cells;
    size_t count, capacity;
    rj_output cleaner;
};

rj_table *rj_table_new(size_t columns)
{
    rj_table *table = rj_calloc(1, sizeof *table);
    if (table)
        table->columns = columns;
    return table;
}

void rj_table_add(rj_table *table, rj_style style, const char *text)
{
    if (!table)
        return;
    if (table->count == table->capacity) {
        size_t capacity = table->capacity ? table->capacity * 2 : 64;
        cell *grown = rj_realloc_array(table->cells, capacity, sizeof *grown);
        if (!grown)
            return;
        table->cells = grown;
        table->capacity = capacity;
    }
    char *copy = rj_strdup(rj_clean(&table->cleaner, text));
    if (!copy)
        return;
    table->cells[table->count++] = (cell){copy, rj_text_columns(copy), style};
}

static int column_width(const rj_table *table, size_t column)
{
    int width = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        if (table->cells[i].columns > width)
            width = table->cells[i].columns;
    }
    return width;
}

/* Cut at a character's border so that "..." fits into `room` columns, too. */
static void cut(cell *last, int room)
{
    if (room < 4 || last->columns <= room)
        return;
    char *end = last->text + strlen(last->text);
    while (end > last->text && rj_text_columns(last->text) > room - 3) {
        do
            end--;
        while (end > last->text && ((unsigned char)*end & 0xc0) == 0x80);
        *end = '\0';
    }
    last->columns = rj_text_columns(last->text);
}

static void print_row(rj_output *out, cell *cells, size_t count, const int *widths)
{
    int used = 0;
    size_t last = count;
    while (last > 0 && cells[last - 1].columns == 0)
        last--;
    for (size_t i = 0; i < last; i++) {
        bool is_cut = false;
        if (i == count - 1 && out->width > 0) {
            int before = cells[i].columns;
            cut(&cells[i], out->width - used);
            is_cut = cells[i].columns != before;
        }
        rj_say(out, cells[i].style, "%s%s", cells[i].text, is_cut ? "..." : "");
        if (i + 1 < last)
            fprintf(out->stream, "%*s", widths[i] - cells[i].columns + GAP, "");
        used += widths[i] + GAP;
    }
    fputc('\n', out->stream);
}

void rj_table_print(rj_table *table, rj_output *out)
{
    enum { COLUMNS_MAX = 16 };
    int widths[COLUMNS_MAX] = {0};
    if (!table)
        return;
    for (size_t i = 0; i < table->columns && i < COLUMNS_MAX; i++)
        widths[i] = column_width(table, i);
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
        print_row(out, table->cells + i, table->columns, widths);
    for (size_t i = 0; i < table->count; i++)
        rj_free(table->cells[i].text);
    rj_free(table->cells);
    rj_free(table);
}
