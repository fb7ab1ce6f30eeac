/* SPDX-License-Identifier: MIT */
/* UTF-8 to what Windows shows.  Broken UTF-8 becomes U+FFFD, never an error. */
#include "tray_win32.h"

#include <stdlib.h>
#include <string.h>

wchar_t *tray_wide(const char *utf8)
{
    int count = MultiByteToWideChar(CP_UTF8, 0, utf8 ? utf8 : "", -1, NULL, 0);
    wchar_t *wide = count > 0 ? malloc((size_t)count * sizeof *wide) : NULL;
    if (wide)
        MultiByteToWideChar(CP_UTF8, 0, utf8 ? utf8 : "", -1, wide, count);
    return wide;
}

wchar_t *tray_wide_label(const char *utf8)
{
    wchar_t *wide = tray_wide(utf8), *label, *to;
    if (!wide)
        return NULL;
    label = to = malloc((2 * wcslen(wide) + 1) * sizeof *label);
    for (const wchar_t *from = wide; label && *from; from++) {
        if (*from == L'&')
            *to++ = L'&';
        *to++ = *from < L' ' || *from == 0x7f ? L' ' : *from; /* a tab would begin a column */
    }
    if (label)
        *to = L'\0';
    free(wide);
    return label;
}

wchar_t *tray_wide_lines(const char *utf8)
{
    wchar_t *wide = tray_wide(utf8), *lines, *to;
    if (!wide)
        return NULL;
    lines = to = malloc((2 * wcslen(wide) + 1) * sizeof *lines);
    for (const wchar_t *from = wide; lines && *from; from++) {
        if (*from == L'\r')
            continue;
        if (*from == L'\n')
            *to++ = L'\r';
        *to++ = *from;
    }
    if (lines)
        *to = L'\0';
    free(wide);
    return lines;
}

void tray_wide_into(const char *utf8, wchar_t *target, size_t size)
{
    wchar_t *wide = tray_wide(utf8);
    size_t length = wide ? wcslen(wide) : 0;
    if (length >= size) {
        length = size - 1;
        if (IS_HIGH_SURROGATE(wide[length - 1]))
            length--;
    }
    if (length)
        memcpy(target, wide, length * sizeof *target);
    target[length] = L'\0';
    free(wide);
}
