/* SPDX-License-Identifier: MIT */
/*
 * Strict JSON for everything that comes from outside, on top of jansson.
 *
 * Refused: more bytes or levels than the limits say, duplicate keys (also keys equal but for case
 * when `fold_keys`), text that is not UTF-8, NUL inside a string, anything behind the value.
 */
#ifndef RJ_BASE_JSON_H
#define RJ_BASE_JSON_H

#include "base/status.h"
#include <jansson.h>
#include <stdbool.h>

typedef struct rj_json_limits {
    size_t max_bytes;
    unsigned max_depth;
    bool fold_keys;
} rj_json_limits;

/* Error text: "<name>: line 3, column 17: ..." and the JSON pointer where one is known. */
rj_status rj_json_parse(const char *name, const char *bytes, size_t length,
                        const rj_json_limits *limits, json_t **ret_value, rj_error *err);

/* A look-up that ignores the ASCII case of keys; borrowed, NULL if absent. */
json_t *rj_json_get(const json_t *object, const char *key);

/* Policies may write a boolean as a string, in any case.  False: it is none, *ret_value is as before. */
bool rj_json_read_bool(const json_t *value, bool *ret_value);
bool rj_json_is_string_list(const json_t *value);

/* Compact text, rj_free(); NULL: out of memory.  Keys in insertion order. */
char *rj_json_print(const json_t *value, size_t *ret_length);

/* Make jansson allocate through base/alloc.h.  Call once at the start of a program. */
void rj_json_use_base_alloc(void);

#endif
