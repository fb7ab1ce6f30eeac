/* SPDX-License-Identifier: MIT */
/*
 * The agent's own runtime over a temporary root with one plugin in it, and what a test finds out there.
 *
 *     rj_stage_open() --> rj_stage_load() --> questions (ask.h) --> rj_stage_unload() --> _close()
 *
 * Faults go to the trial's report: a plugin that does not load, does not stop in time, leaves something
 * running, blocks the loop, or breaches the contract in a way the runtime sees.
 */
#ifndef RJ_VALIDATE_STAGE_H
#define RJ_VALIDATE_STAGE_H

#include "options.h"
#include "report.h"
#include "runtime/instance.h"

#define RJ_STAGE_PATH 512

struct rj_kv_memory;

/* One test in this process. */
typedef struct rj_trial {
    const rj_options *options;
    rj_report *report;
    json_t *settings;           /* of --settings; an empty object */
    json_t *request;            /* of --request; NULL: not given */
    json_t *manifest;           /* plugin.json as it stands there */
    char id[128];               /* of the manifest */
    char binary[RJ_STAGE_PATH]; /* where it was installed first; "" before */
    char mapped[RJ_STAGE_PATH]; /* the same below any root; "" before */
    json_t *tree;     /* files below the trial's folder before the plugin could touch them */
    bool left_behind; /* a plugin did not end: its code may still run */
} rj_trial;

typedef struct rj_stage {
    rj_trial *trial;
    rj_report *report;
    const rj_options *options;
    char root[RJ_STAGE_PATH];
    bool real_package; /* verbs are asked for the package of --request, if it is given */
    rj_paths *paths;
    rj_loop *loop;
    rj_runtime *runtime;   /* NULL: not loaded */
    rj_instance *instance; /* NULL: not loaded */
    struct rj_kv_memory *kv;
    json_t *policy;
    bool stopped;
    uint64_t longest_ms; /* the loop was held up by one call */
    uint64_t starved_ms; /* of the thread until now */
    uint64_t load_ms;
    unsigned held; /* timers and subscriptions when a further instance was made */
} rj_stage;

/* `name` of the root below the trial's folder.  The second and later ones share the binary of the
 * first, so that both run the same code in memory.  False: reported. */
bool rj_stage_open(rj_trial *trial, const char *name, rj_stage *ret_stage);
/* Grants what the manifest asks for, or nothing.  False: not ready, and reported. */
bool rj_stage_load(rj_stage *stage, bool grant);
/* The plugin's section of the policy with these settings (borrowed), as the administrator changes it. */
void rj_stage_configure(rj_stage *stage, json_t *settings);
/* Turn the loop for some time. */
void rj_stage_turn(rj_stage *stage, int ms);
/* Turn it until *flag is set, at most `limit_ms`; the flag's value. */
bool rj_stage_turn_until(rj_stage *stage, const bool *flag, int64_t limit_ms);
/* A call into the plugin has taken so long, on the loop. */
void rj_stage_called(rj_stage *stage, uint64_t began_ms);
/* Stop and free the runtime; false: it did not end well, and reported. */
bool rj_stage_unload(rj_stage *stage);
void rj_stage_close(rj_stage *stage);
/* The answer was given up by the host `limit_ms` after the cancellation at the latest. */
int64_t rj_stage_patience_ms(const rj_stage *stage);

#endif
