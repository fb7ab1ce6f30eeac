/* SPDX-License-Identifier: MIT */
#include "absolute.h"

bool is_absolute_path(const char *path)
{
    return path[0] == '/';
}
