/* SPDX-License-Identifier: MIT */
/*
 * The request document for a provider (package.h): what policy, record and caller say, then where
 * it is done.  For a user's package the session puts its user's own folders in and keeps the name
 * of the log.
 */
#ifndef RJ_ENGINE_REQUEST_H
#define RJ_ENGINE_REQUEST_H

#include "engine/policy.h"
#include "runtime/runtime.h"

typedef struct rj_request_facts {
    const rj_policy *policy;
    const rj_assignment *assignment;
    const char *installed_version; /* NULL: not installed; "": in a version that cannot be told */
    rj_uid owner;
    const char *phase; /* name of the deployment phase; NULL: not told */
    rj_uid caller;     /* who asked; RJ_UID_MACHINE: the agent by itself, on behalf of the owner */
} rj_request_facts;

rj_status rj_request_build(const rj_request_facts *facts, json_t **ret_request, rj_error *err);

/* Put in "lib_dir" and what scripts get of this system (script_environment.h); folders are made if missing.
 * For the machine's packages. */
rj_status rj_request_place(json_t *request, const rj_paths *paths, rj_error *err);

/* Put in a "log_path" below RJ_PATH_PACKAGE_LOGS for install or uninstall; `make`: also make its
 * folder, and remove the package's logs but the newest RJ_REQUEST_LOGS. */
#define RJ_REQUEST_LOGS 10
rj_status rj_request_set_log(json_t *request, const rj_paths *paths, rj_package_verb verb,
                             bool make, rj_error *err);

/* What fetch found goes to install; the version fetched is the one scripts see. */
rj_status rj_request_set_fetched(json_t *request, json_t *fetched, rj_error *err);

#endif
