/* SPDX-License-Identifier: MIT */
/*
 * Secrets of an op: one that came with the question, and those the plugin attaches to its answer.
 *
 * Both live in the host's memory and die with the op.  What was attached reaches the asker only with
 * RJ_OK; with any other answer, also that of a plugin that crashed, it is wiped unread.
 */
#ifndef RJ_RUNTIME_OP_SECRET_H
#define RJ_RUNTIME_OP_SECRET_H

#include "runtime/op.h"

#include <realmjoin/draft/secret.h>

#define RJ_SECRET_MAX (64u * 1024)
#define RJ_SECRETS_OF_OP 8u

/* [any] As the service says: RJ_E_INVALID, RJ_E_LIMIT, RJ_E_NOT_FOUND. */
rj_status rj_op_attach(rj_ops *ops, const rj_op_owner *owner, rj_op op, const char *name,
                       const void *bytes, size_t length);
/* [any] The handle of what came with the question; 0: nothing did, or the op is over. */
rj_secret rj_op_secret_of(rj_ops *ops, const rj_op_owner *owner, rj_op op);
/* [any] Pushed in one call, from memory that is wiped afterwards. */
rj_status rj_op_read_secret(rj_ops *ops, const rj_op_owner *owner, rj_secret secret, rj_sink sink,
                            void *data);

#endif
