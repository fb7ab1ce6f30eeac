/* SPDX-License-Identifier: MIT */
/*
 * What other products may read about packages: a copy of the records, where the system keeps such things.
 * The store is the truth; nothing of the agent reads the copy.
 *
 * posix: there is none, all of this is RJ_OK.  win32: HKLM\SOFTWARE\RealmJoin\Packages\<id> and
 * HKU\<SID>\SOFTWARE\RealmJoin\Packages\<id>; which of these keys are ours is kept in
 * HKLM\SOFTWARE\RealmJoin\Mirror, as others write into the same place.
 */
#ifndef RJ_PLATFORM_RECORD_MIRROR_H
#define RJ_PLATFORM_RECORD_MIRROR_H

#include "platform/paths.h"
#include "platform/system.h"
#include <stddef.h>

/* Of the machine's packages. */
#define RJ_MIRROR_MACHINE ((rj_uid)0xffffffffu)

typedef enum rj_mirror_kind {
    RJ_MIRROR_ABSENT, /* the value is taken away */
    RJ_MIRROR_TEXT,
    RJ_MIRROR_NUMBER
} rj_mirror_kind;

typedef struct rj_mirror_value {
    const char *name;
    rj_mirror_kind kind;
    const char *text;
    uint32_t number;
} rj_mirror_value;

typedef struct rj_mirror_id {
    const char *id;
    rj_uid owner;
} rj_mirror_id;

/* Writes only what differs.  RJ_E_NOT_FOUND: the owner is not signed in, so there is no place for it. */
rj_status rj_record_mirror_put(const rj_paths *paths, const rj_mirror_id *whose,
                               const rj_mirror_value *values, size_t count, rj_error *err);
rj_status rj_record_mirror_remove(const rj_paths *paths, const rj_mirror_id *whose, rj_error *err);
/* Take away what is ours and not among `kept`. */
rj_status rj_record_mirror_prune(const rj_paths *paths, const rj_mirror_id *kept, size_t count,
                                 rj_error *err);

#endif
