/* SPDX-License-Identifier: MIT */
/* What device.c leaves to the system: device_posix.c, device_win32.c.  What is not known is left out. */
#ifndef RJ_SESSION_UI_DEVICE_SYSTEM_H
#define RJ_SESSION_UI_DEVICE_SYSTEM_H

#include <jansson.h>

/* All that is known on the device itself, so that it takes no time, with "owner" if the directory need not be
 * asked for the user; new reference, NULL: out of memory. */
json_t *rj_ui_device_gather(const char *root);
/* "user" and "owner" as the directory says, which may take long; [any], new reference, NULL: it does not say.
 * Itself NULL: there is none to ask. */
extern json_t *(*const rj_ui_device_ask_directory)(const char *root);

#endif
