/* SPDX-License-Identifier: MIT */
/*
 * The model of realmjoin/ui.h as structures, and a prompt.
 *
 * Read whole or not at all.  What is missing is "" or off, what is not known is passed over; only text
 * that is no JSON object, or a menu deeper than four levels, is refused.
 */
#ifndef UI_TRAY_MODEL_H
#define UI_TRAY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum tray_kind { TRAY_ITEM, TRAY_HEADING, TRAY_SEPARATOR } tray_kind;

typedef struct tray_item {
    tray_kind kind;
    bool enabled, checked, submenu;
    char *text, *action, *open, *copy; /* NULL: none; text is never NULL */
    struct tray_item *items;
    size_t item_count;
} tray_item;

typedef enum tray_state {
    TRAY_WAITING,
    TRAY_WORKING,
    TRAY_DONE,
    TRAY_FAILED,
    TRAY_CANCELLED
} tray_state;

typedef struct tray_job {
    char *id, *text, *status, *next, *details; /* never NULL */
    char *cancel, *close, *copy;               /* NULL: none */
    tray_state state;
    int permille; /* -1: unknown */
    bool asked;
} tray_job;

typedef enum tray_notice_kind { TRAY_INFO, TRAY_WARNING, TRAY_ERROR } tray_notice_kind;

typedef struct tray_notice {
    tray_notice_kind kind;
    char *id, *title, *text; /* never NULL */
} tray_notice;

typedef enum tray_shade { TRAY_NORMAL, TRAY_ATTENTION, TRAY_BUSY, TRAY_DEBUG } tray_shade;

typedef enum tray_word {
    TRAY_WORD_CANCEL,
    TRAY_WORD_DONE,
    TRAY_WORD_SHOW,
    TRAY_WORD_HIDE,
    TRAY_WORD_COPY,
    TRAY_WORD_COUNT
} tray_word;

typedef struct tray_model {
    int64_t revision;
    int64_t open_menu;
    char *title, *tooltip;    /* never NULL */
    char *keys, *menu_closed; /* actions; NULL: none */
    char *words[TRAY_WORD_COUNT];
    tray_shade look;
    bool right_to_left;
    tray_item *items;
    size_t item_count;
    tray_job *jobs;
    size_t job_count;
    tray_notice *notices;
    size_t notice_count;
} tray_model;

typedef struct tray_choice {
    char *answer, *text;
    bool preferred;
} tray_choice;

typedef struct tray_prompt {
    char *id, *title, *text, *details, *closing; /* details: lines, "" if none */
    tray_choice *choices;
    size_t choice_count;
} tray_prompt;

/* NULL: it is none, or there is no memory. */
tray_model *tray_model_read(const char *json, size_t length);
void tray_model_free(tray_model *model);
tray_prompt *tray_prompt_read(const char *json, size_t length);
void tray_prompt_free(tray_prompt *prompt);

/* A page that may be opened: http://, https://, or one of these behind microsoft-edge:, one word. */
bool tray_is_page(const char *target);

#endif
