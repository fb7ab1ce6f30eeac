/* SPDX-License-Identifier: MIT */
/*
 * The answer of a check: one state, one sentence, and what it rests on (check-result.schema.json).
 *
 * Happy path: evidence_new() -> evidence_add() for each thing read -> evidence_conclude() once ->
 * evidence_print() -> evidence_free().  Text may come from anywhere: it is made valid UTF-8
 * without control characters and cut to a length, so that no file can spoil the document.
 * Failure modes: out of memory is remembered and makes evidence_print() return NULL; entries beyond
 * EVIDENCE_MAX_ENTRIES are counted, not kept.
 */
#ifndef PLUGINS_EVIDENCE_EVIDENCE_H
#define PLUGINS_EVIDENCE_EVIDENCE_H

#include <stddef.h>

#define EVIDENCE_MAX_ENTRIES 64
#define EVIDENCE_MAX_TEXT 400 /* bytes of one found, means or summary */

typedef enum check_state {
    CHECK_OK,
    CHECK_NOT_MET,
    CHECK_UNKNOWN,
    CHECK_NOT_APPLICABLE,
} check_state;

typedef struct evidence evidence;

/* NULL: out of memory. */
evidence *evidence_new(void);
void evidence_free(evidence *document);

/* One thing that was read: where, what stood there, what it means. */
void evidence_add(evidence *document, const char *source, const char *found, const char *format,
                  ...) __attribute__((format(__printf__, 4, 5)));

/* The verdict.  `remedy` is kept only with CHECK_NOT_MET and may be NULL. */
void evidence_conclude(evidence *document, check_state state, const char *remedy,
                       const char *format, ...) __attribute__((format(__printf__, 4, 5)));

/* The document as JSON, to be freed by the caller; NULL: out of memory or not concluded. */
char *evidence_print(const evidence *document, size_t *ret_length);

/* Copy `text` as valid UTF-8 without control characters, cut with "..." when it does not fit. */
void evidence_clean_text(char *ret_text, size_t size, const char *text);

#endif
