/* SPDX-License-Identifier: MIT */
/* The few variables of a script on POSIX systems, see script_environment.h. */
#include "base/alloc.h"
#include "base/text.h"
#include "engine/policy.h"
#include "engine/script_environment.h"
#include "platform/file.h"

#define SEARCH_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool set(json_t *environment, const char *name, const char *value)
{
    return json_object_set_new(environment, name, json_string(value)) == 0;
}

bool rj_script_environment_begin(json_t *environment)
{
    return set(environment, "PATH", SEARCH_PATH) && set(environment, "LANG", "C.UTF-8");
}

static rj_status set_folder(json_t *environment, const char *variable, const char *parent,
                            const char *name, rj_error *err)
{
    char *path = NULL;
    rj_status status = rj_path_join(parent, name, &path, err);
    if (status == RJ_OK)
        status = rj_dir_make(path, 0700, err);
    if (status == RJ_OK && !set(environment, variable, path))
        status = rj_fail_memory(err, "preparing a package step");
    rj_free(path);
    return status;
}

rj_status rj_script_environment_place(json_t *environment, const rj_paths *paths, rj_error *err)
{
    const char *root = rj_paths_root(paths);
    rj_status status = RJ_OK;
    if (!set(environment, "RJ_Root", root) || (!root[0] && !set(environment, "HOME", "/root")))
        status = rj_fail_memory(err, "preparing a package step");
    if (status == RJ_OK && root[0])
        status = set_folder(environment, "HOME", root, "root", err);
    if (status == RJ_OK)
        status = set_folder(environment, "TMPDIR", rj_path(paths, RJ_PATH_CACHE), "tmp", err);
    return status;
}

char *rj_script_environment_sid(rj_uid uid)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_addf(&text, "S-1-22-1-%lu", uid == RJ_UID_MACHINE ? 0ul : (unsigned long)uid);
    return rj_text_take(&text);
}
