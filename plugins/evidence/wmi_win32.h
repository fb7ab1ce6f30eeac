/* SPDX-License-Identifier: MIT */
/*
 * Questions to Windows' management instrumentation (WMI).
 *
 * Every failure, a missing name space, class or property, an empty value and a time-out is "not
 * known" with the system's code in the text; only what was read counts.
 */
#ifndef PLUGINS_EVIDENCE_WMI_WIN32_H
#define PLUGINS_EVIDENCE_WMI_WIN32_H

#include "check_plugin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wmi_row wmi_row;

/*
 * Calls `row` for each row of the answer, at most 256; it returns false to stop.  False: the answer is not
 * complete, `ret_problem` says why ("name space: error 0x8004100e").  A class that is not there may
 * look like an answer without rows: that is no knowledge either.
 *
 * Ends within 20 s, or soon after `task` was cancelled, also when WMI does not answer at all; what was
 * asked then goes on by itself, and no further question is asked until it has ended.
 */
bool wmi_query(const check_task *task, const char *name_space, const char *query,
               bool (*row)(void *data, const wmi_row *row), void *data, char *ret_problem,
               size_t size);
/* False: the property is not there, empty or of another type; `ret_problem` may be NULL. */
bool wmi_text(const wmi_row *row, const char *name, char *ret_text, size_t size);
bool wmi_number(const wmi_row *row, const char *name, int64_t *ret_number);

#endif
