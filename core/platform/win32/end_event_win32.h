/* SPDX-License-Identifier: MIT */
/*
 * How a session program is told to end by whoever replaces or removes its files: an event of its process.
 *
 * Windows' own ways do not reach it: messages stay within one desktop session, and the Restart Manager, run
 * as LocalSystem, does not close what runs in another one.  Only SYSTEM, administrators and the person may
 * set it.  Others may take its name first; then there is none, and the program is ended instead of told.
 */
#ifndef RJ_PLATFORM_END_EVENT_WIN32_H
#define RJ_PLATFORM_END_EVENT_WIN32_H

#include <windows.h>

HANDLE rj_end_event_make(void);          /* of this process; NULL: there is none */
HANDLE rj_end_event_open(DWORD process); /* to set it; NULL: it has none, or may not be told */

#endif
