/* SPDX-License-Identifier: MIT */
/*
 * What is known that could make a failed installation succeed now: the policy entry, the agent's
 * version, and the archive or feed folders it comes from, as they look from outside.  A different
 * number allows new attempts.
 */
#ifndef RJ_ENGINE_EVIDENCE_H
#define RJ_ENGINE_EVIDENCE_H

#include "engine/policy.h"

uint64_t rj_evidence(const rj_policy *policy, const rj_assignment *assignment);

#endif
