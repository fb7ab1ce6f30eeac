/* SPDX-License-Identifier: MIT */
/*
 * See native_paths.h.  A path begins with "X:/" that stands for itself ("https:/" does not) and may have blanks, so it
 * goes on until something that no path has; a '/' behind a blank is none of it.
 */
#include "base/native_paths.h"

#include <stdbool.h>
#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool begins_word(const char *text, const char *at)
{
    return at == text || (!is_letter(at[-1]) && !strchr("0123456789_+-./\\", at[-1]));
}

void rj_native_paths(char *text)
{
    for (char *at = text; *at; at++) {
        if (!is_letter(at[0]) || at[1] != ':' || at[2] != '/' || !begins_word(text, at))
            continue;
        for (at += 2; *at && (unsigned char)*at >= ' ' && !strchr(":\"<>|?*;", *at); at++) {
            if (*at == '/' && at[-1] == ' ')
                break;
            if (*at == '/')
                *at = '\\';
        }
        at -= *at == ':' ? 2 : 1; /* the next may begin there */
    }
}
