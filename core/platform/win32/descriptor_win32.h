/* SPDX-License-Identifier: MIT */
/*
 * The numbers that stand for handles where the platform's headers speak of descriptors: ends of pipes,
 * the end of a process, a file that is kept open.
 *
 * An end of a pipe is overlapped and owned by its number.  One read is always under way, into a buffer
 * of ours, so that "readable" is an event that stays set as long as there are bytes or the end has been
 * seen, like poll() says it.  Writes go through a buffer, too: one at a time.
 *
 * Reading belongs to one thread at a time and writing to one thread at a time; both may go on at once.
 */
#ifndef RJ_PLATFORM_WIN32_DESCRIPTOR_H
#define RJ_PLATFORM_WIN32_DESCRIPTOR_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <windows.h>

/* Numbers below this one are given by rj_descriptor_place() only. */
#define RJ_DESCRIPTOR_FIRST_FREE 16

enum { RJ_DESCRIPTOR_READ = 1, RJ_DESCRIPTOR_WRITE = 2 };

/* The handle is taken, also after a failure. */
rj_status rj_descriptor_of_pipe(HANDLE pipe, unsigned directions, int *ret_number, rj_error *err);
/* Readable once the handle is signalled; a file never is. */
rj_status rj_descriptor_of_handle(HANDLE handle, int *ret_number, rj_error *err);
/* The same at a number of the caller's choice; it must be free.  `directions` 0: not a pipe. */
rj_status rj_descriptor_place(int number, HANDLE handle, unsigned directions, rj_error *err);
void rj_descriptor_close(int number); /* what is not written yet is lost; an unknown one: nothing */

/* Borrowed; NULL: no such number, or it has none of the kind. */
HANDLE rj_descriptor_handle(int number);
HANDLE rj_descriptor_readable(int number); /* stays signalled while there is something to read */
HANDLE rj_descriptor_writable(int number);
/* Wait for the read that is under way.  False: nothing came within the time. */
bool rj_descriptor_await(int number, DWORD limit_ms);

/* A pipe between two processes of ours: our end, as a number, and the other's, to be inherited.
 * `directions` are ours; the other end is overlapped if it is to be a number there, too. */
rj_status rj_descriptor_make_pipe(unsigned directions, bool other_overlapped, int *ret_ours,
                                  HANDLE *ret_other, rj_error *err);

/* How many numbers are in use; for tests. */
unsigned rj_descriptor_count(void);

#endif
