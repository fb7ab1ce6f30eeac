/* SPDX-License-Identifier: MIT */
/*
 * What the files that turn documents into a policy share: where in which document we are, typed
 * values with errors that name both, and warnings.
 */
#ifndef RJ_ENGINE_POLICY_READER_H
#define RJ_ENGINE_POLICY_READER_H

#include "engine/arena.h"
#include "engine/policy.h"
#include "engine/policy_keys.h"

#define RJ_POLICY_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define RJ_POLICY_MAX_DEPTH 32
#define RJ_POLICY_MAX_PACKAGES 20000
#define RJ_POLICY_MAX_DEPENDENCIES 256
#define RJ_POLICY_MAX_SOURCES 64
#define RJ_POLICY_MAX_WEB_LINKS 64
#define RJ_POLICY_MAX_WARNINGS 100
#define RJ_POLICY_MAX_STRING ((size_t)4 * 1024)
#define RJ_POLICY_MAX_TEXT ((size_t)32 * 1024)

/* A step from the document's root; lives on the stack of who looks into the value. */
typedef struct rj_policy_path {
    const struct rj_policy_path *parent; /* NULL: below the root */
    const char *key;                     /* NULL: element `index` of an array */
    size_t index;
} rj_policy_path;

/* Beside each assignment while reading. */
typedef struct rj_policy_origin {
    const rj_policy_source *document;
    size_t index; /* in SoftwarePackages */
    bool pre_release;
} rj_policy_origin;

typedef struct rj_policy_feed {
    const char *location;
    int32_t priority;
} rj_policy_feed;

/* The policy with what it owns; `policy` is first, so that both have one address. */
typedef struct rj_policy_whole {
    rj_policy policy;
    rj_arena arena;
    json_t *plugins;
} rj_policy_whole;

typedef struct rj_policy_reader {
    rj_policy_whole *whole;
    const rj_policy_source *document; /* being read */
    rj_policy_origin *origins;
    size_t capacity; /* of origins and of the policy's assignments */
    rj_policy_feed feeds[RJ_POLICY_MAX_SOURCES];
    size_t feed_count;
    rj_web_link *web_links;  /* room for all; NULL: none yet */
    bool seen[RJ_KEY_COUNT]; /* settings given in this document */
    size_t warnings_dropped;
    rj_error *err;
} rj_policy_reader;

/* ---- Errors and warnings (policy_reader.c) ---------------------------------------------------- */

/* RJ_E_INVALID "<document>: <pointer>: expected <expected>, found <value>". */
rj_status rj_policy_unexpected(rj_policy_reader *reader, const rj_policy_path *path,
                               const json_t *found, const char *expected);
/* "<document>: <pointer>: <text>". */
rj_status rj_policy_refuse(rj_policy_reader *reader, rj_status status, const rj_policy_path *path,
                           const char *format, ...) __attribute__((format(__printf__, 4, 5)));
rj_status rj_policy_warn(rj_policy_reader *reader, const rj_policy_path *path, const char *format,
                         ...) __attribute__((format(__printf__, 3, 4)));
rj_status rj_policy_no_memory(rj_policy_reader *reader);

/* ---- Values (policy_values.c): JSON null leaves *ret alone ------------------------------------ */

rj_status rj_policy_string(rj_policy_reader *reader, const rj_policy_path *path,
                           const json_t *value, rj_policy_kind kind, const char **ret_text);
rj_status rj_policy_boolean(rj_policy_reader *reader, const rj_policy_path *path,
                            const json_t *value, bool *ret_value);
/* null is a value here: recommend. */
rj_status rj_policy_enforcement_value(rj_policy_reader *reader, const rj_policy_path *path,
                                      const json_t *value, rj_enforcement *ret_value);
rj_status rj_policy_integer(rj_policy_reader *reader, const rj_policy_path *path,
                            const json_t *value, int32_t *ret_value);
rj_status rj_policy_timespan(rj_policy_reader *reader, const rj_policy_path *path,
                             const json_t *value, int64_t least_ms, int64_t most_ms,
                             int64_t *ret_ms);

/* ---- Members ---------------------------------------------------------------------------------- */

/* Calls `take` for each member of `object` whose key has an effect, warns about the others. */
typedef rj_status (*rj_policy_take)(rj_policy_reader *reader, const rj_policy_key *key,
                                    const rj_policy_path *path, json_t *value, void *data);
rj_status rj_policy_members(rj_policy_reader *reader, const rj_policy_shape *shape,
                            const rj_policy_path *path, json_t *object, rj_policy_take take,
                            void *data);
/* The warning for `key` (NULL: unknown), if it deserves one. */
rj_status rj_policy_note_key(rj_policy_reader *reader, const rj_policy_key *key,
                             const rj_policy_path *path);

/* ---- Parts ------------------------------------------------------------------------------------ */

/* policy_settings.c: all of a document but its packages; calls rj_policy_packages() for these. */
void rj_policy_defaults(rj_policy *policy);
rj_status rj_policy_settings(rj_policy_reader *reader, json_t *root);
rj_status rj_policy_finish_sources(rj_policy_reader *reader);
/* policy_package.c */
rj_status rj_policy_packages(rj_policy_reader *reader, const rj_policy_path *path, json_t *list);
/* policy_web_links.c */
rj_status rj_policy_web_links(rj_policy_reader *reader, const rj_policy_shape *shape,
                              const rj_policy_path *path, json_t *list);
/* policy_validate.c: PreRelease, duplicates, dependencies, cycles. */
rj_status rj_policy_validate(rj_policy_reader *reader);

#endif
