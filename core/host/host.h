/* SPDX-License-Identifier: MIT */
/*
 * The services plugins call, one file each; here is what the runtime needs of them.
 */
#ifndef RJ_HOST_HOST_H
#define RJ_HOST_HOST_H

#include "runtime/instance.h"

typedef struct rj_event_queue rj_event_queue;

/* rj_host.query of every plugin.  [any] */
const void *RJ_CALL rj_host_query(const rj_host *host, const char *id);

/* What the services keep for an instance. */
rj_status rj_host_attach(rj_instance *instance, rj_error *err);
void rj_host_detach(rj_instance *instance);
/* After stop(): drops timers and subscriptions the plugin has forgotten.  [loop] */
void rj_host_end(rj_instance *instance);
/* Takes the new document over and tells the plugin by the notice "host.config".  [loop] */
void rj_host_configure(rj_instance *instance, char *config);
unsigned rj_host_children(rj_instance *instance); /* [any] */
unsigned rj_host_timers(rj_instance *instance);   /* [loop] */

/* Notices on their way to subscribers; delivered on the loop in order. */
rj_status rj_event_queue_new(rj_runtime *runtime, rj_event_queue **ret_queue, rj_error *err);
void rj_event_queue_free(rj_event_queue *queue);
/* Copies.  `only`: for this instance alone, NULL for all.  RJ_E_BUSY: too many are waiting.  [any] */
rj_status rj_event_queue_put(rj_event_queue *queue, rj_instance *only, const char *topic,
                             const char *json, size_t length);

#endif
