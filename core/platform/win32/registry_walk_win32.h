/* SPDX-License-Identifier: MIT */
/*
 * Keys in the hive of a user, who may put a link in the place of any of them: it would lead us, with all our
 * rights, to keys of the hive that the user may not change.  Links are neither followed nor made to follow.
 */
#ifndef RJ_PLATFORM_WIN32_REGISTRY_WALK_H
#define RJ_PLATFORM_WIN32_REGISTRY_WALK_H

#include <stdbool.h>

#include <windows.h>

/* Opens, or makes what is missing, one name of the path after the other.  ERROR_SYMLINK_CLASS_DISABLED: one
 * of them is a link. */
LSTATUS rj_registry_walk(HKEY hive, const wchar_t *path, REGSAM access, bool create, HKEY *ret_key);
/* The key at the end with all below; of a link the link. */
LSTATUS rj_registry_walk_remove(HKEY hive, const wchar_t *path);

#endif
