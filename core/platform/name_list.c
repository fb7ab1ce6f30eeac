/* SPDX-License-Identifier: MIT */
/* Lists of names; see name_list.h. */
#include "platform/name_list.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **rj_name_list_new(const rj_text *names, size_t count)
{
    size_t pointers = (count + 1) * sizeof(char *);
    char **list = rj_text_failed(names) ? NULL : rj_malloc(pointers + names->length + 1);
    if (!list)
        return NULL;
    char *at = (char *)list + pointers;
    if (names->length)
        memcpy(at, names->bytes, names->length);
    for (size_t i = 0; i < count; i++) {
        list[i] = at;
        at += strlen(at) + 1;
    }
    list[count] = NULL;
    if (count)
        qsort(list, count, sizeof *list, compare_names);
    return list;
}
