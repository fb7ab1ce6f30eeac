/* SPDX-License-Identifier: MIT */
/*
 * The user interface's side of a session: asks the service, makes the model, hands it to the views, does
 * what the person chose.
 *
 *     attach --> turn --> ... event or act --> loop stops --> turn --> ... --> detach
 *
 * Questions to the service wait for their answer, so they are asked in rj_ui_host_turn() alone, which is
 * to be called each time rj_loop_run() has returned.  Without a service the model says so.
 */
#ifndef RJ_SESSION_UI_HOST_H
#define RJ_SESSION_UI_HOST_H

#include "base/status.h"
#include "ipc/client.h"
#include "platform/paths.h"
#include "runtime/runtime.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct rj_ui_host rj_ui_host;

rj_status rj_ui_host_new(rj_loop *loop, const rj_paths *paths, bool debug, rj_ui_host **ret_host,
                         rj_error *err);
/* The service is there, or not: `client` NULL; `runtime`, which has the views, stays until rj_ui_host_end_views().  Not in a
 * callback of the loop.  How many views there are by now. */
size_t rj_ui_host_attach(rj_ui_host *host, rj_client *client, rj_runtime *runtime);
/* Its connection is lost or will be closed. */
void rj_ui_host_detach(rj_ui_host *host);
/* True: it was an event, which concerns us. */
bool rj_ui_host_notified(rj_ui_host *host, const char *method, const json_t *params);
void rj_ui_host_turn(rj_ui_host *host);
/* Follow a link: a progress window, or a window that says why not.  Whatever text.  [loop] */
void rj_ui_host_link(rj_ui_host *host, const char *text);
/* Let the views open their menu, as if the person had clicked.  [loop] */
void rj_ui_host_open_menu(rj_ui_host *host);
/* Something was asked for that needs the service, and it is not there: start it if you can, then attach, or
 * say why not. */
bool rj_ui_host_wants_service(const rj_ui_host *host);
/* With RJ_E_DENIED and RJ_E_LIMIT the menu says from now on why, and `refused`: that the service, which is there, does
 * not want this session. */
void rj_ui_host_no_service(rj_ui_host *host, bool refused, rj_status status, const char *why);
/* Why the desktop session must not end while a package is being changed; rj_free().  `host` NULL: no tray. */
char *rj_ui_host_hold_text(const rj_ui_host *host, const char *package_id);
bool rj_ui_host_wants_exit(const rj_ui_host *host);
/* Before the runtime is stopped. */
void rj_ui_host_end_views(rj_ui_host *host);
void rj_ui_host_free(rj_ui_host *host); /* the runtime is gone; NULL is fine */

#endif
