/* SPDX-License-Identifier: MIT */
/*
 * What the service makes of its surroundings when it starts, because an installer cannot or may not have:
 * whom its folders belong to, and how the service manager treats it.
 *
 * posix: the package and the unit file have done that; nothing happens.  win32: each step can be done
 * again and again; one that fails is a warning that says what is weaker then, and the service goes on.
 */
#ifndef RJ_SERVICE_CONFIGURE_H
#define RJ_SERVICE_CONFIGURE_H

#include "platform/paths.h"
#include <stdbool.h>

/* Before anything is opened below them: the agent's folders are there and are its own.  A folder that
 * somebody else has made is set aside with all that is in it.  RJ_E_DENIED: that was not possible. */
rj_status rj_service_secure_folders(const rj_paths *paths, rj_error *err);
/* What rj_service_secure_folders() renamed or put right, also when the start failed: is there something,
 * and into the log with it. */
bool rj_service_has_to_tell(void);
void rj_service_tell_folders(void);
/* With the log open.  `managed`: the service manager runs this process. */
void rj_service_configure(const rj_paths *paths, bool managed);

#endif
