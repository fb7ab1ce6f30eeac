/* SPDX-License-Identifier: MIT */
/* The shapes of result documents, as check.h and package.h say. */
#ifndef RJ_VALIDATE_SHAPE_H
#define RJ_VALIDATE_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* `verb` is one of rj_package_verb, or -1 for a check.  With `whole` false (the op failed) members may
 * be left out.  False: ret_problem says place, expected and found. */
bool rj_shape_check(int verb, const json_t *result, bool whole, char *ret_problem, size_t size);

#endif
