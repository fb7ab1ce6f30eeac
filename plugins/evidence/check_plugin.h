/* SPDX-License-Identifier: MIT */
/*
 * The frame of a plugin that offers one check: instance, lane, answer, stop.
 *
 * A plugin defines its two names and check_plugin_judge(), and compiles check_entry.c; its judgement
 * runs on the lane with a task: where to look, the settings, the document to fill.  The frame prints
 * the document and answers the op exactly once.
 * Failure modes: a judgement that returns an error puts its text with check_task_fail(); a
 * cancelled or late one is answered as such; an unknown check id is RJ_E_NOT_FOUND.
 */
#ifndef PLUGINS_EVIDENCE_CHECK_PLUGIN_H
#define PLUGINS_EVIDENCE_CHECK_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <realmjoin/check.h>

#include "evidence.h"

typedef struct check_task check_task;

/* ---- Defined by the plugin -------------------------------------------------------------------- */

extern const char check_plugin_id[];       /* as in its manifest */
extern const char check_plugin_check_id[]; /* the one check that it offers */
/* Fill and conclude the document.  [lane] */
rj_status check_plugin_judge(check_task *task);

/* ---- The descriptor's functions (check_entry.c) ------------------------------------------------ */

rj_status RJ_CALL check_plugin_create(const rj_host *host, const char *config_json,
                                      rj_plugin **ret_plugin);
const void *RJ_CALL check_plugin_query(rj_plugin *plugin, const char *id);
void RJ_CALL check_plugin_stop(rj_plugin *plugin, rj_op op);
void RJ_CALL check_plugin_destroy(rj_plugin *plugin);

/* ---- What a judgement may use ---------------------------------------------------------------- */

/* The prefix of every path, "" in real life. */
const char *check_task_root(const check_task *task);
/* The document to fill. */
evidence *check_task_evidence(check_task *task);
/* True once the work should end early: return check_task_interrupted() then. */
bool check_task_cancelled(const check_task *task);
rj_status check_task_interrupted(check_task *task);
/* Set the text of an error and return `status`. */
rj_status check_task_fail(check_task *task, rj_status status, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));

/* Settings, by name without regard to case.  Absent (or null): the output keeps its default.
 * RJ_E_INVALID with a text: a wrong type or out of range. */
rj_status check_task_integer(check_task *task, const char *name, int64_t least, int64_t most,
                             int64_t *ret_value);
rj_status check_task_boolean(check_task *task, const char *name, bool *ret_value);
/* Absolute paths, at most `capacity`, borrowed for the task; NULL-terminated when fewer. */
rj_status check_task_paths(check_task *task, const char *name, const char **ret_paths,
                           size_t capacity);

#endif
