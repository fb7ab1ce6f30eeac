/* SPDX-License-Identifier: MIT */
/* See remembered_rules.h. */
#include "session/remembered_rules.h"

#include "base/alloc.h"
#include "base/json.h"
#include "platform/file.h"

#include <stdbool.h>

#define NAME "plugin-rules.json"
#define SIZE_MAX_OF_FILE ((size_t)1 << 20)

static char *path_of(const rj_paths *paths)
{
    char *path = NULL;
    return rj_path_join(rj_path(paths, RJ_PATH_STATE), NAME, &path, NULL) == RJ_OK ? path : NULL;
}

json_t *rj_remembered_rules_read(const rj_paths *paths)
{
    static const rj_json_limits limits = {SIZE_MAX_OF_FILE, 32, false};
    char *path = path_of(paths), *bytes = NULL;
    size_t length = 0;
    json_t *rules = NULL;
    if (path && rj_file_read(path, SIZE_MAX_OF_FILE, &bytes, &length, NULL) == RJ_OK &&
        rj_json_parse(NAME, bytes, length, &limits, &rules, NULL) == RJ_OK &&
        !json_is_object(rules)) {
        json_decref(rules);
        rules = NULL;
    }
    rj_free(bytes);
    rj_free(path);
    return rules ? rules : json_object();
}

void rj_remembered_rules_write(const rj_paths *paths, const json_t *rules)
{
    char *path = path_of(paths);
    size_t length = 0;
    char *text = rj_json_print(rules, &length);
    if (path && text && rj_dir_make(rj_path(paths, RJ_PATH_STATE), 0700, NULL) == RJ_OK)
        rj_file_write(path, text, length, 0600, NULL);
    rj_free(text);
    rj_free(path);
}
