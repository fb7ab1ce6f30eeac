/* SPDX-License-Identifier: MIT */
/* See native_paths.h: they look alike here. */
#include "base/native_paths.h"

void rj_native_paths(char *text)
{
    (void)text;
}
