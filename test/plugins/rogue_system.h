/* SPDX-License-Identifier: MIT */
/* What the rogue worker needs of the system to misbehave. */
#ifndef TEST_PLUGINS_ROGUE_SYSTEM_H
#define TEST_PLUGINS_ROGUE_SYSTEM_H

#include <stddef.h>

_Noreturn void rogue_sleep_for_ever(void);
_Noreturn void rogue_crash(void); /* as by a wild pointer */
_Noreturn void rogue_exit(int code);
void rogue_hang_up(int stream); /* RJ_WORKER_... */
/* Bytes that its output took; not more than 0: none. */
long rogue_print(const char *bytes, size_t length);
/* A process of its own that holds nothing and stays; 0: it could not be started. */
long rogue_leave_child(void);

#endif
