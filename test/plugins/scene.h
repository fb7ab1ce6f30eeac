/* SPDX-License-Identifier: MIT */
/* A root of its own with plugin folders, and a runtime over it. */
#ifndef TEST_PLUGINS_SCENE_H
#define TEST_PLUGINS_SCENE_H

#include "memory_kv.h"
#include "platform/paths.h"
#include "runtime/runtime.h"
#include "test_system.h"

#define PATIENCE_MS 30000 /* for what comes for sure, however busy the machine is */

typedef struct scene {
    char root[TEST_FOLDER_MAX];
    rj_paths *paths;
    rj_loop *loop;
    rj_runtime *runtime;
    json_t *policy;
    bool policy_unknown;
    memory_kv memory;
    rj_kv_backend kv; /* over `memory`, until a test takes another one */
    rj_role role;
    uint64_t grace_ms;
    uint64_t worker_idle_ms;
    uint64_t worker_start_ms;
    uint64_t crash_wait_ms;
    bool stopped;
} scene;

/* What came of a question. */
typedef struct heard {
    unsigned answers;
    rj_status status;
    char message[1200];
    char plugin_id[80];
    json_t *result;   /* new reference */
    char secret[100]; /* "name=value" of the last one attached */
    unsigned progress_calls;
    int permille;
    char progress_text[300];
    char wrote[128]; /* what its programs wrote, as far as it fits */
} heard;

void scene_open(scene *s); /* of the service */
void scene_open_as(scene *s, rj_role role);
/* <root>/<usr/lib or opt>/realmjoin/plugins/<id>/ with a copy of the module and a stamped manifest;
 * `extra` is JSON text behind the last member ("" or ", \"x\": 1"). */
void scene_add(scene *s, bool built_in, const char *id, const char *module, const char *provides,
               const char *extra);
/* Whether this run is about plugins in workers (RJ_TEST_PLACEMENT=worker). */
bool scene_in_worker(void);
/* The worker program, where the runtime looks for it; scene_open() does it for a run in workers. */
void scene_add_worker(scene *s);
void scene_add_program(scene *s, const char *program); /* another one in its place */
/* The probe plugin, built-in, with the capability to spawn. */
void scene_add_probe(scene *s);
const char *scene_folder(const scene *s, bool built_in, const char *id); /* static buffer */
void scene_load(scene *s);
/* Stops and frees the runtime, if there is one.  False: something was left behind. */
bool scene_unload(scene *s);
void scene_close(scene *s);

rj_question scene_question(heard *h, int64_t deadline_ms);
/* Turns the loop until the answer is there, at most twice PATIENCE_MS. */
void scene_wait(scene *s, const heard *h);
/* Evaluate and wait. */
void scene_evaluate(scene *s, const char *check_id, int64_t deadline_ms, heard *h);
void scene_forget(heard *h);
/* The probe has been asked once: in a worker, that one is there now. */
void scene_wake(scene *s);
/* A member of describe()'s entry of the plugin; new reference. */
json_t *scene_describe(scene *s, const char *id, const char *member);
void scene_turn_for(scene *s, int ms);

#endif
