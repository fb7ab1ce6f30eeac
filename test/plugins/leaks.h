/* SPDX-License-Identifier: MIT */
/* What a process holds and uses: descriptors, memory, time, children that nobody collected. */
#ifndef TEST_PLUGINS_LEAKS_H
#define TEST_PLUGINS_LEAKS_H

#include <stdbool.h>

unsigned leaks_descriptors(void);
/* Resident memory; with a sanitizer, whose memory is no measure, always 0. */
long leaks_resident_mib(void);
/* Processor time of this thread: what it worked, however busy the machine is with other things. */
long leaks_worked_ms(void);
/* There is a child process, running or as a zombie. */
bool leaks_child(void);
/* A child process of ours that runs and is not `known`; 0: none. */
long leaks_other_child(long known);
/* The process runs.  As a zombie, waiting for whoever collects orphans, it does not. */
bool leaks_process(long pid);
/* Ends it at once.  False: there is none. */
bool leaks_kill(long pid);
/* Nobody but its owner, and the administrator, may look into the folder. */
bool leaks_is_private(const char *folder);
/* The file belongs to another account then.  False: we cannot. */
bool leaks_give_away(const char *path);

#endif
