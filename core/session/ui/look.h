/* SPDX-License-Identifier: MIT */
/*
 * One look: what the service answers, what this device is, and the model made of both.
 *
 * A question waits for its answer.  One without an answer is logged, and its part of the model says that it
 * is not known.
 */
#ifndef RJ_SESSION_UI_LOOK_H
#define RJ_SESSION_UI_LOOK_H

#include "base/status.h"
#include "ipc/client.h"
#include "platform/paths.h"
#include "session/ui/device.h"
#include "session/ui/jobs.h"
#include "session/ui/model.h"

#define RJ_UI_ASK_MS 20000

/* The model as it is now; `client` NULL: the service cannot be reached. */
rj_status rj_ui_look(rj_loop *loop, rj_client *client, const rj_paths *paths, bool debug,
                     json_t **ret_model, rj_error *err);

/* The result, NULL: there is none.  `params` is taken. */
json_t *rj_ui_ask(rj_client *client, const char *method, json_t *params);
/* The same until then, by rj_clock_monotonic_ms(); 0: RJ_UI_ASK_MS from now. */
json_t *rj_ui_ask_until(rj_client *client, uint64_t end_ms, const char *method, json_t *params);
/* All pages of "list" as one array, all of them until then; 0: RJ_UI_ASK_MS for each. */
json_t *rj_ui_ask_packages(rj_client *client, uint64_t end_ms);
/* Adds to `known` what the session itself knows: device, version, and the jobs' windows and notices (NULL:
 * none).  NULL: out of memory. */
json_t *rj_ui_make_model(const rj_ui_facts *known, rj_ui_device *device, int64_t revision,
                         const rj_ui_jobs *jobs);

#endif
