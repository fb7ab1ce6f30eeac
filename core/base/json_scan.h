/* SPDX-License-Identifier: MIT */
/*
 * The strict look at a JSON text before it is parsed: grammar, limits, UTF-8, duplicate keys.  Builds
 * nothing, needs memory only for open levels and the keys of open objects, and knows line, column and
 * JSON pointer of the first fault.
 */
#ifndef RJ_BASE_JSON_SCAN_H
#define RJ_BASE_JSON_SCAN_H

#include "base/json.h"

/* RJ_E_LIMIT: too deep; RJ_E_INVALID: any other fault; RJ_E_NO_MEMORY.  "name" as for parse. */
rj_status rj_json_scan(const char *name, const char *bytes, size_t length,
                       const rj_json_limits *limits, rj_error *err);

#endif
