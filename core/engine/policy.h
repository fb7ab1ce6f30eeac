/* SPDX-License-Identifier: MIT */
/*
 * The policy: what the organisation assigned to this device and its users, and how the agent should
 * behave.  One JSON document for the device, one for each user; key names follow the product's
 * settings and are case-insensitive; a dotted key at the top ("Environment.ConfigCheckInterval")
 * means the same as the nested form.
 *
 * A document is taken whole or not at all: the first error names the document, the JSON pointer,
 * what was expected and what was found.  Unknown keys are warnings.
 *
 * Folder source (RJ_PATH_POLICY):   device.json             for the machine and each of its users
 *                                   users/<user name>.json  for that user on this machine
 */
#ifndef RJ_ENGINE_POLICY_H
#define RJ_ENGINE_POLICY_H

#include "base/json.h"
#include "base/status.h"
#include "platform/paths.h"
#include "platform/system.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "Whose" of something that belongs to the machine rather than to one user. */
#define RJ_UID_MACHINE ((rj_uid)0xffffffffu)
#define RJ_UID_ROOT ((rj_uid)0) /* never a session: packages of users are not for it */

typedef enum rj_scope { RJ_SCOPE_SYSTEM, RJ_SCOPE_USER } rj_scope;
typedef enum rj_enforcement { /* Policies.RequireSecurityFeatures: true, null, false */
                              RJ_ENFORCE,
                              RJ_RECOMMEND,
                              RJ_SKIP
} rj_enforcement;

/* One entry of SoftwarePackages.  Strings are NULL when the policy does not give them, but id, name
 * and format.  Everything is owned by the policy. */
typedef struct rj_assignment {
    const char *id;       /* [A-Za-z0-9][A-Za-z0-9._-]{0,127} with an optional #suffix */
    const char *name;     /* Name; the id if not given */
    const char *group;    /* GroupName */
    const char *format;   /* "nuget", "craft": from Format, else Platform (winchoco, linuxchoco ->
                            nuget; win, linux -> craft), else nuget */
    const char *package;  /* Package: name in the feed; nuget only */
    const char *version;  /* Version; NULL: the newest there is */
    const char *args;     /* Args, trimmed; NULL if empty */
    char args_hash[65];   /* SHA-256 hex of the canonical args; "" when there are none */
    char **arguments;     /* args split like a command line; NULL-terminated, NULL if none */
    const char *location; /* Location: craft archive, absolute or relative to the first source */
    const char *hash;     /* Hash: lower-case SHA-256 hex */
    rj_scope scope;       /* Scope: "system" (default) or "user" */
    int32_t order;        /* Order: ascending, 0 = after all numbered */
    bool mandatory, hidden, auto_upgrade, allow_reinstall, uninstall;
    int64_t time_limit_ms;   /* TimeLimit "hh:mm" or "hh:mm:ss"; default 14,400 s */
    const char **depends_on; /* ids, NULL-terminated, NULL if none */
    size_t depends_count;
    rj_uid audience;      /* RJ_UID_MACHINE: device document; else the user it is assigned to */
    uint64_t fingerprint; /* changes when the entry changes in any way */
} rj_assignment;

typedef struct rj_requirement {
    const char *check_id; /* "os-update" (UpdateStatus), "encryption" (BitlockerEnabled),
                             "firewall" (FirewallEnabled), "antivirus" (AvEnabled) */
    rj_enforcement
        enforcement; /* defaults: encryption, firewall enforced; the others recommended */
} rj_requirement;

/* One entry of WebLinks: a page that the menu offers. */
typedef struct rj_web_link {
    const char *name;
    const char *target;   /* begins with http://, https:// or microsoft-edge:http(s):// */
    const char *platform; /* Platform: the system it is for; NULL: any */
    rj_uid audience;      /* RJ_UID_MACHINE: everybody's; else that user's */
} rj_web_link;

/* One document users/<name>.json. */
typedef struct rj_policy_user {
    const char *name;
    const char *why; /* the name could not be looked up; "": it could */
    bool taken;      /* with a `why`: as `uid`, whose name it was before */
    rj_uid uid;
} rj_policy_user;

typedef struct rj_policy {
    rj_assignment *assignments; /* device document first, then users by uid, in document order */
    size_t assignment_count;
    const char **sources; /* Chocolatey.Sources by Priority: folder feeds; NULL-terminated */
    rj_requirement requirements[4];
    int64_t sync_interval_ms; /* Environment.ConfigCheckInterval, default 30 min, 1 min .. 7 days */
    int64_t check_interval_ms;    /* Environment.SecurityCheckInterval, default 1 h */
    const rj_web_link *web_links; /* the device's first, then users'; in document order */
    size_t web_link_count;
    bool allow_downgrade;  /* SoftwarePackaging.AutoUpgradeCanDowngrade */
    const json_t *plugins; /* Plugins section, NULL if none; borrowed from the policy */
    char **warnings;       /* "<document>: /pointer: text"; NULL-terminated */
    size_t warning_count;
    const rj_policy_user *users; /* of users/<name>.json, taken or not */
    size_t user_count;
    char revision[65]; /* SHA-256 over all documents: same revision, same policy */
} rj_policy;

typedef struct rj_policy_source {
    const char *name; /* for messages: file name */
    const char *bytes;
    size_t length;
    rj_uid audience;
} rj_policy_source;

/* Pure: documents to policy.  Two entries with one id in one document, in the device and a user
 * document, or a dependency that is not assigned to the same audience, or a cycle: RJ_E_INVALID. */
rj_status rj_policy_parse(const rj_policy_source *documents, size_t count, rj_policy **ret_policy,
                          rj_error *err);
/* Read the folder (trust-checked: root-owned) and parse.  No device.json and no user document:
 * RJ_E_NOT_FOUND.  A name that nobody can look up now counts for whom it was found in `before`, the policy
 * in force (NULL: none). */
rj_status rj_policy_read_directory(const rj_paths *paths, const rj_policy *before,
                                   rj_policy **ret_policy, rj_error *err);
/* The same with `find` in place of rj_system_user_id(). */
typedef rj_status (*rj_find_user)(const char *name, rj_uid *ret_uid, rj_error *err);
rj_status rj_policy_read_directory_by(const rj_paths *paths, rj_find_user find,
                                      const rj_policy *before, rj_policy **ret_policy,
                                      rj_error *err);
void rj_policy_free(rj_policy *policy);

/* The entry this user may see under `id`: their own, else the device's; ids compare without case. */
const rj_assignment *rj_policy_find(const rj_policy *policy, const char *id, rj_uid uid);
rj_enforcement rj_policy_enforcement(const rj_policy *policy, const char *check_id);

/* "install", "upgrade" or "sync" from link text (see docs/links.md).  Strict: anything else is
 * RJ_E_INVALID with a text that is safe to show.  ret_id is "" for sync. */
typedef enum rj_link_verb { RJ_LINK_INSTALL, RJ_LINK_UPGRADE, RJ_LINK_SYNC } rj_link_verb;
rj_status rj_link_parse(const char *text, size_t length, rj_link_verb *ret_verb, char ret_id[132],
                        rj_error *err);
bool rj_package_id_valid(const char *id, size_t length);

/* <0, 0, >0.  Up to four numeric parts, missing ones 0, then prerelease labels as SemVer; what is
 * not such a version compares bytewise and below all that are. */
int rj_version_compare(const char *a, const char *b);

#endif
