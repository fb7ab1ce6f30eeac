/* SPDX-License-Identifier: MIT */
/*
 * See output_feed.h.
 *
 * Bytes are only kept and their line ends counted as they come; they are looked at when they are given out,
 * so that a program that writes without end costs no more than its copying.
 */
#include "runtime/output_feed.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

#define QUIET_TURNS 5u

struct rj_output_feed {
    rj_loop *loop;
    rj_output_emit *emit;
    void *data;
    rj_timer *timer; /* NULL: nothing is kept */
    uint64_t line;   /* number of the first line that is kept */
    bool torn;       /* its beginning is lost */
    unsigned quiet;  /* turns in which nothing came */
    size_t length;
    char kept[2 * RJ_OUTPUT_MOST];
};

/* ---- Keeping --------------------------------------------------------------------------------- */

static uint64_t count_lines(const char *bytes, size_t length)
{
    uint64_t count = 0;
    const char *end = bytes + length;
    while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
        count++;
        bytes++;
    }
    return count;
}

static void lose(rj_output_feed *feed, const char *bytes, size_t length)
{
    if (!length)
        return;
    feed->line += count_lines(bytes, length);
    feed->torn = bytes[length - 1] != '\n';
}

/* From the front, until `most` are left. */
static void shorten(rj_output_feed *feed, size_t most)
{
    if (feed->length <= most)
        return;
    size_t lost = feed->length - most;
    lose(feed, feed->kept, lost);
    memmove(feed->kept, feed->kept + lost, most);
    feed->length = most;
}

static void keep(rj_output_feed *feed, const char *bytes, size_t length)
{
    if (length > RJ_OUTPUT_MOST) {
        size_t lost = length - RJ_OUTPUT_MOST;
        shorten(feed, 0);
        lose(feed, bytes, lost);
        bytes += lost;
        length = RJ_OUTPUT_MOST;
    } else if (feed->length + length > sizeof feed->kept) {
        shorten(feed, RJ_OUTPUT_MOST);
    }
    memcpy(feed->kept + feed->length, bytes, length);
    feed->length += length;
}

/* ---- Giving out ------------------------------------------------------------------------------ */

/* ESC [ ... letter, or ESC and one character; where it ends. */
static size_t pass_sequence(const char *line, size_t at, size_t length)
{
    if (++at == length || line[at] != '[')
        return at < length ? at + 1 : length;
    do
        at++;
    while (at < length && (unsigned char)line[at] < 0x40);
    return at < length ? at + 1 : length;
}

static size_t clean_line(char *target, char *line, size_t length)
{
    size_t written = 0;
    if (length && line[length - 1] == '\r')
        length--;
    for (size_t at = length; at > 0; at--) {
        if (line[at - 1] == '\r') {
            line += at;
            length -= at;
            break;
        }
    }
    rj_utf8_repair(line, length);
    for (size_t at = 0; at < length;) {
        unsigned char byte = (unsigned char)line[at];
        bool c1 = byte == 0xc2 && at + 1 < length && (unsigned char)line[at + 1] < 0xa0;
        if (byte == 0x1b)
            at = pass_sequence(line, at, length);
        else if (c1)
            at += 2;
        else if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            at++;
        else
            target[written++] = line[at++];
    }
    target[written++] = '\n';
    return written;
}

static void drop_kept(rj_output_feed *feed, size_t length)
{
    feed->length -= length;
    memmove(feed->kept, feed->kept + length, feed->length);
}

static void give_out(rj_output_feed *feed)
{
    char text[RJ_OUTPUT_MOST + 2];
    size_t written = 0, at = 0;
    char *end;
    shorten(feed, RJ_OUTPUT_MOST);
    if (feed->torn && (end = memchr(feed->kept, '\n', feed->length))) {
        drop_kept(feed, (size_t)(end + 1 - feed->kept));
        feed->line++;
        feed->torn = false;
    }
    if (feed->torn)
        return;
    uint64_t lines = 0;
    while ((end = memchr(feed->kept + at, '\n', feed->length - at))) {
        size_t length = (size_t)(end - (feed->kept + at));
        written += clean_line(text + written, feed->kept + at, length);
        at += length + 1;
        lines++;
    }
    if (!lines)
        return;
    text[written] = '\0';
    uint64_t first = feed->line;
    feed->line += lines;
    drop_kept(feed, at);
    feed->emit(feed->data, first, text);
}

static void finish_line(rj_output_feed *feed)
{
    if (feed->length && feed->kept[feed->length - 1] != '\n')
        keep(feed, "\n", 1);
}

static void wait_on(rj_output_feed *feed);

static void on_time(void *data)
{
    rj_output_feed *feed = data;
    rj_timer_stop(feed->timer);
    feed->timer = NULL;
    if (++feed->quiet > QUIET_TURNS)
        finish_line(feed);
    give_out(feed);
    if (feed->length)
        wait_on(feed);
}

static void wait_on(rj_output_feed *feed)
{
    if (!feed->timer) /* without memory for it: what comes next tries again */
        rj_timer_start(feed->loop, RJ_OUTPUT_EACH_MS, 0, on_time, feed, &feed->timer, NULL);
}

/* ---- The feed -------------------------------------------------------------------------------- */

rj_output_feed *rj_output_feed_new(rj_loop *loop, rj_output_emit *emit, void *data)
{
    rj_output_feed *feed = rj_calloc(1, sizeof *feed);
    if (!feed)
        return NULL;
    feed->loop = loop;
    feed->emit = emit;
    feed->data = data;
    feed->line = 1;
    return feed;
}

void rj_output_feed_add(rj_output_feed *feed, uint64_t line, const char *bytes, size_t length)
{
    if (!feed || !length)
        return;
    /* Lines that are missing between what is kept and this are told before what is kept: whoever leaves
     * out every second line makes us give out nothing sooner. */
    uint64_t next = feed->line + count_lines(feed->kept, feed->length);
    if (line > next)
        feed->line += line - next;
    feed->quiet = 0;
    keep(feed, bytes, length);
    wait_on(feed);
}

void rj_output_feed_flush(rj_output_feed *feed)
{
    if (!feed)
        return;
    finish_line(feed);
    give_out(feed);
    feed->torn = false;
    rj_timer_stop(feed->timer);
    feed->timer = NULL;
}

void rj_output_feed_free(rj_output_feed *feed)
{
    if (!feed)
        return;
    rj_timer_stop(feed->timer);
    rj_free(feed);
}
