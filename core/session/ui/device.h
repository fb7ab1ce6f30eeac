/* SPDX-License-Identifier: MIT */
/*
 * What this device is, for the model (rj_ui_facts.device).
 *
 * What the device itself knows is gathered again after half a minute, or when that is wanted.  What a far directory has to be asked
 * for is asked for once, by a thread of its own: until that has ended it is not known, and then `changed` is
 * called.
 */
#ifndef RJ_SESSION_UI_DEVICE_H
#define RJ_SESSION_UI_DEVICE_H

#include "runtime/loop.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rj_ui_device rj_ui_device;

/* `root` as of the paths; `changed` on the loop, NULL: whoever asks next sees it.  NULL: out of memory. */
rj_ui_device *rj_ui_device_new(rj_loop *loop, const char *root, void (*changed)(void *data),
                               void *data);
/* Waits for nobody: what still goes on ends by itself and is forgotten.  NULL is fine. */
void rj_ui_device_free(rj_ui_device *device);
/* For who asks only once: give the directory this long. */
void rj_ui_device_wait(rj_ui_device *device, uint64_t time_ms);
/* With the next look. */
void rj_ui_device_refresh(rj_ui_device *device);
/* As it is now; lent until the next call. */
const json_t *rj_ui_device_look(rj_ui_device *device, uint64_t now_ms);

#endif
