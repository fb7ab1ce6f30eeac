/* SPDX-License-Identifier: MIT */
/* What some C libraries have for texts and others have not. */
#ifndef RJ_PLUGINS_TEXT_H
#define RJ_PLUGINS_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The first `length` bytes (fewer if `text` ends before), NUL-terminated; free() it. */
char *rj_copy_text(const char *text, size_t length);
/* The first place of `wanted` in the `length` bytes of `text`, NULL if it is not there. */
const char *rj_find_text(const char *text, size_t length, const char *wanted);

#define RJ_UTC_TEXT 32
/* `seconds` since 1970 as "2026-01-31T23:59:59Z"; "" before 1970 and after the year 9999. */
void rj_utc_text(int64_t seconds, char text[RJ_UTC_TEXT]);

#endif
