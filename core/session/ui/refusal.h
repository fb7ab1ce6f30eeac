/* SPDX-License-Identifier: MIT */
/*
 * Why a request came to nothing, in the person's language.
 *
 * The service's own sentence is precise and English; it stays for the helpdesk, behind what is said first.
 */
#ifndef RJ_SESSION_UI_REFUSAL_H
#define RJ_SESSION_UI_REFUSAL_H

#include "base/status.h"
#include "session/ui/texts.h"

#include <stdbool.h>

typedef struct rj_ui_refusal {
    rj_status status;
    bool link;           /* a link asked for it */
    const char *message; /* the sentence that came with the status; "": none */
} rj_ui_refusal;

/* `name` is of the package, "": not known.  rj_free(), NULL: out of memory. */
char *rj_ui_refusal_reason(const rj_texts *texts, const rj_ui_refusal *why, const char *name);
/* What the person can do now. */
char *rj_ui_refusal_next(const rj_texts *texts, const rj_ui_refusal *why);

#endif
