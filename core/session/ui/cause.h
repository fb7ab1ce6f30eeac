/* SPDX-License-Identifier: MIT */
/*
 * Why something came to nothing, in the person's language: by status, exit code and reason code, never by reading
 * sentences.  The service's own sentence is precise and English; it stays for the helpdesk, in the details.
 */
#ifndef RJ_SESSION_UI_CAUSE_H
#define RJ_SESSION_UI_CAUSE_H

#include "session/ui/texts.h"

#include <jansson.h>

/* Id of a text for a status that says the same whatever was tried; NULL: it does not. */
const char *rj_ui_cause_of_status(const char *status_name);
/* Of an event "action" that says "failed" or "held"; `step` is the id of the step's text, "" before the first.
 * rj_free(), NULL: out of memory. */
char *rj_ui_cause_of_action(const rj_texts *texts, const json_t *document, const char *step);
/* Of an event "run" that says "ended" where no action has; the same. */
char *rj_ui_cause_of_run(const rj_texts *texts, const json_t *document, const char *name);

#endif
