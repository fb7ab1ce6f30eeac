/* SPDX-License-Identifier: MIT */
/*
 * The mounted file systems, from the text of /proc/self/mountinfo.
 *
 * Happy path: mount_table_parse() -> mount_table_at() for the file system mounted exactly there or
 * mount_table_holding() for the one that holds a path -> mount_table_free().
 * Failure modes: a line that cannot be understood is skipped and counted.
 */
#ifndef PLUGINS_CHECK_ENCRYPTION_MOUNT_TABLE_H
#define PLUGINS_CHECK_ENCRYPTION_MOUNT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mount_entry {
    unsigned major, minor;
    char *point; /* where, unescaped */
    char *type;
    char *source;
} mount_entry;

typedef struct mount_table {
    mount_entry *entries;
    size_t count;
    size_t skipped;
    char *text; /* what the entries point into */
} mount_table;

/* Takes over `text`; false: out of memory (then `text` has been freed). */
bool mount_table_parse(mount_table *ret_table, char *text);
void mount_table_free(mount_table *table);

/* The last one mounted there covers the earlier ones; NULL if nothing is mounted exactly there. */
const mount_entry *mount_table_at(const mount_table *table, const char *point);
/* The file system that holds the absolute path; NULL if not even "/" is mounted. */
const mount_entry *mount_table_holding(const mount_table *table, const char *path);

/* Undo the \040 escapes of /proc in place. */
void mount_table_unescape(char *text);

#endif
