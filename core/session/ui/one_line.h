/* SPDX-License-Identifier: MIT */
/* Text from outside, made fit for one line of a menu. */
#ifndef RJ_SESSION_UI_ONE_LINE_H
#define RJ_SESSION_UI_ONE_LINE_H

#include <stddef.h>

#define RJ_UI_COLUMNS 60u /* a longer name is cut in the middle */

/* One printable line of at most `columns` characters; control and direction characters are dropped.
 * rj_free(), NULL: out of memory. */
char *rj_ui_one_line(const char *text, size_t columns);
/* "2001:db8::...:17": the ends of an IPv6 address that is long; others as they are.  rj_free(). */
char *rj_ui_short_address(const char *address);

#endif
