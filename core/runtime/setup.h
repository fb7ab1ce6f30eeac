/* SPDX-License-Identifier: MIT */
/* What a worker must know before it loads its plugin, as one frame. */
#ifndef RJ_RUNTIME_SETUP_H
#define RJ_RUNTIME_SETUP_H

#include "platform/sandbox.h"
#include "runtime/wire.h"

typedef struct rj_setup {
    const char *id; /* of the manifest, as all of these */
    const char *version;
    const char *const *provides; /* NULL-terminated lists */
    const char *const *checks;
    const char *const *formats;
    const char *config; /* create()'s document */
    uint64_t grace_ms;  /* the time a plugin has to end its work when it is stopped */
    rj_sandbox sandbox;
} rj_setup;

rj_status rj_setup_write(rj_wire_writer *writer, const rj_setup *setup);

/* What was read: texts lie in the frame, lists and paths are freed by rj_setup_free(). */
typedef struct rj_setup_copy {
    rj_setup setup;
    const char **lists[3];
    rj_sandbox_path *paths;
} rj_setup_copy;

/* RJ_E_CORRUPT: not of this form. */
rj_status rj_setup_read(const rj_wire_frame *frame, rj_setup_copy *ret_setup);
void rj_setup_free(rj_setup_copy *setup);

#endif
