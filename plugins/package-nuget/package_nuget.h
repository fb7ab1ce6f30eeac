/* SPDX-License-Identifier: MIT */
/* What the files of the plugin's face share. */
#ifndef RJ_PACKAGE_NUGET_H
#define RJ_PACKAGE_NUGET_H

#include <realmjoin/package.h>

#include "feed.h"
#include "install.h"
#include "nuget_request.h"

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *ops;
    const rj_host_exec *exec;
    const rj_host_spawn *spawn; /* NULL: not granted */
    char *cache_dir;
    rj_feeds *feeds; /* lane only */
    int changing;    /* a change of a lib folder is open; loop only */
    size_t running;  /* tasks; loop only */
    rj_op stop_op;   /* 0: not asked to stop; loop only */
};

/* One op from its call to its answer. */
typedef struct nuget_task {
    rj_plugin *plugin;
    rj_op op;
    nuget_request request;
    rj_failure failure;
    rj_status status;
    json_t *result; /* pushed with the answer, if there is one */
    int changes;    /* holds plugin->changing */
    /* install */
    rj_install install;
    size_t next;   /* package to be put in its place next */
    size_t script; /* package whose script runs or has just run */
    int prepared, script_ran, restart;
    int64_t script_since_ns;
    int32_t exit_code;
    int has_exit_code;
    int killed; /* a script was, half-way: what it did to the system is not known */
    char *output;
    /* uninstall */
    char *folder;
    char *script_path; /* also install */
} nuget_task;

/* Lane: each sets status, failure and result.  (nuget_verbs.c) */
void nuget_do_detect(nuget_task *task);
void nuget_do_fetch(nuget_task *task);
void nuget_do_recover(nuget_task *task);
/* Up to the next script (script_path is set), or to the end. */
void nuget_do_install(nuget_task *task);
void nuget_do_uninstall(nuget_task *task);
/* Take an open install back; keeps the failure that led here. */
void nuget_do_roll_back(nuget_task *task);

int nuget_is_cancelled(void *task);
void nuget_say_progress(void *task, uint64_t done, uint64_t of);

/* Loop: run the script of task->script_path; 0: it could not be started, failure is set.
 * (nuget_script.c) */
int nuget_run_script(nuget_task *task, void (*on_exit)(void *data, const rj_spawn_exit *how));
/* Judge how it ended: status, failure, exit_code, restart, output. */
void nuget_judge_script(nuget_task *task, const rj_spawn_exit *how);

#endif
