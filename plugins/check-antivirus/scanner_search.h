/* SPDX-License-Identifier: MIT */
/*
 * Virus scanners of any maker, by what is seen from outside: a process that the kernel asks before
 * it opens files (fanotify), a process of a known name, a known installation folder.
 *
 * Failure modes: processes that may not be looked at make the search incomplete, with a reason; so
 * do the bounds on processes and descriptors.  Then "found nothing" means nothing.
 */
#ifndef PLUGINS_CHECK_ANTIVIRUS_SCANNER_SEARCH_H
#define PLUGINS_CHECK_ANTIVIRUS_SCANNER_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct scanner_search {
    const char *intercepting;   /* known product that is asked before files are opened, or NULL */
    const char *running;        /* known product of which a process runs, or NULL */
    const char *installed;      /* known product with files on the disk, or NULL */
    char installed_path[80];    /* where */
    char intercepting_path[64]; /* which descriptor, of the known or else of the unknown one */
    char unnamed[32];           /* a process unknown here that is asked before files are opened */
    char incomplete[200];       /* why something may have been overlooked, "" if nothing was */
} scanner_search;

void scanner_search_run(scanner_search *ret_search, const char *root,
                        bool (*stop)(const void *data), const void *data);

#endif
