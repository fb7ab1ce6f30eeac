/* SPDX-License-Identifier: MIT */
/* The details of a job: lines, newest last, of at most 60 KiB; what is older goes. */
#ifndef RJ_SESSION_UI_DETAILS_H
#define RJ_SESSION_UI_DETAILS_H

#include "base/text.h"
#include "session/ui/texts.h"

#include <stdint.h>

/* One line of our own; not twice in a row.  NULL and "" are no line. */
void rj_ui_details_add(rj_text *details, const char *line);
/* What a program wrote: lines, each with its end, of which `first` is the number of the first.  *next is the number
 * expected, and the one expected then; lines that are missing between are said. */
void rj_ui_details_add_output(rj_text *details, const rj_texts *texts, uint64_t first,
                              const char *lines, uint64_t *next);

#endif
