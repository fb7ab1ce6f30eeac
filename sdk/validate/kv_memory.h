/* SPDX-License-Identifier: MIT */
/* rj.host.kv/1 of a plugin under test: values in memory, as the agent's store would keep them. */
#ifndef RJ_VALIDATE_KV_MEMORY_H
#define RJ_VALIDATE_KV_MEMORY_H

#include "runtime/runtime.h"

typedef struct rj_kv_memory rj_kv_memory;

rj_status rj_kv_memory_new(rj_kv_memory **ret_kv, rj_error *err);
void rj_kv_memory_free(rj_kv_memory *kv);
rj_kv_backend rj_kv_memory_backend(rj_kv_memory *kv);

#endif
