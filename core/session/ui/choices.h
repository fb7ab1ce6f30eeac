/* SPDX-License-Identifier: MIT */
/*
 * What the person chose, from the views' threads to the loop.
 *
 *     offer (a model that is shown) --> choose [any thread] --> the loop stops --> next
 *
 * An action counts only if the model of the revision that the view names offers it; the newest eight models
 * are kept.  More choices at once than anybody can make are refused.
 */
#ifndef RJ_SESSION_UI_CHOICES_H
#define RJ_SESSION_UI_CHOICES_H

#include "base/status.h"
#include "runtime/loop.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rj_ui_choices rj_ui_choices;

rj_ui_choices *rj_ui_choices_new(rj_loop *loop); /* NULL: out of memory */
void rj_ui_choices_free(rj_ui_choices *choices); /* the views have ended; NULL is fine */

/* `model` is taken, and stays until seven more were offered. */
void rj_ui_choices_offer(rj_ui_choices *choices, json_t *model, int64_t revision);
/* [any] */
rj_status rj_ui_choices_choose(rj_ui_choices *choices, int64_t revision, const char *action);
/* One that no model offered, a link; `action` is taken.  False: there are too many, and it is dropped. */
bool rj_ui_choices_add(rj_ui_choices *choices, char *action);
/* The oldest; rj_free(), NULL: none. */
char *rj_ui_choices_next(rj_ui_choices *choices);

#endif
