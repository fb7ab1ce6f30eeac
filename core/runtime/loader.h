/* SPDX-License-Identifier: MIT */
/*
 * From a folder to a descriptor: trust, manifest, hash, signature, code, descriptor -- in this order, and only as
 * far as everything is right.
 */
#ifndef RJ_RUNTIME_LOADER_H
#define RJ_RUNTIME_LOADER_H

#include "platform/library.h"
#include "runtime/manifest.h"
#include <jansson.h>

/* The manifest of a plugin folder that may be trusted; `boundary` as in rj_file_check_trusted(). */
rj_status rj_loader_read(const char *folder, const char *boundary, rj_manifest **ret_manifest,
                         rj_error *err);
/* The plugin's file, checked and open; `policy` is the section "Plugins", NULL for none.  `sha256` NULL: that
 * of the manifest. */
rj_status rj_loader_open(const char *folder, const char *boundary, const rj_manifest *manifest,
                         const char *sha256, const json_t *policy, int *ret_file, rj_error *err);
/* Map the code and check its descriptor against the manifest.  ret_desc is a copy of what the plugin
 * filled in, the rest zero. */
rj_status rj_loader_map(const char *folder, const char *boundary, const rj_manifest *manifest,
                        const json_t *policy, rj_library **ret_library, rj_plugin_desc *ret_desc,
                        rj_error *err);

/* The second half of it, for a library that is mapped already. */
rj_status rj_loader_describe(rj_library *library, const rj_manifest *manifest,
                             rj_plugin_desc *ret_desc, rj_error *err);

#endif
