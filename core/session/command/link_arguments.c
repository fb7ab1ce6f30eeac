/* SPDX-License-Identifier: MIT */
#include "session/command/link_arguments.h"
#include <string.h>

static bool is_link(const char *text)
{
    static const char scheme[] = "realmjoin:";
    for (size_t i = 0; scheme[i]; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
        if (c != scheme[i])
            return false;
    }
    return true;
}

rj_link_line rj_link_line_of(int count, const char *const *arguments)
{
    for (int i = 0; i < count; i++) {
        if (is_link(arguments[i]))
            return count == 1 ? RJ_LINK_LINE_ALONE : RJ_LINK_LINE_REFUSED;
        if (strcmp(arguments[i], "link") == 0)
            return RJ_LINK_LINE_NONE; /* the command looks at what follows */
    }
    return RJ_LINK_LINE_NONE;
}
