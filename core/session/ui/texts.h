/* SPDX-License-Identifier: MIT */
/*
 * The message catalogue: texts for people by id, in their language, with named arguments.
 *
 * One file for each language in texts/, shared by all views.  An argument is put in as it is, never
 * looked into again, so it may hold braces or per cent signs.
 */
#ifndef RJ_SESSION_UI_TEXTS_H
#define RJ_SESSION_UI_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rj_texts rj_texts;

/* The first language of the wish list that there is, of "de-AT:fr" each without its region too;
 * English if none.  "qps-ploc" is the pseudo-language of tests. */
const rj_texts *rj_texts_for(const char *wishes);
/* The wish list of the person who runs us; rj_free(), NULL: out of memory. */
char *rj_texts_wishes(void); /* language_posix.c, language_win32.c */
/* In the language of the person who runs us. */
const rj_texts *rj_texts_own(void);
const char *rj_texts_language(const rj_texts *texts);

typedef struct rj_text_value {
    const char *name; /* of the argument; NULL ends the list */
    const char *text; /* NULL: the number */
    int64_t number;
} rj_text_value;

/* The text of the id, rj_free(); NULL: out of memory.  The argument "count" chooses the plural form.
 * An unknown id is its own text, so that nothing is ever blank. */
char *rj_texts_make(const rj_texts *texts, const char *id, const rj_text_value *values);

#endif
