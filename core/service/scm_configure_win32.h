/* SPDX-License-Identifier: MIT */
/* How the service control manager treats the service, set by the service itself. */
#ifndef RJ_SERVICE_SCM_CONFIGURE_WIN32_H
#define RJ_SERVICE_SCM_CONFIGURE_WIN32_H

#include <wchar.h>

/* Each setting by itself; one that fails is a warning that says what is weaker then. */
void rj_scm_configure(void);

/* The command of a service with its program in quotes: `"PROGRAM"` and what followed it (rj_free).  NULL:
 * it is quoted already, runs another program, or there is no memory. */
wchar_t *rj_scm_quoted(const wchar_t *command, const wchar_t *program);

#endif
