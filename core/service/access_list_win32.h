/* SPDX-License-Identifier: MIT */
/* Access lists of what the service puts right at each start. */
#ifndef RJ_SERVICE_ACCESS_LIST_WIN32_H
#define RJ_SERVICE_ACCESS_LIST_WIN32_H

#include "base/status.h"
#include <stdbool.h>

#include <windows.h>

#include <accctrl.h>

/* Gives it this list, unless it has it: what lies below a folder inherits it file by file, which takes as
 * long as there are files.  `what` is for the message. */
rj_status rj_list_set(HANDLE handle, SE_OBJECT_TYPE type, const wchar_t *sddl, const char *what,
                      rj_error *err);
/* The same entries in the same order, and nothing inherited in both. */
bool rj_list_same(PSECURITY_DESCRIPTOR a, PSECURITY_DESCRIPTOR b);

#endif
