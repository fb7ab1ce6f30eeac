/* SPDX-License-Identifier: MIT */
/* Memory for secrets: kept out of swap, core dumps and forked children as far as the system lets us, and
 * wiped when its time is over. */
#ifndef RJ_PLATFORM_SECRET_MEMORY_H
#define RJ_PLATFORM_SECRET_MEMORY_H

#include <stddef.h>

/* NULL: out of memory.  Whole pages each: meant for few and small ones. */
void *rj_secret_alloc(size_t size);
void rj_secret_free(void *memory, size_t size); /* wipes; NULL is fine */
/* Overwrite, also where a compiler sees no further use. */
void rj_wipe(void *memory, size_t size);

#endif
