/* SPDX-License-Identifier: MIT */
/* What the seam of package-craft (craft_system.h) has in common on every system. */
#include "craft_system_calls.h"

#include <stdio.h>
#include <stdlib.h>

rj_status craft_write_file(const char *folder, const char *name, const char *text, size_t length,
                           rj_failure *failure)
{
    char *path = NULL, *part = NULL;
    rj_status status;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    if (!path || asprintf(&part, "%s.part", path) < 0) {
        free(path);
        return rj_fail_memory(failure);
    }
    status = craft_write_part(part, text, length, failure);
    if (status == RJ_OK)
        status = craft_move(part, path, failure);
    if (status == RJ_OK)
        status = craft_sync_folder(folder, failure);
    free(part);
    free(path);
    return status;
}

rj_status craft_read_file(const char *path, size_t max, char **ret_text, rj_failure *failure)
{
    intptr_t file = 0;
    char *text = NULL;
    size_t length = 0, n = 1;
    rj_status status = craft_open_file(path, &file, failure);

    if (status != RJ_OK)
        return status;
    if (!(text = malloc(max + 2)))
        status = rj_fail_memory(failure);
    while (status == RJ_OK && n > 0 && length <= max) {
        status = craft_read_some(file, path, text + length, max + 1 - length, &n, failure);
        length += status == RJ_OK ? n : 0;
    }
    craft_close_file(file);
    if (status == RJ_OK && length > max)
        status = rj_fail(failure, RJ_E_LIMIT, "%s has more than %zu bytes", path, max);
    if (status != RJ_OK) {
        free(text);
        return status;
    }
    text[length] = '\0';
    *ret_text = text;
    return RJ_OK;
}
