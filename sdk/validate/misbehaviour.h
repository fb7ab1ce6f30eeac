/* SPDX-License-Identifier: MIT */
/* Breaches of the contract that the runtime itself sees and writes to its log. */
#ifndef RJ_VALIDATE_MISBEHAVIOUR_H
#define RJ_VALIDATE_MISBEHAVIOUR_H

#include "report.h"

/* From now on the log's lines are looked at. */
rj_status rj_misbehaviour_watch(rj_error *err);
/* Puts what was seen into the report, each with what to do about it, and forgets it. */
void rj_misbehaviour_report(rj_report *report);
/* Forget what was seen: a test provoked it. */
void rj_misbehaviour_forget(void);

#endif
