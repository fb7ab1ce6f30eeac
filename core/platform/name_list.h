/* SPDX-License-Identifier: MIT */
/* Lists of names as the platform gives them: sorted, in one allocation. */
#ifndef RJ_PLATFORM_NAME_LIST_H
#define RJ_PLATFORM_NAME_LIST_H

#include "base/text.h"

/* Of `count` names that stand one behind the other, each with its NUL; NULL behind the last (rj_free).
 * NULL: out of memory, also while the names were gathered. */
char **rj_name_list_new(const rj_text *names, size_t count);

#endif
