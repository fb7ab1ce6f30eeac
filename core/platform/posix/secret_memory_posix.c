/* SPDX-License-Identifier: MIT */
/* Pages of their own, locked; a system that refuses to lock them still leaves them out of dumps. */
#include "platform/secret_memory.h"

#include "base/alloc.h"

#include <string.h>
#include <sys/mman.h>

void *rj_secret_alloc(size_t size)
{
    /* Of no use but that a test can make it fail. */
    void *token = rj_malloc(1);
    rj_free(token);
    if (!token)
        return NULL;
    void *memory =
        mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, size, MADV_DONTDUMP);
    madvise(memory, size, MADV_WIPEONFORK);
    mlock(memory, size);
    return memory;
}

void rj_secret_free(void *memory, size_t size)
{
    if (!memory)
        return;
    rj_wipe(memory, size);
    munmap(memory, size ? size : 1);
}

void rj_wipe(void *memory, size_t size)
{
    if (size)
        explicit_bzero(memory, size);
}
