/* SPDX-License-Identifier: MIT */
/* Words and progress, see output.h; tables are in table.c. */
#include "session/cli/output.h"
#include "base/native_paths.h"
#include "base/text.h"
#include "platform/system.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BAR_CELLS 20

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && value[0];
}

void rj_output_init(rj_output *out, FILE *stream, bool plain)
{
    *out = (rj_output){.stream = stream, .told_permille = -1};
    const char *term = getenv("TERM");
    bool able = term && term[0] && strcmp(term, "dumb") != 0;
    bool terminal = rj_terminal_is(fileno(stream));
    out->terminal = terminal && able && !plain;
    out->colour = out->terminal && !is_set("NO_COLOR");
    out->width = terminal ? rj_terminal_width(fileno(stream)) : 0;
}

/* ---- Text from outside ----------------------------------------------------------------------- */

/* Length of the UTF-8 character at `text`, its value in *ret_code; the text is well-formed. */
static size_t decode(const char *text, uint32_t *ret_code)
{
    const unsigned char *b = (const unsigned char *)text;
    if (b[0] < 0x80) {
        *ret_code = b[0];
        return 1;
    }
    size_t length = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    uint32_t code = b[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((b[i] & 0xc0) != 0x80) {
            *ret_code = 0xfffd;
            return i;
        }
        code = code << 6 | (b[i] & 0x3fu);
    }
    *ret_code = code;
    return length;
}

/* C1 controls, line separators, and marks that reorder what stands around them. */
static bool is_harmful(uint32_t code)
{
    return (code >= 0x80 && code < 0xa0) || code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff || (code >= 0xe0000 && code < 0xe0080);
}

static int columns_of(uint32_t code)
{
    if ((code >= 0x0300 && code < 0x0370) || (code >= 0x200b && code <= 0x200d) ||
        (code >= 0xfe00 && code < 0xfe10))
        return 0;
    bool wide = (code >= 0x1100 && code < 0x1160) || (code >= 0x2e80 && code < 0xa4d0) ||
                (code >= 0xac00 && code < 0xd7a4) || (code >= 0xf900 && code < 0xfb00) ||
                (code >= 0xfe30 && code < 0xfe70) || (code >= 0xff00 && code < 0xff61) ||
                (code >= 0xffe0 && code < 0xffe7) || (code >= 0x1f300 && code < 0x1f650) ||
                (code >= 0x1f680 && code < 0x1f700) || (code >= 0x1f900 && code < 0x1fa00) ||
                (code >= 0x20000 && code < 0x3fffe);
    return wide ? 2 : 1;
}

int rj_text_columns(const char *text)
{
    int columns = 0;
    while (*text) {
        uint32_t code;
        text += decode(text, &code);
        columns += columns_of(code);
    }
    return columns;
}

const char *rj_clean(rj_output *out, const char *text)
{
    char *target = out->clean[out->next_clean++ % RJ_CLEAN_COUNT];
    if (!text)
        text = "";
    rj_text_to_line(target, RJ_CLEAN_SIZE, text, strlen(text));
    char *write = target;
    for (const char *read = target; *read;) {
        uint32_t code;
        size_t length = decode(read, &code);
        if (is_harmful(code)) {
            *write++ = '?';
        } else {
            memmove(write, read, length);
            write += length;
        }
        read += length;
    }
    *write = '\0';
    rj_native_paths(target);
    return target;
}

/* ---- Words ----------------------------------------------------------------------------------- */

static const char *const styles[] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m"};

void rj_say(rj_output *out, rj_style style, const char *format, ...)
{
    bool coloured = out->colour && style != RJ_STYLE_NONE;
    if (coloured)
        fputs(styles[style], out->stream);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(out->stream, format, arguments);
    va_end(arguments);
    if (coloured)
        fputs("\033[0m", out->stream);
}

void rj_say_json(rj_output *out, const json_t *document)
{
    json_dumpf(document, out->stream, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
    fputc('\n', out->stream);
}

void rj_say_error(rj_output *out, const char *text)
{
    rj_progress_clear(out);
    fflush(out->stream);
    fprintf(stderr, "realmjoin: %s\n", rj_clean(out, text));
}

/* ---- Progress -------------------------------------------------------------------------------- */

static void draw(rj_output *out, const char *label, int permille, const char *text)
{
    int filled = permille < 0 ? 0 : permille * BAR_CELLS / 1000;
    char bar[BAR_CELLS + 1];
    memset(bar, '-', BAR_CELLS);
    memset(bar, '#', (size_t)filled);
    bar[BAR_CELLS] = '\0';
    char percent[8] = "     ";
    if (permille >= 0)
        snprintf(percent, sizeof percent, "%3d %%", permille / 10);
    int room = out->width - 1 - (BAR_CELLS + 2) - 2 - 5 - 2 - rj_text_columns(label);
    fputs("\r\033[K", out->stream);
    if (room < 0)
        fprintf(out->stream, "%.20s %s", rj_text_columns(label) <= 20 ? label : "", percent);
    else
        fprintf(out->stream, "%s [%s] %s", label, bar, percent);
    if (text && *text && room > 0 && rj_text_columns(text) + 1 <= room)
        fprintf(out->stream, "  %s", text);
    fflush(out->stream);
    out->line_open = true;
}

static void draw_shown(rj_output *out)
{
    out->drawn_ms = rj_clock_monotonic_ms();
    out->behind = false;
    draw(out, out->shown_label, out->shown_permille, out->shown_text);
}

static void show_bar(rj_output *out, const char *label, int permille, const char *text)
{
    if (permille == RJ_PROGRESS_SAME)
        permille = strcmp(out->shown_label, label) == 0 ? out->shown_permille : 0;
    snprintf(out->shown_label, sizeof out->shown_label, "%s", label);
    snprintf(out->shown_text, sizeof out->shown_text, "%s", text);
    out->shown_permille = permille;
    out->behind = true;
    if (!out->line_open || rj_clock_monotonic_ms() - out->drawn_ms >= RJ_PROGRESS_MS)
        draw_shown(out);
}

static void tell_line(rj_output *out, const char *label, int permille, const char *text)
{
    bool same = strncmp(out->told_label, label, sizeof out->told_label - 1) == 0;
    if (permille < 0 || (same && permille / 100 <= out->told_permille / 100))
        return;
    snprintf(out->told_label, sizeof out->told_label, "%s", label);
    out->told_permille = permille;
    fprintf(out->stream, "%s %d %%%s%s\n", label, permille / 10, *text ? "  " : "", text);
    fflush(out->stream);
}

void rj_progress_show(rj_output *out, const char *label, int permille, const char *text)
{
    const char *name = rj_clean(out, label);
    const char *what = rj_clean(out, text);
    if (permille > 1000)
        permille = 1000;
    if (out->terminal)
        show_bar(out, name, permille, what);
    else
        tell_line(out, name, permille, what);
}

void rj_progress_catch_up(rj_output *out)
{
    if (out->terminal && out->line_open && out->behind)
        draw_shown(out);
}

void rj_progress_clear(rj_output *out)
{
    if (out->line_open)
        fputs("\r\033[K", out->stream);
    out->line_open = false;
}
