/* SPDX-License-Identifier: MIT */
/* Where a program may run that a plugin may start by its name alone. */
#ifndef RJ_HOST_SPAWN_FOLDER_H
#define RJ_HOST_SPAWN_FOLDER_H

#include "base/status.h"

/* posix: anywhere.  win32: in its own folder or System32; else RJ_E_DENIED. */
rj_status rj_spawn_check_folder(const char *program, const char *folder, rj_error *err);

#endif
