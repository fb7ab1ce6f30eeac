/* SPDX-License-Identifier: MIT */
/* What a worker sends its core: frames, which nobody answers, and calls, which wait for the answer. */
#ifndef RJ_WORKER_UPLINK_H
#define RJ_WORKER_UPLINK_H

#include "runtime/wire.h"

rj_status rj_uplink_open(rj_error *err);
void rj_uplink_close(void);

/* Sends the frame and discards the writer.  Waits while the core does not read; a core that is gone
 * ends this process.  RJ_E_LIMIT, RJ_E_NO_MEMORY: it could not be made, nothing was sent.  [any] */
rj_status rj_uplink_send(rj_wire_writer *writer);
/* Sends the call, discards the writer, waits for the answer.  What was pushed goes to `sink`, if the
 * status is RJ_OK and there is one.  One call at a time.  [any] */
rj_status rj_uplink_call(rj_wire_writer *writer, rj_sink sink, void *data);

#endif
