/* SPDX-License-Identifier: MIT */
/* Facts of the running process, its machine and its users; clocks and random numbers. */
#ifndef RJ_PLATFORM_SYSTEM_H
#define RJ_PLATFORM_SYSTEM_H

#include "base/status.h"
#include <stdbool.h>
#include <stdint.h>

/* posix: the user's number.  win32: 0 for LocalSystem and whoever is elevated to administrator, others as
 * core/platform/win32/account_win32.h says. */
typedef uint32_t rj_uid;

uint64_t rj_clock_monotonic_ms(void);
uint64_t rj_clock_monotonic_ns(void);
int64_t rj_clock_wall_ms(void);                                 /* since 1970, UTC */
void rj_clock_format(int64_t wall_ms, char ret_text[25]);       /* "2026-11-23T10:00:00.000Z" */
rj_status rj_random(void *bytes, size_t length, rj_error *err); /* from the kernel */

rj_uid rj_system_uid(void); /* effective */
bool rj_system_is_root(void);
/* Name of a user, or "uid <n>" if it has none.  Returns ret_name. */
const char *rj_system_user_name(rj_uid uid, char *ret_name, size_t size);
/* Of the account that runs this.  win32: also where an administrator's rights make it uid 0. */
const char *rj_system_own_name(char *ret_name, size_t size);
/* RJ_E_NOT_FOUND: no such user.  win32: "name", "DOMAIN\\name" or a SID; RJ_E_INVALID if several accounts
 * have the name. */
rj_status rj_system_user_id(const char *name, rj_uid *ret_uid, rj_error *err);
/* Before names are looked up anew: win32 asks for each known account's name once until the next call, since
 * that may take the network; posix: nothing is kept. */
void rj_system_refresh_names(void);
const char *rj_system_host_name(char *ret_name, size_t size);
long rj_system_pid(void);
/* End at once, as if killed (SIGKILL): nothing is flushed, nothing is cleaned up.  For kill tests. */
void rj_system_kill_self(void);
/* End at once with this code: nothing is flushed, nothing is cleaned up.  [any] */
_Noreturn void rj_system_exit_now(int code);
/* True when the system's service manager started this process (then --root and environment
 * overrides are refused). */
bool rj_system_is_installed_service(void);
/* win32: only the code that the service manager itself calls knows that it did.  Cannot be taken back. */
void rj_system_set_installed_service(void);
/* The variable as UTF-8 (rj_free); NULL: not set, or out of memory. */
char *rj_system_environment(const char *name);
/* May a variable say where the agent lies?  win32: not to an elevated program, whose environment its user
 * writes without being elevated. */
bool rj_system_environment_is_trusted(void);

/* Terminal facts for the command line. */
bool rj_terminal_is(int descriptor);
int rj_terminal_width(int descriptor); /* 80 if unknown */

/* Lower memory use and leave nothing behind: arenas, umask 022 -> 0077, SIGPIPE ignored, no core
 * dumps with secrets, descriptors 0-2 open.  win32 besides: no dialogs, DLLs from the system's folder
 * only, descriptors 0-2 binary, the console speaks UTF-8 and escape sequences.  First call of every
 * main(). */
void rj_system_prepare_process(void);
/* The command line as UTF-8, for the life of the process: right after rj_system_prepare_process().  Where
 * main() has it already, nothing changes. */
rj_status rj_system_arguments(int *argc, char ***argv, rj_error *err);

#endif
