/* SPDX-License-Identifier: MIT */
/* "C:/...", or "//server/share/..." but no device. */
#include "absolute.h"

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

bool is_absolute_path(const char *path)
{
    if ((path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z'))
        return path[1] == ':' && is_separator(path[2]);
    return is_separator(path[0]) && is_separator(path[1]) && path[2] && !is_separator(path[2]) &&
           !((path[2] == '.' || path[2] == '?') && is_separator(path[3]));
}
