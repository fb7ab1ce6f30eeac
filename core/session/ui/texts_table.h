/* SPDX-License-Identifier: MIT */
/* The table that texts/compile makes of the catalogue; for texts.c and its test alone. */
#ifndef RJ_SESSION_UI_TEXTS_TABLE_H
#define RJ_SESSION_UI_TEXTS_TABLE_H

#include "session/ui/texts.h"

enum { RJ_FORM_ONE, RJ_FORM_FEW, RJ_FORM_MANY, RJ_FORM_OTHER, RJ_FORM_COUNT };

typedef struct rj_text_entry {
    const char *id;
    const char *forms[RJ_FORM_COUNT]; /* NULL: the language has no such form */
} rj_text_entry;

struct rj_texts {
    const char *language;
    const rj_text_entry *entries; /* sorted by id */
    size_t count;
    bool pseudo; /* everything in brackets and with accents, to find what is not translated */
};

extern const rj_texts rj_text_languages[]; /* the reference language first */
extern const size_t rj_text_language_count;

#endif
