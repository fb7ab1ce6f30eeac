/* SPDX-License-Identifier: MIT */
/* A backend for small values that lives in memory, and fails when it is told to. */
#ifndef TEST_SUPPORT_MEMORY_KV_H
#define TEST_SUPPORT_MEMORY_KV_H

#include "runtime/runtime.h"
#include <uv.h>

enum { MEMORY_KV_ENTRIES = 64 };

typedef struct memory_kv {
    struct {
        char plugin[80], key[160], value[1024];
        size_t length;
        bool used;
    } entries[MEMORY_KV_ENTRIES];
    /* What the operations answer in place of doing anything; RJ_OK: they do their work. */
    rj_status fail_get, fail_set, fail_remove;
    size_t capacity; /* entries that may be used at most; at first MEMORY_KV_ENTRIES */
    uv_mutex_t lock;
} memory_kv;

void memory_kv_open(memory_kv *kv);
void memory_kv_close(memory_kv *kv);
rj_kv_backend memory_kv_backend(memory_kv *kv);
/* Entries of "_runtime" whose key begins so. */
size_t memory_kv_count(memory_kv *kv, const char *key_prefix);

#endif
