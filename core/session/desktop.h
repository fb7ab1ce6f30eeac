/* SPDX-License-Identifier: MIT */
/* What scripts of a user's packages get of that user's environment; everything else stays here. */
#ifndef RJ_SESSION_DESKTOP_H
#define RJ_SESSION_DESKTOP_H

#include "platform/paths.h"
#include <jansson.h>

/*
 * Adds the user's folders, name, place for temporary files and, on the real system, desktop, as this system
 * names them.  Below a root of its own there is no desktop, and the folders are below the root.
 * False: out of memory.
 */
bool rj_desktop_describe(json_t *environment, const rj_paths *paths, const char *user,
                         const char *temporary);

#endif
