/* SPDX-License-Identifier: MIT */
/*
 * What a program writes, as text to look at while it runs.
 *
 *     bytes as they come --> add --> ... every 200 ms --> whole lines, at most 4 KiB, to `emit`
 *
 * The newest lines are kept; a gap in the numbers of the lines says how many were left out.  A line that stays
 * unfinished for a second is given out as it is.  Bytes that break UTF-8 become '?'; control characters and a
 * terminal's sequences go, and of a line that was written over with CR what stood there last is the line.
 * However much comes, one feed is 8 KiB.  Loop thread only.
 */
#ifndef RJ_RUNTIME_OUTPUT_FEED_H
#define RJ_RUNTIME_OUTPUT_FEED_H

#include "runtime/loop.h"

#include <stddef.h>
#include <stdint.h>

#define RJ_OUTPUT_EACH_MS 200u
#define RJ_OUTPUT_MOST ((size_t)4096) /* bytes of text given out at a time */

typedef struct rj_output_feed rj_output_feed;

/* `text`: lines of valid UTF-8, each with its LF; `line`: number of the first one, from 1. */
typedef void rj_output_emit(void *data, uint64_t line, const char *text);

rj_output_feed *rj_output_feed_new(rj_loop *loop, rj_output_emit *emit,
                                   void *data); /* NULL: no memory */
/* `line`: as another feed gave it out; 0: what comes next.  Any bytes; NULL feed is fine. */
void rj_output_feed_add(rj_output_feed *feed, uint64_t line, const char *bytes, size_t length);
/* All there is, also an unfinished line, now; the next line begins anew.  NULL is fine. */
void rj_output_feed_flush(rj_output_feed *feed);
void rj_output_feed_free(
    rj_output_feed *feed); /* what was not given out is dropped; NULL is fine */

#endif
