/* SPDX-License-Identifier: MIT */
/* One job of jobs.h, and the window that shows it. */
#ifndef RJ_SESSION_UI_JOB_H
#define RJ_SESSION_UI_JOB_H

#include "base/text.h"
#include "session/ui/texts.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum state { WAITING, WORKING, DONE, FAILED, CANCELLED } state;

typedef struct job {
    struct job *next;
    char window[40], correlation[17], verb[16], id[140];
    char *name;
    char *text, *status; /* NULL: by the state */
    char *next_step;
    rj_text details;
    uint64_t next_line; /* of what the program of the action writes */
    state state;
    int permille;
    bool begun;       /* the package's own program runs: no cancelling any more */
    bool for_service; /* waits until the service has been started */
    bool told_why;    /* of a failure: its end has only a summary */
    const char *step; /* id of the text of what the action does now; "" before the first */
    bool restart;     /* what was done is complete after a restart */
    bool closed;
    int64_t refused_links; /* gathered in this window; 0: it is about something else */
} job;

/* Before the package's own program runs. */
bool rj_ui_job_may_cancel(const job *one);
/* As rj.ui/1 wants it; NULL: out of memory. */
json_t *rj_ui_job_window(const rj_texts *texts, const job *one, const json_t *device);

#endif
