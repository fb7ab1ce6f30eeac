/* SPDX-License-Identifier: MIT */
/*
 * Keeps the copy of the records that other products read (record_mirror.h) in step with the store:
 *
 *     a package starts: its key, without a result --> it ends: the result, or the key goes
 *
 * The store is the truth: what cannot be copied is one warning in the log, never a failed package, and
 * rj_mirror_refresh() makes up for it at the next start.
 */
#ifndef RJ_ENGINE_MIRROR_H
#define RJ_ENGINE_MIRROR_H

#include "engine/store.h"
#include "platform/record_mirror.h"

/* Tests bring their own. */
typedef struct rj_mirror {
    void *data; /* the paths */
    rj_status (*put)(void *data, const rj_mirror_id *whose, const rj_mirror_value *values,
                     size_t count, rj_error *err);
    rj_status (*remove)(void *data, const rj_mirror_id *whose, rj_error *err);
    rj_status (*prune)(void *data, const rj_mirror_id *kept, size_t count, rj_error *err);
} rj_mirror;

rj_mirror rj_mirror_of_system(const rj_paths *paths);

enum { RJ_MIRROR_VALUES = 6 };
/* Version, Type, ArgsHash, DisplayName, Success, LastExitCode; `ended` false: the last two absent. */
void rj_mirror_values_of(const rj_store_record *record, bool ended,
                         rj_mirror_value ret_values[RJ_MIRROR_VALUES]);

/* All take a mirror that is NULL: there is none. */
void rj_mirror_started(const rj_mirror *mirror, const rj_journal_entry *entry);
void rj_mirror_ended(const rj_mirror *mirror, const rj_journal_entry *entry,
                     const rj_store_record *record);
/* The entry was dropped: as the store has it. */
void rj_mirror_dropped(const rj_mirror *mirror, rj_store *store, const rj_journal_entry *entry);
/* Everything as the store has it; what others have written stays. */
void rj_mirror_refresh(const rj_mirror *mirror, rj_store *store);

#endif
