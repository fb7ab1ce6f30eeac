/* SPDX-License-Identifier: MIT */
/* What craft_system.c leaves to the system's half beside craft_system.h itself. */
#ifndef PACKAGE_CRAFT_SYSTEM_CALLS_H
#define PACKAGE_CRAFT_SYSTEM_CALLS_H

#include "craft_system.h"

/* A file with this text, on disk on return; whatever stood in its place is gone, no link followed. */
rj_status craft_write_part(const char *path, const char *text, size_t length, rj_failure *failure);
/* For reading, no link followed. */
rj_status craft_open_file(const char *path, intptr_t *ret_file, rj_failure *failure);
/* At most `size` bytes; 0: the end. */
rj_status craft_read_some(intptr_t file, const char *path, char *bytes, size_t size,
                          size_t *ret_length, rj_failure *failure);
void craft_close_file(intptr_t file);

#endif
