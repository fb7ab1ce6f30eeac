/* SPDX-License-Identifier: MIT */
/*
 * Where this program's words go.  On Windows it is a program of the desktop: its output goes to where it
 * was redirected, else to the console it was started from, else nowhere, and then a person sees boxes.
 */
#ifndef RJ_SESSION_CONSOLE_H
#define RJ_SESSION_CONSOLE_H

#include <stdbool.h>

/* Before the first word. */
void rj_console_prepare(void);
/* Does somebody get what is written to stderr? */
bool rj_console_is_seen(void);

#endif
