/* SPDX-License-Identifier: MIT */
/*
 * The jobs that the person at the screen asked for, from the request to the result, as windows and
 * notices of the model.  Fed with the service's events; knows no connection and no view.
 */
#ifndef RJ_SESSION_UI_JOBS_H
#define RJ_SESSION_UI_JOBS_H

#include "session/ui/refusal.h"
#include "session/ui/texts.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct rj_ui_jobs rj_ui_jobs;

rj_ui_jobs *rj_ui_jobs_new(const rj_texts *texts); /* NULL: out of memory */
void rj_ui_jobs_free(rj_ui_jobs *jobs);

/* A request that the service has accepted.  `verb` "install", "upgrade" or "sync"; a sync has no window,
 * only its end is told. */
void rj_ui_jobs_begin(rj_ui_jobs *jobs, const char *correlation, const char *verb, const char *id,
                      const char *name);
/* One for which the service is started first.  The oldest of these goes on with rj_ui_jobs_started() or
 * _not_started().  False: out of memory. */
bool rj_ui_jobs_wait(rj_ui_jobs *jobs, const char *verb, const char *id, const char *name);
void rj_ui_jobs_started(rj_ui_jobs *jobs, const char *correlation);
void rj_ui_jobs_not_started(rj_ui_jobs *jobs, const rj_ui_refusal *why);
/* One that came to nothing at once; `name` is what it was about, NULL: not known. */
void rj_ui_jobs_refuse(rj_ui_jobs *jobs, const rj_ui_refusal *why, const char *verb,
                       const char *name);
/* As many as a person can follow are not over yet. */
bool rj_ui_jobs_are_many(const rj_ui_jobs *jobs);
/* An event of docs/ipc.md.  True: windows or notices have changed. */
bool rj_ui_jobs_event(rj_ui_jobs *jobs, const char *topic, const json_t *document);
/* The connection is lost: what runs goes on, its end is not known. */
bool rj_ui_jobs_lost(rj_ui_jobs *jobs);
/* The person closed a window; `what` is what its action to close it says.  What has ended is forgotten; links that were
 * refused after that window was shown are another window. */
void rj_ui_jobs_close(rj_ui_jobs *jobs, const char *what);
/* Correlation of what the window shows, if that may be cancelled; NULL: no. */
const char *rj_ui_jobs_cancellable(const rj_ui_jobs *jobs, const char *window);

/* Arrays of ui.h; `device` as in rj_ui_facts.  New references, NULL: out of memory. */
json_t *rj_ui_jobs_windows(const rj_ui_jobs *jobs, const json_t *device);
json_t *rj_ui_jobs_notices(const rj_ui_jobs *jobs);

#endif
