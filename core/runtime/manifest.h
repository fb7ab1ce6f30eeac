/* SPDX-License-Identifier: MIT */
/* plugin.json: what a plugin says about itself before any of its code runs (sdk/schema). */
#ifndef RJ_RUNTIME_MANIFEST_H
#define RJ_RUNTIME_MANIFEST_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

#define RJ_MANIFEST_MAX (64u * 1024)

typedef struct rj_manifest {
    char *id;
    char *name;
    char *version;
    int abi;
    char **provides; /* NULL-terminated */
    size_t provides_count;
    char **checks;       /* ids its code will offer; NULL: not given */
    char **formats;      /* the same of package formats */
    char **capabilities; /* NULL-terminated */
    size_t capability_count;
    bool wants_worker; /* "isolation" is "worker", or not given */
    char *binary;      /* plain file name */
    char *sha256;      /* NULL: not given */
} rj_manifest;

/* `name` is what messages call the document. */
rj_status rj_manifest_parse(const char *name, const char *bytes, size_t length,
                            rj_manifest **ret_manifest, rj_error *err);
/* <folder>/plugin.json; its id must be the folder's name. */
rj_status rj_manifest_read(const char *folder, rj_manifest **ret_manifest, rj_error *err);
void rj_manifest_free(rj_manifest *manifest);

#endif
