/* SPDX-License-Identifier: MIT */
/*
 * Every key a policy document may hold, as data: the parser follows these tables, and a test holds
 * sdk/schema/policy.schema.json against them in both directions.
 */
#ifndef RJ_ENGINE_POLICY_KEYS_H
#define RJ_ENGINE_POLICY_KEYS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum rj_policy_kind {
    RJ_KIND_ANY,         /* not looked into here */
    RJ_KIND_OBJECT,      /* members as `shape` says */
    RJ_KIND_LIST,        /* array of objects as `shape` says */
    RJ_KIND_STRING,      /* up to 4 KiB */
    RJ_KIND_TEXT,        /* up to 32 KiB, line breaks allowed */
    RJ_KIND_BOOLEAN,     /* or "true", "false" */
    RJ_KIND_ENFORCEMENT, /* true, false, null */
    RJ_KIND_INTEGER,     /* 32 bits */
    RJ_KIND_TIMESPAN,    /* "[d.]HH:mm[:ss]" */
    RJ_KIND_IDS          /* array of package ids, or one id */
} rj_policy_kind;

typedef enum rj_policy_use {
    RJ_USE_EFFECT,  /* has an effect */
    RJ_USE_NONE,    /* a key of the product without effect in this agent: a warning */
    RJ_USE_HISTORIC /* ignored quietly: no longer documented, or meant for people */
} rj_policy_use;

/* What the parser does with a key that has an effect. */
typedef enum rj_policy_key_id {
    RJ_KEY_NONE,

    RJ_KEY_PACKAGES,
    RJ_KEY_SOURCES,
    RJ_KEY_PLUGINS,
    RJ_KEY_WEB_LINKS,
    RJ_KEY_CONFIG_INTERVAL,
    RJ_KEY_SECURITY_INTERVAL,
    RJ_KEY_ALLOW_DOWNGRADE,
    RJ_KEY_UPDATE_STATUS,
    RJ_KEY_ENCRYPTION,
    RJ_KEY_FIREWALL,
    RJ_KEY_ANTIVIRUS,

    RJ_KEY_ID,
    RJ_KEY_NAME,
    RJ_KEY_GROUP,
    RJ_KEY_FORMAT,
    RJ_KEY_PLATFORM,
    RJ_KEY_PACKAGE,
    RJ_KEY_VERSION,
    RJ_KEY_ARGS,
    RJ_KEY_LOCATION,
    RJ_KEY_HASH,
    RJ_KEY_SCOPE,
    RJ_KEY_ORDER,
    RJ_KEY_DEPENDS_ON,
    RJ_KEY_MANDATORY,
    RJ_KEY_HIDDEN,
    RJ_KEY_AUTO_UPGRADE,
    RJ_KEY_ALLOW_REINSTALL,
    RJ_KEY_UNINSTALL,
    RJ_KEY_PRE_RELEASE,
    RJ_KEY_TIME_LIMIT,

    RJ_KEY_SOURCE,
    RJ_KEY_PRIORITY,

    RJ_KEY_TARGET,

    RJ_KEY_COUNT
} rj_policy_key_id;

typedef struct rj_policy_key {
    const char *name;
    rj_policy_kind kind;
    rj_policy_use use;
    rj_policy_key_id id;
    const struct rj_policy_shape *shape;
} rj_policy_key;

typedef struct rj_policy_shape {
    const rj_policy_key *keys;
    size_t count;
} rj_policy_shape;

extern const rj_policy_shape rj_policy_document;

/* The key of this name (`length` bytes, without case); NULL: unknown. */
const rj_policy_key *rj_policy_key_find(const rj_policy_shape *shape, const char *name,
                                        size_t length);

#endif
