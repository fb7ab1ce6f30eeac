/* SPDX-License-Identifier: MIT */
/*
 * A growing piece of text.  Appending never reports an error by itself: the first failure sticks,
 * later calls do nothing, and rj_text_take() or rj_text_failed() tells.
 */
#ifndef RJ_BASE_TEXT_H
#define RJ_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct rj_text {
    char *bytes; /* NUL-terminated once anything was appended; NULL before */
    size_t length;
    size_t capacity;
    bool failed;
} rj_text;

#define RJ_TEXT_EMPTY                                                                              \
    {                                                                                              \
        0                                                                                          \
    }

void rj_text_append(rj_text *text, const char *bytes, size_t length);
void rj_text_add(rj_text *text, const char *string);
void rj_text_addf(rj_text *text, const char *format, ...) __attribute__((format(__printf__, 2, 3)));
void rj_text_vaddf(rj_text *text, const char *format, va_list arguments)
    __attribute__((format(__printf__, 2, 0)));
bool rj_text_failed(const rj_text *text);
/* The string, now the caller's (rj_free), "" if nothing was appended; NULL after a failure. */
char *rj_text_take(rj_text *text);
void rj_text_free(rj_text *text);

/* True if `length` bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
bool rj_utf8_valid(const char *bytes, size_t length);
/* Put '?' in place of each byte that breaks UTF-8, and of NUL. */
void rj_utf8_repair(char *bytes, size_t length);
/* Copy `source` into `target` as one printable line: control characters as \n, \t, \xHH, broken
 * UTF-8 as U+FFFD, cut at a character border with "..." if it does not fit.  Returns length. */
size_t rj_text_to_line(char *target, size_t target_size, const char *source, size_t length);
/* ASCII case-insensitive compare, locale-free. */
int rj_ascii_casecmp(const char *a, const char *b);
/* Split like a command line: blanks separate, "..." keeps blanks together, \" inside quotes is a
 * quote.  *ret_list is NULL-terminated, one allocation, rj_free().  False: out of memory or an
 * unclosed quote (*ret_unclosed true). */
bool rj_text_split_arguments(const char *text, char ***ret_list, size_t *ret_count,
                             bool *ret_unclosed);

#endif
