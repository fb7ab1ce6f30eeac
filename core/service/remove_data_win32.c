/* SPDX-License-Identifier: MIT */
/*
 * Removes what the agent keeps, see remove_data.h.
 *
 *     lock (nobody runs) --> keys of records --> logs --> settings in the registry --> state --> profiles
 *
 * Goes on after a failure and says each; links are removed, never followed.
 */
#include "base/alloc.h"
#include "base/native_paths.h"
#include "platform/file.h"
#include "platform/paths.h"
#include "platform/record_mirror.h"
#include "platform/system.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"
#include "service/remove_data.h"
#include "service/remove_profiles_win32.h"
#include <stdio.h>
#include <string.h>

#define LOGS_MAX 10000

static bool say(rj_status status, const rj_error *error)
{
    rj_error shown = *error;
    rj_native_paths(shown.text);
    if (status != RJ_OK)
        fprintf(stderr, "realmjoinservice: %s\n", shown.text);
    return status == RJ_OK;
}

/* "realmjoin.log", "realmjoin.001.log" */
static bool is_own_log(const char *name)
{
    static const char own[] = "realmjoin.";
    size_t length = strlen(name);
    if (strncmp(name, own, sizeof own - 1) != 0 || length < 4 ||
        strcmp(name + length - 4, ".log") != 0)
        return false;
    size_t digits = strspn(name + sizeof own - 1, "0123456789");
    return strcmp(name + sizeof own - 1 + digits, digits ? ".log" : "log") == 0;
}

/* The folder is the system's; only what is ours goes. */
static bool remove_logs(const rj_paths *paths)
{
    const char *folder = rj_path(paths, RJ_PATH_LOG);
    rj_error error = RJ_ERROR_NONE;
    char **names = NULL, *path = NULL;
    size_t count = 0;
    bool done = true;
    rj_status status = rj_dir_list(folder, LOGS_MAX, &names, &count, &error);
    if (status == RJ_E_NOT_FOUND)
        return true;
    for (size_t i = 0; status == RJ_OK && i < count; i++) {
        if (!is_own_log(names[i]) || rj_path_join(folder, names[i], &path, NULL) != RJ_OK)
            continue;
        done &= say(rj_file_remove(path, &error), &error);
        rj_free(path);
    }
    rj_free(names);
    done &= say(status, &error);
    if (rj_path_join(folder, "RealmJoin", &path, NULL) == RJ_OK)
        done &= say(rj_dir_remove(path, &error), &error);
    rj_free(path);
    return done;
}

/* What packages installed stays; folders that the service made for them and nobody used go. */
static void remove_unused_library(const rj_paths *paths)
{
    const char *library = rj_path(paths, RJ_PATH_PACKAGE_LIB);
    char *parent = rj_strndup(library, (size_t)(strrchr(library, '/') - library));
    const char *folders[] = {library, parent};
    for (size_t i = 0; i < 2; i++) {
        wchar_t *path = folders[i] ? rj_wide_path(folders[i], NULL) : NULL;
        if (path)
            RemoveDirectoryW(path); /* refuses what is not empty */
        rj_free(path);
    }
    rj_free(parent);
}

/* Not even for a moment beside a service. */
static rj_status check_idle(const rj_paths *paths, rj_error *err)
{
    char *path = NULL;
    int lock = -1;
    const char *folder = rj_path(paths, RJ_PATH_RUN);
    if (!rj_file_exists(folder))
        return RJ_OK;
    rj_status status = rj_path_join(folder, "service.lock", &path, err);
    if (status == RJ_OK)
        status = rj_file_lock(path, &lock, err);
    if (status == RJ_OK)
        rj_file_unlock(lock);
    if (status == RJ_E_BUSY)
        rj_fail_prefix(err, status, "the service runs; stop it first");
    rj_free(path);
    return status;
}

int rj_service_remove_data(const rj_service_options *options)
{
    rj_paths *paths = NULL;
    rj_error error = RJ_ERROR_NONE;
    rj_status status =
        rj_paths_new(RJ_ROLE_SERVICE, options->root, options->plugins, &paths, &error);
    if (status == RJ_OK && !rj_system_is_root())
        status = rj_fail(&error, RJ_E_DENIED, "only an administrator may remove the agent's data");
    if (status == RJ_OK)
        status = check_idle(paths, &error);
    if (status != RJ_OK) {
        say(status, &error);
        rj_paths_free(paths);
        return status == RJ_E_BUSY ? RJ_SERVICE_BUSY : RJ_SERVICE_FAILED;
    }
    rj_registry_key settings = {
        .root = rj_paths_root(paths), .hive = RJ_HIVE_MACHINE, .key = "SOFTWARE\\RealmJoin"};
    bool done = say(rj_record_mirror_prune(paths, NULL, 0, &error), &error);
    rj_service_remove_user_keys(paths);
    done &= remove_logs(paths);
    done &= say(rj_registry_remove_key(&settings, &error), &error);
    done &= say(rj_dir_remove(rj_path(paths, RJ_PATH_STATE), &error), &error);
    remove_unused_library(paths);
    done &= rj_service_remove_profiles(paths);
    rj_paths_free(paths);
    return done ? RJ_SERVICE_OK : RJ_SERVICE_FAILED;
}
