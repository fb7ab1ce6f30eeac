/* SPDX-License-Identifier: MIT */
/*
 * The installed packages and which of them a package list offers newer.
 *
 * Happy path: installed_read() the status file of dpkg -> installed_offer() each security list ->
 * look at `newer` of each -> installed_free().
 * Failure modes: a file that cannot be read to its end gives a reason; what was read of a list
 * before is kept, so that updates known to be pending stay known.
 */
#ifndef PLUGINS_CHECK_OS_UPDATE_PACKAGE_LIST_H
#define PLUGINS_CHECK_OS_UPDATE_PACKAGE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define PACKAGE_FIELD 192

typedef struct installed_package {
    char *name; /* name, architecture and version stand in one allocation */
    char *architecture;
    char *version;
    char *newer; /* the highest version offered, NULL if none is newer */
} installed_package;

typedef struct installed_packages {
    installed_package *entries; /* sorted by name */
    size_t count, capacity;
} installed_packages;

/* Asked now and then while reading; true stops it. */
typedef bool (*package_list_stop)(const void *data);

/* NULL on success, else the reason, to stand after the path. */
const char *installed_read(installed_packages *ret_packages, const char *root, const char *path,
                           package_list_stop stop, const void *data);
const char *installed_offer(installed_packages *packages, const char *root, const char *path,
                            package_list_stop stop, const void *data);
void installed_free(installed_packages *packages);

#endif
