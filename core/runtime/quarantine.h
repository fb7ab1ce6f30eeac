/* SPDX-License-Identifier: MIT */
/*
 * What must not run, remembered beyond a restart: plugin files set aside by their SHA-256, and
 * plugins an administrator has disabled by their id.  Kept in the key-value backend under an id that
 * no plugin can have.
 *
 * What cannot be read is an error, never "it may run".  Called from any thread.
 */
#ifndef RJ_RUNTIME_QUARANTINE_H
#define RJ_RUNTIME_QUARANTINE_H

#include "runtime/runtime.h"

#define RJ_QUARANTINE_OWNER "_runtime"
#define RJ_QUARANTINE_WHY 300

typedef struct rj_quarantine {
    char why[RJ_QUARANTINE_WHY]; /* one line */
    int64_t when_wall_ms;
    bool by_admin; /* else because it crashed */
} rj_quarantine;

/* RJ_E_NOT_FOUND: the file is not set aside.  RJ_E_CORRUPT: the entry is no entry. */
rj_status rj_quarantine_find(const rj_kv_backend *kv, const char *sha256, rj_quarantine *ret_found,
                             rj_error *err);
/* The plugin's former file is forgotten: it has changed since. */
rj_status rj_quarantine_put(const rj_kv_backend *kv, const char *sha256, const char *plugin_id,
                            const rj_quarantine *quarantine, rj_error *err);
rj_status rj_quarantine_clear(const rj_kv_backend *kv, const char *sha256, rj_error *err);

rj_status rj_disabled_find(const rj_kv_backend *kv, const char *plugin_id, bool *ret_disabled,
                           rj_error *err);
rj_status rj_disabled_put(const rj_kv_backend *kv, const char *plugin_id, bool disabled,
                          rj_error *err);

#endif
