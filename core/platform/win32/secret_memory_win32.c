/* SPDX-License-Identifier: MIT */
/* Pages of their own, locked; a system that refuses to lock them still gives them back wiped. */
#include "platform/secret_memory.h"

#include "base/alloc.h"

#include <windows.h>

void *rj_secret_alloc(size_t size)
{
    /* Of no use but that a test can make it fail. */
    void *token = rj_malloc(1);
    rj_free(token);
    if (!token)
        return NULL;
    size = size ? size : 1;
    void *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (memory)
        VirtualLock(memory, size);
    return memory;
}

void rj_secret_free(void *memory, size_t size)
{
    if (!memory)
        return;
    rj_wipe(memory, size);
    VirtualUnlock(memory, size ? size : 1);
    VirtualFree(memory, 0, MEM_RELEASE);
}

void rj_wipe(void *memory, size_t size)
{
    if (size)
        SecureZeroMemory(memory, size);
}
