/* SPDX-License-Identifier: MIT */
/* What a process holds: descriptors, memory, children that nobody collected. */
#ifndef TEST_PLUGINS_LEAKS_H
#define TEST_PLUGINS_LEAKS_H

#include <stdbool.h>

unsigned leaks_descriptors(void);
/* Resident memory; with a sanitizer, whose memory is no measure, always 0. */
long leaks_resident_mib(void);
/* There is a child process, running or as a zombie. */
bool leaks_child(void);
/* The process runs.  As a zombie, waiting for whoever collects orphans, it does not. */
bool leaks_process(long pid);

#endif
