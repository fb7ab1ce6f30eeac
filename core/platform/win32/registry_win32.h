/* SPDX-License-Identifier: MIT */
/*
 * The registry, always its 64-bit view.  With a root ("--root R") nothing of the real hives is touched:
 * every key lies below HKCU\Software\RealmJoin-Roots\<tag of R>\{HKLM,HKU,HKCU}.
 *
 * Keys are written with backslashes, names and text in UTF-8.  A value of another type than asked for is
 * RJ_E_INVALID and the text names key and value; an absent key or value is RJ_E_NOT_FOUND.
 */
#ifndef RJ_PLATFORM_REGISTRY_WIN32_H
#define RJ_PLATFORM_REGISTRY_WIN32_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>

typedef enum rj_hive {
    RJ_HIVE_MACHINE, /* HKEY_LOCAL_MACHINE */
    RJ_HIVE_USERS,   /* HKEY_USERS: the key starts with a SID */
    RJ_HIVE_USER     /* HKEY_CURRENT_USER */
} rj_hive;

/* One key: `root` is rj_paths_root(), "" or NULL for the real hives. */
typedef struct rj_registry_key {
    const char *root;
    rj_hive hive;
    const char *key; /* "SOFTWARE\\RealmJoin" */
} rj_registry_key;

/* 16 lower-case hex digits that stand for a root: the first of the SHA-256 of its text. */
void rj_root_tag(const char *root, char ret_tag[17]);

/* Open for reading; with `create` make what is missing and open for reading and writing. */
rj_status rj_registry_open(const char *root, rj_hive hive, const char *subkey, bool create,
                           HKEY *ret_key, rj_error *err);

rj_status rj_registry_get_u32(const rj_registry_key *where, const char *name, uint32_t *ret_value,
                              rj_error *err);
/* REG_SZ only; at most 32 KiB (RJ_E_LIMIT); rj_free. */
rj_status rj_registry_get_text(const rj_registry_key *where, const char *name, char **ret_text,
                               rj_error *err);
/* These make the key if it is missing. */
rj_status rj_registry_set_u32(const rj_registry_key *where, const char *name, uint32_t value,
                              rj_error *err);
rj_status rj_registry_set_text(const rj_registry_key *where, const char *name, const char *text,
                               rj_error *err);
/* Absent is fine. */
rj_status rj_registry_remove_value(const rj_registry_key *where, const char *name, rj_error *err);
rj_status rj_registry_remove_key(const rj_registry_key *where, rj_error *err); /* and all below */

/* Names of the keys, or of the values, in a key, sorted bytewise; NULL-terminated, one allocation
 * (rj_free).  An absent key has none.  More than max_names: RJ_E_LIMIT. */
rj_status rj_registry_list_keys(const rj_registry_key *where, size_t max_names, char ***ret_names,
                                size_t *ret_count, rj_error *err);
rj_status rj_registry_list_values(const rj_registry_key *where, size_t max_names, char ***ret_names,
                                  size_t *ret_count, rj_error *err);

#endif
