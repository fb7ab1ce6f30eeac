/* SPDX-License-Identifier: MIT */
/* A sentence for the person in front of the screen, when nobody reads stderr. */
#ifndef RJ_SESSION_NOTICE_H
#define RJ_SESSION_NOTICE_H

#include <stdbool.h>

/* Nobody reads stderr, and there may be somebody before a screen.  posix: never. */
bool rj_notice_is_needed(void);

/* Returns when it was read.  Nothing happens where stderr leads somewhere: there it was said already. */
void rj_notice_show(const char *heading, const char *text, const char *next_step);

#endif
