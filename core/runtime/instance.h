/* SPDX-License-Identifier: MIT */
/* One plugin as the runtime knows it, from its folder to its running instance. */
#ifndef RJ_RUNTIME_INSTANCE_H
#define RJ_RUNTIME_INSTANCE_H

#include "runtime/grant.h"
#include "runtime/loader.h"
#include "runtime/op.h"
#include "runtime/quarantine.h"
#include "runtime/runtime.h"

#include <realmjoin/check.h>
#include <realmjoin/package.h>
#include <realmjoin/ui.h>

typedef enum rj_instance_state {
    RJ_INSTANCE_READY,
    RJ_INSTANCE_REFUSED,     /* not loaded: trust, manifest, descriptor */
    RJ_INSTANCE_FAILED,      /* create() failed */
    RJ_INSTANCE_DISABLED,    /* by policy, or by the administrator */
    RJ_INSTANCE_QUARANTINED, /* its file is set aside */
    RJ_INSTANCE_STOPPING,
    RJ_INSTANCE_STOPPED
} rj_instance_state;

typedef struct rj_instance {
    rj_host host; /* what the plugin holds; its ctx is this instance */
    rj_op_owner owner;
    rj_runtime *runtime;
    char *id; /* of the manifest; the folder's name until that is read */
    char *folder;
    bool built_in;
    rj_instance_state state;
    char reason[RJ_ERROR_TEXT]; /* why it is not ready */

    uint64_t stamps[2];       /* of manifest and binary when they were read */
    char sha256[65];          /* of the binary that was judged; "": of none yet */
    bool disabled;            /* by the administrator */
    bool quarantined;         /* the binary is set aside; */
    rj_quarantine quarantine; /* and why */
    /* While it is loaded and out of service: what it comes back to. */
    rj_instance_state loaded_state;
    char loaded_reason[RJ_ERROR_TEXT];

    rj_manifest *manifest;
    rj_grants grants;
    struct rj_instance_worker *placement; /* NULL: it runs in this process */
    rj_library *library;                  /* NULL: it does not */
    rj_plugin_desc desc;
    rj_plugin *plugin;
    const rj_check *check; /* NULL: not offered */
    const rj_package *package;
    const rj_ui *ui;
    rj_op view;       /* the life of a view; 0: it has none */
    char **check_ids; /* copies; NULL-terminated, NULL: none */
    char **formats;

    uv_mutex_t lock;                /* guards config, and making the lane */
    char *config;                   /* the document for create() and host.config */
    struct rj_host_state *services; /* core/host: timers, subscriptions, children; [loop] */
} rj_instance;

struct rj_runtime {
    rj_runtime_options options;
    rj_ops *ops;
    rj_instance **instances; /* in order of loading */
    size_t instance_count;
    const char **check_ids; /* of all, NULL-terminated */
    json_t *plugins_policy; /* NULL: none */
    struct rj_event_queue *events;
    rj_status (*act)(void *data, int64_t revision, const char *action); /* of views; [any] */
    void *act_data;
    void (*changed)(void *data); /* a plugin came or went */
    void *changed_data;
    rj_post changed_post;
    bool changed_posted;
    bool stopping;
    bool stopped;
    size_t next_to_stop; /* instances[next_to_stop - 1] is being stopped */
    bool stop_asked;     /* it has been given its stop op */
    bool stop_answered;
    rj_post stop_post;
    bool stop_posted;
    rj_post end_post;
    rj_timer *stop_limit;
    void (*stop_done)(void *data);
    void *stop_data;
    rj_runtime *next_left_behind; /* freed too early: kept for the plugin that still runs */
};

typedef struct rj_instance_worker rj_instance_worker;

/* registry.c: candidates in the plugin folders, then one after the other to a running instance. */
rj_status rj_registry_scan(rj_runtime *runtime, rj_error *err);
rj_instance *rj_registry_new_instance(rj_runtime *runtime, const char *folder, const char *id,
                                      bool built_in, rj_error *err);
void rj_registry_load(rj_runtime *runtime, rj_instance *instance);
/* Once more from the folder, after the reason it was not loaded may have gone; only without plugin. */
void rj_registry_load_again(rj_instance *instance);
/* A plugin in a worker whose manifest or binary is another one by now is loaded again, when its worker
 * has ended; one that could not be loaded as well.  True: it was. */
bool rj_registry_reload_changed(rj_instance *instance);
/* The binary as it lies in the folder now, if its place may be trusted. */
rj_status rj_registry_hash(const rj_instance *instance, char ret_sha256[65], rj_error *err);
void rj_registry_free_instance(rj_instance *instance);
rj_instance *rj_registry_find_check(const rj_runtime *runtime, const char *check_id);
rj_instance *rj_registry_find_format(const rj_runtime *runtime, const char *format);
/* The plugin's section of the policy, NULL if there is none. */
const json_t *rj_registry_policy(const rj_runtime *runtime, const char *id);
/* Unless its section there says "Enabled": false. */
bool rj_registry_policy_allows(const rj_runtime *runtime, const char *id);
/* The plugin's own, `kind` RJ_PATH_STATE or RJ_PATH_CACHE; rj_free(). */
rj_status rj_registry_folder(const rj_runtime *runtime, rj_path_kind kind, const char *id,
                             char **ret_path, rj_error *err);
/* Both are there afterwards: a cache may be removed as a whole while we run. */
rj_status rj_registry_make_folders(const rj_runtime *runtime, const char *id, rj_error *err);
/* create()'s document; rj_free(). */
rj_status rj_registry_config(const rj_runtime *runtime, const char *id, char **ret_text,
                             rj_error *err);

/* view.c: a plugin that shows something to a person; only the session role loads such. */
bool rj_view_is_one(const rj_instance *instance);

/* runtime.c: the ids of rj_runtime_check_ids(), after plugins came or went. */
rj_status rj_runtime_collect_checks(rj_runtime *runtime, rj_error *err);
void rj_instance_configure(rj_instance *instance); /* the policy's settings, as they are now */
const char *rj_instance_state_name(const rj_instance *instance);

/* admin.c: may its code be loaded?  Otherwise its state says why not.  Once its manifest is read. */
rj_status rj_instance_judge(rj_instance *instance, rj_error *err);
/* From now on and durably; on failure until the next start only.  [loop] */
rj_status rj_instance_set_aside(rj_instance *instance, const char *why, bool by_admin,
                                rj_error *err);

/* A plugin came or went: the asker is told on a later turn, the list of checks is made anew. */
rj_status rj_runtime_note_change(rj_runtime *runtime, rj_error *err);

/* runtime.c: an op for the question; `missing` is why there is no instance.  *ret_refused: it is answered
 * already, do not ask. */
rj_op rj_runtime_begin(rj_runtime *runtime, rj_instance *instance, const char *what,
                       const rj_question *question, const char *missing, bool *ret_refused);

/* stop.c: something ended; see whether stopping can go on. */
void rj_runtime_check_stop(rj_runtime *runtime);

/* The instance's lane, made on first use; NULL: out of memory.  [any] */
rj_lane *rj_instance_lane(rj_instance *instance);

#endif
