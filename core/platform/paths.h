/* SPDX-License-Identifier: MIT */
/*
 * Where everything lives (DESIGN 9).  Every path of the agent comes from here and can be moved
 * below one root, so that tests and the quickstart never touch the real system.
 */
#ifndef RJ_PLATFORM_PATHS_H
#define RJ_PLATFORM_PATHS_H

#include "base/status.h"
#include <stdbool.h>

typedef enum rj_path_kind {
    RJ_PATH_PLUGINS,      /* built-in plugins: <dir>/<id>/ */
    RJ_PATH_PLUGINS_3RD,  /* third-party plugins */
    RJ_PATH_POLICY,       /* policy directory */
    RJ_PATH_PARAMETERS,   /* parameters.json; use parameters.h, as win32 has no such file */
    RJ_PATH_STATE,        /* machine state; session role: the user's */
    RJ_PATH_PLUGIN_STATE, /* state of plugins: <dir>/<id>/, never where their programs lie */
    RJ_PATH_CACHE,        /* machine cache; session role: the user's */
    RJ_PATH_LOG,          /* log folder; session role: the user's */
    RJ_PATH_PACKAGE_LOGS, /* <log>/packages */
    RJ_PATH_PACKAGE_LIB,  /* chocolatey/lib of this role */
    RJ_PATH_RUN,          /* folder of the socket and the lock */
    RJ_PATH_SOCKET,       /* agent.sock; win32: //./pipe/realmjoin */
    RJ_PATH_WORKER,       /* the program that runs plugins outside of ours */
    RJ_PATH_COUNT
} rj_path_kind;

typedef enum rj_role { RJ_ROLE_SERVICE, RJ_ROLE_SESSION } rj_role;

typedef struct rj_paths rj_paths;

/* `root`: NULL or "" for the real system, else an absolute folder all paths are put below.
 * `plugins`: NULL, or the folder to use for RJ_PATH_PLUGINS (refused when the program runs as an
 * installed service).  Session role: user folders are those of the calling user (XDG; win32: local
 * application data), below <root>/home/<user> (win32: <root>/Users/<user>) when there is a root.
 * Slashes of either kind are taken where the system has both. */
rj_status rj_paths_new(rj_role role, const char *root, const char *plugins, rj_paths **ret_paths,
                       rj_error *err);
void rj_paths_free(rj_paths *paths);
const char *rj_paths_root(const rj_paths *paths); /* "" or the root, no trailing slash */
const char *rj_path(const rj_paths *paths, rj_path_kind kind);
/* "<dir>/<name>" (rj_free); refuses a name that is empty, "." or "..", or holds '/', '\\' or a
 * control character.  For a name that comes from outside. */
rj_status rj_path_join(const char *directory, const char *name, char **ret_path, rj_error *err);

/* posix: "/...".  win32: "X:/..." or "//server/share...", with slashes of either kind; no device ("//./"). */
bool rj_path_is_absolute(const char *path);
/* Two absolute paths that name the same place by their text, and one that lies somewhere below the other
 * (itself does not).  Slashes at the end do not count.  win32: as the file system compares names,
 * without case, with slashes of either kind.  "." and ".." are names here: refuse them before. */
bool rj_path_equal(const char *a, const char *b);
bool rj_path_is_below(const char *path, const char *folder);
/* A path from outside as the agent writes it, and one of the agent as the system's programs and scripts
 * expect it (rj_free; NULL: out of memory).  win32: backslashes become slashes and back; posix: copies. */
char *rj_path_from_native(const char *path);
char *rj_path_native(const char *path);

#endif
