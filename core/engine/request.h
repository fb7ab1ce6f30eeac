/* SPDX-License-Identifier: MIT */
/*
 * The request document for a provider (package.h), in two steps:
 *
 *     policy, record, caller --> rj_request_build()   in the service
 *     folders, log           --> rj_request_place()   where the step is done: the service for the
 *                                                     machine, the session for its user
 *
 * so that a user's packages live in that user's folders.
 */
#ifndef RJ_ENGINE_REQUEST_H
#define RJ_ENGINE_REQUEST_H

#include "engine/policy.h"
#include "runtime/runtime.h"

typedef struct rj_request_facts {
    const rj_policy *policy;
    const rj_assignment *assignment;
    const char *installed_version; /* NULL: not installed; "": in a version that cannot be told */
    rj_uid caller;                 /* who asked; RJ_UID_MACHINE: the agent by itself */
} rj_request_facts;

rj_status rj_request_build(const rj_request_facts *facts, json_t **ret_request, rj_error *err);

/*
 * Put in "lib_dir", HOME and TMPDIR, which are made if missing, and for install and uninstall a
 * "log_path" below RJ_PATH_PACKAGE_LOGS, of which the newest RJ_REQUEST_LOGS of a package are kept.
 * `home`: NULL for root's.
 */
#define RJ_REQUEST_LOGS 10
rj_status rj_request_place(json_t *request, const rj_paths *paths, const char *home,
                           rj_package_verb verb, rj_error *err);

/* What fetch found goes to install; the version fetched is the one scripts see. */
rj_status rj_request_set_fetched(json_t *request, json_t *fetched, rj_error *err);

#endif
