/* SPDX-License-Identifier: MIT */
/* See one_line.h. */
#include "session/ui/one_line.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"
#define ADDRESS_MAX 20u

/* The next character of well-formed UTF-8; what is not becomes '?'. */
static size_t next(const char *text, uint32_t *ret_code)
{
    unsigned char first = (unsigned char)*text;
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (strnlen(text, length) < length || !rj_utf8_valid(text, length)) {
        *ret_code = 0xfffd;
        return 1;
    }
    *ret_code = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++)
        *ret_code = *ret_code << 6 | ((unsigned char)text[i] & 0x3f);
    return length;
}

/* Control characters, and those that turn the direction of what stands beside them. */
static bool is_dropped(uint32_t code)
{
    return code < ' ' || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
           code == 0xfeff;
}

static size_t count(const char *text)
{
    size_t columns = 0;
    uint32_t code;
    while (*text) {
        text += next(text, &code);
        columns += !is_dropped(code);
    }
    return columns;
}

char *rj_ui_one_line(const char *text, size_t columns)
{
    size_t all = count(text), column = 0;
    size_t head = all > columns ? columns / 2 : all, tail = all > columns ? columns - head - 1 : 0;
    rj_text line = RJ_TEXT_EMPTY;
    while (*text) {
        uint32_t code;
        size_t length = next(text, &code);
        if (!is_dropped(code)) {
            if (column == head && all > columns)
                rj_text_add(&line, ELLIPSIS);
            if (code == 0xfffd && length == 1)
                rj_text_add(&line, "?");
            else if (column < head || column >= all - tail)
                rj_text_append(&line, text, length);
            column++;
        }
        text += length;
    }
    return rj_text_take(&line);
}

char *rj_ui_short_address(const char *address)
{
    rj_text line = RJ_TEXT_EMPTY;
    const char *second = strchr(address, ':'), *last = strrchr(address, ':');
    second = second ? strchr(second + 1, ':') : NULL;
    if (strlen(address) <= ADDRESS_MAX || !second || second >= last)
        return rj_ui_one_line(address, RJ_UI_COLUMNS);
    rj_text_append(&line, address, (size_t)(second - address) + 1);
    rj_text_add(&line, ELLIPSIS);
    rj_text_add(&line, last);
    return rj_text_take(&line);
}
