/* SPDX-License-Identifier: MIT */
/* Answers wmi_win32.h from rows of a test, and asks the check that wants them for its verdict. */
#ifndef PLUGINS_EVIDENCE_WMI_ROWS_WIN32_TEST_H
#define PLUGINS_EVIDENCE_WMI_ROWS_WIN32_TEST_H

#include "wmi_win32.h"

#include "check_verdict.h"

struct wmi_row {
    const char *text;   /* "": has none; NULL ends the rows */
    int64_t numbers[2]; /* -1: not readable */
};

#define WMI_ROWS(...) ((const wmi_row[]){__VA_ARGS__, {NULL, {0}}})

/* The one question that the check may ask. */
typedef struct wmi_question {
    const char *name_space, *class_name;
    const char *text;       /* names of the properties of a row */
    const char *numbers[2]; /* the second may be NULL */
} wmi_question;

/* `trouble`: why the answer is not complete, or NULL.  The state; `wmi_summary` is its sentence. */
const char *wmi_verdict(const char *check_id, const wmi_question *question, const wmi_row *rows,
                        const char *trouble);
const char *wmi_summary(void);

#endif
