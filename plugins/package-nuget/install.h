/* SPDX-License-Identifier: MIT */
/*
 * Changing a lib folder: a plan of packages at once, or one package away, whole or not at all.
 *
 * The caller runs the packages' scripts between the steps:
 *
 *     rj_install_prepare()      everything unpacked beside its place, journal written
 *     rj_install_swap(i)        package i in its place, the old one aside
 *       ... its script ...
 *     rj_install_settle(i)      what the script left is taken into the record
 *     rj_install_commit()       it counts; or rj_install_roll_back(): all as before
 */
#ifndef RJ_PACKAGE_NUGET_INSTALL_H
#define RJ_PACKAGE_NUGET_INSTALL_H

#include "failure.h"

#include <stddef.h>
#include <stdint.h>

typedef struct rj_install_package {
    /* the caller's, borrowed */
    const char *id;
    const char *version;      /* normalized */
    const char *package_path; /* the verified package file */
    const char *sha256;
    /* filled in by prepare */
    char *folder;      /* name below lib_dir */
    char *path;        /* lib_dir/folder */
    char *old_version; /* NULL: newly added */
    char *title;       /* from the manifest; may be NULL */
    char *nuspec_version;
    int has_script;
    uint64_t files;
} rj_install_package;

typedef struct rj_install {
    const char *lib_dir;
    rj_install_package *packages;
    size_t count;
    int (*cancelled)(void *data);                                         /* may be NULL */
    void (*progress)(void *data, uint64_t done_bytes, uint64_t of_bytes); /* may be NULL */
    void *data;
} rj_install;

/* On failure nothing has changed. */
rj_status rj_install_prepare(rj_install *install, rj_failure *failure);
rj_status rj_install_swap(rj_install *install, size_t index, rj_failure *failure);
/* `since_ns`: time before the script was started, in the clock of file times. */
rj_status rj_install_settle(rj_install *install, size_t index, int64_t since_ns,
                            rj_failure *failure);
rj_status rj_install_commit(rj_install *install, rj_failure *failure);
rj_status rj_install_roll_back(rj_install *install, rj_failure *failure);
/* Frees what prepare filled in. */
void rj_install_clear(rj_install *install);

/* ---- Removing one package ---- */

typedef struct rj_removed {
    uint64_t files;
    char **left; /* paths that stay, relative to the package folder */
    size_t left_count;
} rj_removed;

/* Remove the unchanged files of the package in `folder`; its uninstall script has run. */
rj_status rj_uninstall(const char *lib_dir, const char *folder, rj_removed *ret_removed,
                       rj_failure *failure);
void rj_removed_clear(rj_removed *removed);

/* ---- After a crash ---- */

#define RJ_RECOVERED_NOTHING 0
#define RJ_RECOVERED_ROLLED_BACK 1
#define RJ_RECOVERED_FINISHED 2
typedef struct rj_recovered {
    int outcome;
    int scripts; /* a script may have been running: what it did to the system is unknown */
    char detail[256];
} rj_recovered;

/* Bring `lib_dir` to the state before or after whatever was interrupted. */
rj_status rj_recover(const char *lib_dir, rj_recovered *ret_recovered, rj_failure *failure);
/* 1: a change of `lib_dir` that names `id` is under way or was interrupted. */
int rj_is_interrupted(const char *lib_dir, const char *id);

#endif
