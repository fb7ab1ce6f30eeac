/* SPDX-License-Identifier: MIT */
/* What a provider saw, and whether it is what was wanted. */
#ifndef RJ_ENGINE_PROOF_H
#define RJ_ENGINE_PROOF_H

#include "engine/plan.h"
#include "runtime/runtime.h"

typedef struct rj_found {
    rj_detected state;
    const char *version; /* never NULL; borrowed from the answer */
    const char *detail;  /* where it was seen, or why it is not known */
} rj_found;

/* The answer to a detect question.  Whatever is not a sound result is UNKNOWN. */
rj_found rj_found_read(const rj_answer *answer);

/* Does `found` prove that `verdict` was carried out?  `wanted` is the version, "" for the newest.
 * False: ret_why is a sentence. */
bool rj_found_proves(const rj_found *found, rj_verdict verdict, const char *wanted,
                     rj_error *ret_why);

#endif
