/* SPDX-License-Identifier: MIT */
/*
 * What a person sees: words, tables and progress on stdout, errors on stderr.
 *
 * Text that came from outside (names, messages, log lines) is printed through rj_clean() or a table
 * cell only: control characters, escape sequences and direction marks never reach the terminal.
 * Colour and redrawing happen on a terminal alone.
 */
#ifndef RJ_SESSION_CLI_OUTPUT_H
#define RJ_SESSION_CLI_OUTPUT_H

#include "base/status.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum rj_style {
    RJ_STYLE_NONE,
    RJ_STYLE_STRONG,
    RJ_STYLE_FAINT,
    RJ_STYLE_GOOD,
    RJ_STYLE_CARE,
    RJ_STYLE_BAD
} rj_style;

enum { RJ_CLEAN_SIZE = 2048, RJ_CLEAN_COUNT = 8 };

typedef struct rj_output {
    FILE *stream;
    bool terminal; /* a terminal that may be redrawn */
    bool colour;
    int width; /* columns; 0: unlimited */
    char clean[RJ_CLEAN_COUNT][RJ_CLEAN_SIZE];
    unsigned next_clean;
    /* The progress line. */
    bool line_open; /* it is on the screen now */
    bool behind;    /* what is below is newer than what the screen shows */
    uint64_t drawn_ms;
    int shown_permille;
    char shown_label[RJ_CLEAN_SIZE], shown_text[RJ_CLEAN_SIZE];
    int told_permille; /* without a terminal: what the last line said */
    char told_label[256];
} rj_output;

/* `plain`: as if it were no terminal.  `stream` is stdout. */
void rj_output_init(rj_output *out, FILE *stream, bool plain);
/* Printable, one line; valid until RJ_CLEAN_COUNT further calls.  NULL gives "". */
const char *rj_clean(rj_output *out, const char *text);
/* Columns that clean text takes on a terminal. */
int rj_text_columns(const char *text);

/* Our own words; %s of what comes from outside needs rj_clean(). */
void rj_say(rj_output *out, rj_style style, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
void rj_say_json(rj_output *out, const json_t *document);
/* "realmjoin: ..." on stderr; the text is cleaned. */
void rj_say_error(rj_output *out, const char *text);

/* ---- Tables ---------------------------------------------------------------------------------- */

typedef struct rj_table rj_table;

rj_table *rj_table_new(size_t columns); /* NULL: out of memory; all others take NULL */
/* The next cell, row by row; the text is copied and cleaned. */
void rj_table_add(rj_table *table, rj_style style, const char *text);
/* Columns aligned, the last one cut at the edge of the terminal; frees. */
void rj_table_print(rj_table *table, rj_output *out);

/* ---- Progress -------------------------------------------------------------------------------- */

#define RJ_PROGRESS_UNKNOWN (-1)
#define RJ_PROGRESS_SAME (-2) /* as far as this label was shown before */
/* How far: 0..1000 or one of these.  A bar redrawn at most four times a second, or a line per 10 %. */
void rj_progress_show(rj_output *out, const char *label, int permille, const char *text);
/* Draw what came too soon after the last drawing; to be called each RJ_PROGRESS_MS. */
#define RJ_PROGRESS_MS 250u
void rj_progress_catch_up(rj_output *out);
/* Take the bar away, before other lines. */
void rj_progress_clear(rj_output *out);

#endif
