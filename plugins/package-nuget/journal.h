/* SPDX-License-Identifier: MIT */
/*
 * The journal of a lib folder: what is being changed, there exactly as long as the change is open.
 * See install.c for what is in it and when.
 */
#ifndef RJ_PACKAGE_NUGET_JOURNAL_H
#define RJ_PACKAGE_NUGET_JOURNAL_H

#include <jansson.h>

#include "failure.h"

#define NUGET_JOURNAL ".rj-journal.json"

/* Each is durable on return.  `document` NULL: out of memory before. */
rj_status nuget_journal_write(const char *lib_dir, json_t *document, rj_failure *failure);
rj_status nuget_journal_remove(const char *lib_dir, rj_failure *failure);
/* *ret_document NULL: there is none. */
rj_status nuget_journal_read(const char *lib_dir, json_t **ret_document, rj_failure *failure);

#endif
