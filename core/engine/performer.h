/* SPDX-License-Identifier: MIT */
/*
 * Who does package steps: this process for the machine, a user's session for that user.  The engine
 * asks through this one door and does not see the difference.
 */
#ifndef RJ_ENGINE_PERFORMER_H
#define RJ_ENGINE_PERFORMER_H

#include "engine/policy.h"
#include "runtime/runtime.h"

typedef struct rj_performer {
    void *data;
    /* As rj_runtime_package(): answered exactly once, on a later turn of the loop.
     * RJ_E_NOT_STARTED: the user's session is not there. */
    rj_question_id (*package)(void *data, rj_uid owner, rj_package_verb verb, const json_t *request,
                              const rj_question *question);
    void (*cancel)(void *data, rj_uid owner, rj_question_id question);
    /* Is somebody there to do steps for `owner`?  Always, for the machine. */
    bool (*present)(void *data, rj_uid owner);
} rj_performer;

#endif
