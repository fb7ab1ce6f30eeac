/* SPDX-License-Identifier: MIT */
/* The first step into the sandbox (sandbox.h), taken by the parent: a job with its limits, and a token
 * with fewer rights. */
#ifndef RJ_PLATFORM_WIN32_SANDBOX_H
#define RJ_PLATFORM_WIN32_SANDBOX_H

#include "platform/sandbox.h"

#include <windows.h>

HANDLE rj_sandbox_job(const rj_sandbox *sandbox); /* NULL: see GetLastError() */
/* Our own token: Administrators only to be refused by, no privileges.  NULL: see GetLastError(). */
HANDLE rj_sandbox_token(void);
/* The folders of its own stay writable for it at low integrity; as far as the system lets us. */
void rj_sandbox_label_folders(const rj_sandbox *sandbox);

#endif
