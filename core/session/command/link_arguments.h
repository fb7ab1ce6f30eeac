/* SPDX-License-Identifier: MIT */
/*
 * Is this command line one that a link made?  Browsers run `realmjoin "LINK"`, and a link with a quote in
 * it becomes several arguments, options among them.  So a link is accepted as the only argument, and
 * wherever else one appears the whole line is refused; but for `realmjoin link LINK`, which says itself
 * what comes.
 */
#ifndef RJ_SESSION_COMMAND_LINK_ARGUMENTS_H
#define RJ_SESSION_COMMAND_LINK_ARGUMENTS_H

#include <stdbool.h>

typedef enum rj_link_line {
    RJ_LINK_LINE_NONE,   /* no link in it */
    RJ_LINK_LINE_ALONE,  /* the only argument; its text is not looked at yet */
    RJ_LINK_LINE_REFUSED /* a link with something beside it */
} rj_link_line;

/* Without the program's own name. */
rj_link_line rj_link_line_of(int count, const char *const *arguments);

#endif
