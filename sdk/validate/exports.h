/* SPDX-License-Identifier: MIT */
/* The dynamic symbols of a shared library, read from its file. */
#ifndef RJ_VALIDATE_EXPORTS_H
#define RJ_VALIDATE_EXPORTS_H

#include "base/status.h"

#include <stdbool.h>

/* Calls `exported` for each symbol the library defines for others, but for those the C++ library
 * makes visible by itself (weak and unique ones).  *ret_has: `wanted` is among them. */
rj_status rj_exports_read(const char *path, const char *wanted, bool *ret_has,
                          void (*exported)(void *data, const char *name), void *data,
                          rj_error *err);

#endif
