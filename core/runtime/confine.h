/* SPDX-License-Identifier: MIT */
/*
 * The sandbox of a worker, made of what its plugin is granted.  docs/security.md says what each grant
 * opens.
 */
#ifndef RJ_RUNTIME_CONFINE_H
#define RJ_RUNTIME_CONFINE_H

#include "platform/paths.h"
#include "platform/sandbox.h"

typedef struct rj_confinement {
    char **folders; /* what `paths` is made of; the first two are state and cache */
    size_t folder_count;
    rj_sandbox_path *paths;
    rj_sandbox sandbox;
} rj_confinement;

typedef struct rj_confine_what {
    const rj_paths *paths;      /* must outlive the confinement */
    const char *const *granted; /* NULL-terminated; what is not known here opens nothing */
    const char *state;          /* the plugin's own, to be changed */
    const char *cache;
    const char *folder; /* where the plugin lies, to be read; must outlive the confinement */
    rj_uid uid;         /* or RJ_SANDBOX_KEEP_ACCOUNT */
} rj_confine_what;

/* Makes the role's package folders if they are granted.  Nothing to be freed after a failure. */
rj_status rj_confine(const rj_confine_what *what, rj_confinement *ret_confinement, rj_error *err);
void rj_confine_free(rj_confinement *confinement);

#endif
