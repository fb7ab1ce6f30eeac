/* SPDX-License-Identifier: MIT */
/*
 * The session programs of people while an installer replaces or removes them (Windows).
 *
 *     installer: realmjoinservice --end-sessions --> told --> waited for --> those that stay are ended
 *     new service starts --> a tray in each desktop session that had one, as that session's person
 *     the installer fails before it stops the service --> that one does the same when no installer works any more
 *
 * Only programs that are this folder's realmjoin.exe or realmjoin.com are ended, and every wait has a limit.
 * posix: package managers replace programs that run; the first is not offered, the others do nothing.
 */
#ifndef RJ_SERVICE_REPLACE_SESSIONS_H
#define RJ_SERVICE_REPLACE_SESSIONS_H

#include "service/service.h"

/* The exit code; RJ_SERVICE_FAILED: some program still runs.  For an administrator. */
int rj_service_end_sessions(const rj_service_options *options);
/* By the service that the service manager has started: those that were ended within the last minutes. */
void rj_service_return_sessions(void);
/* True while Windows Installer installs, removes or repairs something. */
bool rj_service_installer_works(void);

#endif
