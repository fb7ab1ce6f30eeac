/* SPDX-License-Identifier: MIT */
/* What an absolute path is on this system (absolute_posix.c, absolute_win32.c). */
#ifndef PLUGINS_EVIDENCE_ABSOLUTE_H
#define PLUGINS_EVIDENCE_ABSOLUTE_H

#include <stdbool.h>

bool is_absolute_path(const char *path);

#endif
