/* SPDX-License-Identifier: MIT */
/* Order of Debian package versions, as the Debian Policy Manual defines it (5.6.12). */
#ifndef PLUGINS_CHECK_OS_UPDATE_DEBIAN_VERSION_H
#define PLUGINS_CHECK_OS_UPDATE_DEBIAN_VERSION_H

/* Below 0, 0 or above 0 as `left` is older, equal or newer.  Any text has a place in the order. */
int debian_version_compare(const char *left, const char *right);

#endif
