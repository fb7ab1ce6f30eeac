/* SPDX-License-Identifier: MIT */
/*
 * The host of a further instance, with an eye on how it uses its ops: after it has finished one itself,
 * nothing may be done with it any more.  The agent's own host forgives some of that.
 */
#ifndef RJ_VALIDATE_WATCHED_HOST_H
#define RJ_VALIDATE_WATCHED_HOST_H

#include "report.h"

#include <realmjoin/plugin.h>

/* A host like `host`, valid until the next call. */
const rj_host *rj_watched_host(const rj_host *host);
/* Puts into the report what was seen since rj_watched_host(). */
void rj_watched_host_report(rj_report *report);

#endif
