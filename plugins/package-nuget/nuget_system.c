/* SPDX-License-Identifier: MIT */
/* What the seam of package-nuget (nuget_system.h) has in common on every system. */
#include "nuget_system_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Names ------------------------------------------------------------------------------------- */

rj_status nuget_names_add(nuget_names *names, const char *name, rj_failure *failure)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? names->capacity * 2 : 32;
        char **items = realloc(names->items, capacity * sizeof(*items));
        if (!items)
            return rj_fail_memory(failure);
        names->items = items;
        names->capacity = capacity;
    }
    names->items[names->count] = strdup(name);
    if (!names->items[names->count])
        return rj_fail_memory(failure);
    names->count++;
    return RJ_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

rj_status nuget_list(const char *folder, nuget_names *ret_names, rj_failure *failure)
{
    nuget_names names = {0};
    rj_status status = nuget_list_into(folder, &names, failure);
    if (status != RJ_OK) {
        nuget_names_free(&names);
        return status;
    }
    if (names.count > 0)
        qsort(names.items, names.count, sizeof(*names.items), by_bytes);
    *ret_names = names;
    return RJ_OK;
}

void nuget_names_free(nuget_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (nuget_names){0};
}

/* ---- Files ------------------------------------------------------------------------------------- */

rj_status nuget_read_file(const char *path, size_t max, char **ret_text, size_t *ret_length,
                          rj_failure *failure)
{
    nuget_reader reader;
    rj_status status = nuget_reader_open(path, &reader, failure);
    if (status != RJ_OK)
        return status;
    char *text = NULL;
    size_t length = 0, n = 1;
    if (reader.size > max)
        status = rj_fail(failure, RJ_E_LIMIT, "%s has %lld bytes, more than the %zu expected", path,
                         (long long)reader.size, max);
    else if (!(text = malloc((size_t)reader.size + 1)))
        status = rj_fail_memory(failure);
    while (status == RJ_OK && n > 0 && length < (size_t)reader.size) {
        status = nuget_reader_next(&reader, path, text + length, (size_t)reader.size - length, &n,
                                   failure);
        length += status == RJ_OK ? n : 0;
    }
    nuget_reader_close(&reader);
    if (status != RJ_OK) {
        free(text);
        return status;
    }
    text[length] = '\0';
    *ret_text = text;
    if (ret_length)
        *ret_length = length;
    return RJ_OK;
}

rj_status nuget_create_file(const char *folder, const char *name, const char *text, size_t length,
                            rj_failure *failure)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return rj_fail_memory(failure);
    rj_status status = nuget_write_new(path, text, length, 0, failure);
    free(path);
    return status;
}

rj_status nuget_replace_file(const char *folder, const char *name, const char *text, size_t length,
                             rj_failure *failure)
{
    char *part = NULL, *path = NULL;
    rj_status status = RJ_OK;
    if (asprintf(&part, "%s/%s.part", folder, name) < 0)
        part = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    if (!part || !path)
        status = rj_fail_memory(failure);
    if (status == RJ_OK) {
        nuget_remove_file(part, NULL);
        status = nuget_write_new(part, text, length, 1, failure);
    }
    if (status == RJ_OK) {
        status = nuget_rename_over(part, path, "write", path, failure);
        if (status != RJ_OK)
            nuget_remove_file(part, NULL);
    }
    if (status == RJ_OK)
        status = nuget_sync_folder(folder, failure);
    free(part);
    free(path);
    return status;
}

/* ---- Folders ----------------------------------------------------------------------------------- */

rj_status nuget_move(const char *folder, const char *from, const char *to, rj_failure *failure)
{
    char *old = NULL, *new = NULL;
    rj_status status = RJ_OK;
    if (asprintf(&old, "%s/%s", folder, from) < 0)
        old = NULL;
    if (asprintf(&new, "%s/%s", folder, to) < 0)
        new = NULL;
    if (!old || !new)
        status = rj_fail_memory(failure);
    else
        status = nuget_rename_over(old, new, "rename", old, failure);
    if (status == RJ_OK)
        status = nuget_sync_folder(folder, failure);
    free(old);
    free(new);
    return status;
}
