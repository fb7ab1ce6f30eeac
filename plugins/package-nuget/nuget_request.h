/* SPDX-License-Identifier: MIT */
/*
 * The request document of rj.package/1, as far as NuGet packages need it, checked once and kept.
 */
#ifndef RJ_PACKAGE_NUGET_REQUEST_H
#define RJ_PACKAGE_NUGET_REQUEST_H

#include <stdint.h>

#include <jansson.h>

#include "failure.h"
#include "range.h"

/* One package of a fetched plan. */
typedef struct nuget_fetched {
    const char *id;
    const char *version;
    const char *sha256;
} nuget_fetched;

typedef struct nuget_request {
    json_t *document;         /* owns every text below */
    const char *package;      /* a valid package id */
    const char *version_text; /* NULL: the newest */
    rj_range version;         /* of version_text: exactly one, or a float */
    const char *hash;         /* NULL if not given */
    const char *lib_dir;
    const char *log_path;   /* NULL if not given */
    const char *args;       /* "" if none */
    const char **arguments; /* [0] is free for the program, NULL-terminated */
    const char **sources;
    size_t source_count;
    int64_t time_limit_ms;
    int allow_downgrade;
    nuget_fetched *fetched; /* dependencies first, the package itself last */
    size_t fetched_count;
} nuget_request;

/* RJ_E_INVALID names the member that is wrong. */
rj_status nuget_request_parse(const char *json, nuget_request *ret_request, rj_failure *failure);
void nuget_request_clear(nuget_request *request);

/*
 * The environment of a script: the request's, then `more` ("NAME=value", NULL-terminated), which
 * wins.  One block: free() the array.
 */
char **nuget_request_environment(const nuget_request *request, const char *const *more);

#endif
