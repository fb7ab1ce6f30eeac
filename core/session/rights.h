/* SPDX-License-Identifier: MIT */
/*
 * A session of a user runs without administrator's rights, also where everybody has them (Windows without
 * UAC, the built-in Administrator): packages of user scope are the user's.
 */
#ifndef RJ_SESSION_RIGHTS_H
#define RJ_SESSION_RIGHTS_H

#include "base/status.h"

/* RJ_OK: this program was started again without them, with the same command line, and this one has to end.
 * RJ_E_NOT_APPLICABLE: it has none to drop, or the system knows no such thing.  RJ_E_DENIED: it has them and
 * cannot be without. */
rj_status rj_rights_drop(rj_error *err);

#endif
