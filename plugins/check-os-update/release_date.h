/* SPDX-License-Identifier: MIT */
/* The date that stands in the release file of a package archive. */
#ifndef PLUGINS_CHECK_OS_UPDATE_RELEASE_DATE_H
#define PLUGINS_CHECK_OS_UPDATE_RELEASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 of the first "Date:" line ("Sun, 23 Nov 2025 20:11:05 UTC"); false: none. */
bool release_date_find(const char *text, int64_t *ret_seconds);

#endif
