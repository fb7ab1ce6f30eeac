/* SPDX-License-Identifier: MIT */
/*
 * What the plugin remembers of crafts, and how that survives a crash at any instruction.
 *
 *   <state>/crafts/<id>/installed.json   the record: this craft is installed
 *   <state>/crafts/<id>/package/         its files; only of crafts with a detect or uninstall script
 *   <state>/crafts/<id>/uninstalling     its uninstall script may have been started
 *   <state>/work/<id>/package/           an install that is going on
 *   <state>/work/<id>/started            its install script may have been started
 *   <state>/work/<id>/installed.json     its install script has ended well: the point of no return
 *   <state>/old/<id>/                    the former record while the new one takes its place
 *   <state>/trash/                       whatever is no longer reachable
 *
 * Each step is one rename or one durable small file, so that what is found tells how far it came:
 * craft_store_look_back() reads it, craft_store_commit() and craft_store_discard() end it.
 *
 * All of it blocks: lane.  craft_store_commit(), _discard() and _forget() are a few renames and may
 * run on the loop when the lane is closed to a cancelled op.
 */
#ifndef PACKAGE_CRAFT_STORE_H
#define PACKAGE_CRAFT_STORE_H

#include "archive.h"
#include "craft_archive.h"
#include "craft_request.h"

typedef struct craft_store {
    char *state_dir;
    char *cache_dir;
} craft_store;

typedef struct craft_record {
    char version[129];
    uint64_t files;
    int32_t has_detect;
    int32_t has_uninstall;
} craft_record;

typedef enum craft_trace {
    CRAFT_TRACE_NONE,         /* nothing was interrupted */
    CRAFT_TRACE_UNPACKED,     /* an install, before its script */
    CRAFT_TRACE_STARTED,      /* an install; its script may have run, its end is not known */
    CRAFT_TRACE_SUCCEEDED,    /* an install; its script has ended well */
    CRAFT_TRACE_UNINSTALLING, /* an uninstall; its script may have run, its end is not known */
} craft_trace;

/* <state>/<area>/<id>[/<rest>]; free() it, NULL: out of memory. */
#define CRAFT_CRAFTS "crafts"
#define CRAFT_WORK "work"
#define CRAFT_OLD "old"
#define CRAFT_TRASH "trash"
char *craft_store_path(const craft_store *store, const char *area, const char *id,
                       const char *rest);

/* Make the folders. */
rj_status craft_store_prepare(const craft_store *store, rj_failure *failure);
/* Delete what lies in the trash. */
void craft_store_empty_trash(const craft_store *store);

/* RJ_E_NOT_FOUND: not installed.  RJ_E_CORRUPT: there is a record that cannot be read. */
rj_status craft_store_read(const craft_store *store, const char *area, const char *id,
                           craft_record *ret_record, rj_failure *failure);

/* Unpack into a new work folder, with startable scripts. */
rj_status craft_store_unpack(const craft_store *store, const char *id, rj_archive *archive,
                             const craft_facts *facts, const rj_archive_extract_options *options,
                             uint64_t *ret_files, rj_failure *failure);
/* From here on the script may run.  Durable. */
rj_status craft_store_mark_started(const craft_store *store, const char *id, rj_failure *failure);
/* The script has ended well.  Durable. */
rj_status craft_store_mark_succeeded(const craft_store *store, const craft_request *request,
                                     const craft_record *record, rj_failure *failure);
/* The work folder becomes the record.  Repeatable after a crash. */
rj_status craft_store_commit(const craft_store *store, const char *id, rj_failure *failure);
/* The work folder vanishes. */
rj_status craft_store_discard(const craft_store *store, const char *id, rj_failure *failure);

rj_status craft_store_mark_uninstalling(const craft_store *store, const char *id,
                                        rj_failure *failure);
rj_status craft_store_unmark_uninstalling(const craft_store *store, const char *id,
                                          rj_failure *failure);
/* The record vanishes. */
rj_status craft_store_forget(const craft_store *store, const char *id, rj_failure *failure);

/* What was interrupted; puts aside what no trace needs. */
rj_status craft_store_look_back(const craft_store *store, const char *id, craft_trace *ret_trace,
                                rj_failure *failure);

#endif
