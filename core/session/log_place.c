/* SPDX-License-Identifier: MIT */
/* See log_place.h. */
#include "session/log_place.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/paths.h"

char *rj_log_place(const char *path)
{
    char *bytes = NULL;
    size_t length = 0;
    if (!rj_path_is_absolute(path))
        return NULL;
    rj_status status = rj_file_read(path, 1, &bytes, &length, NULL);
    rj_free(bytes);
    return status == RJ_OK || status == RJ_E_LIMIT ? rj_path_native(path) : NULL;
}
