/* SPDX-License-Identifier: MIT */
/*
 * The request document of rj.package/1, as far as crafts need it, checked once and kept.
 */
#ifndef PACKAGE_CRAFT_REQUEST_H
#define PACKAGE_CRAFT_REQUEST_H

#include <stdint.h>

#include <jansson.h>

#include "failure.h"

typedef struct craft_request {
    json_t *document;            /* owns every text below */
    const char *id;              /* safe as the name of a folder */
    const char *version;         /* NULL: whatever the archive says */
    const char *location;        /* NULL if not given */
    const char *hash;            /* NULL if not given */
    const char *source;          /* the first one, NULL if there is none */
    const char *args;            /* "" if there are none */
    const char *log_path;        /* NULL if not given */
    const char *fetched_sha256;  /* of the fetched document; NULL without one */
    const char *fetched_version; /* the same */
    int64_t time_limit_ms;       /* 0 if not given */
    const char **arguments;      /* [0] is free for the program, NULL-terminated */
    const char **environment;    /* "NAME=value", NULL-terminated */
    char *environment_text;      /* what environment points into */
} craft_request;

/* RJ_E_INVALID names the member that is wrong. */
rj_status craft_request_parse(const char *json, craft_request *ret_request, rj_failure *failure);
void craft_request_free(craft_request *request);

#endif
