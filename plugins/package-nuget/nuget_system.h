/* SPDX-License-Identifier: MIT */
/*
 * What differs between systems: files, folders, exit codes.  Every function blocks: lane only.
 * Paths are absolute.
 */
#ifndef RJ_PACKAGE_NUGET_SYSTEM_H
#define RJ_PACKAGE_NUGET_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* "tools/install.sh", on Windows "tools/chocolateyInstall.ps1", and what takes it back. */
extern const char *const nuget_install_script;
extern const char *const nuget_uninstall_script;
/* Whether an entry of a package has that name as this system compares names. */
int nuget_is_install_script(const char *name);
/* Scripts get the request's arguments, too; otherwise they find them in their environment alone. */
extern const int32_t nuget_scripts_have_arguments;
/* Files become durable one by one: nuget_sync_everything() has nothing to do. */
extern const int32_t nuget_flushes_each_file;

int nuget_is_absolute(const char *path);
/* 1: success with a restart wanted. */
int nuget_exit_wants_restart(int32_t code);
/* In place: the slashes that the system's own programs write. */
void nuget_use_native_slashes(char *text);

#define NUGET_NOTHING 0
#define NUGET_FILE 1
#define NUGET_FOLDER 2
#define NUGET_OTHER 3 /* a link, a pipe, ... */
typedef struct nuget_file {
    int kind;
    int startable; /* the owner may execute it */
    uint64_t size;
    int64_t changed_ns; /* last modification */
} nuget_file;
/* What is there, no link followed. */
nuget_file nuget_look(const char *path);
/* The same, a link at the end followed. */
nuget_file nuget_look_through(const char *path);
/* The clock that stamps changed_ns, less what stamps may lag behind. */
int64_t nuget_file_time_now(void);

/* The names in a folder, sorted by bytes, without "." and "..". */
typedef struct nuget_names {
    char **items;
    size_t count, capacity;
} nuget_names;
/* RJ_E_NOT_FOUND, RJ_E_DENIED, RJ_E_IO. */
rj_status nuget_list(const char *folder, nuget_names *ret_names, rj_failure *failure);
void nuget_names_free(nuget_names *names);

/* At most `max` bytes; NUL-terminated, free() it. */
rj_status nuget_read_file(const char *path, size_t max, char **ret_text, size_t *ret_length,
                          rj_failure *failure);
/* Make <folder>/<name>, which must not be there; durable only with nuget_sync_everything(). */
rj_status nuget_create_file(const char *folder, const char *name, const char *text, size_t length,
                            rj_failure *failure);
/* Write <folder>/<name> so that after a crash it is there whole, or as before. */
rj_status nuget_replace_file(const char *folder, const char *name, const char *text, size_t length,
                             rj_failure *failure);
/* A second name for a file, or a copy where the file system has no such thing. */
rj_status nuget_link_or_copy(const char *from, const char *to, rj_failure *failure);

/* The folder and its missing parents, 0755. */
rj_status nuget_make_folder(const char *path, rj_failure *failure);
/* RJ_E_DENIED if others could change what we run from there, or put another folder in its place. */
rj_status nuget_check_private(const char *folder, rj_failure *failure);
/* The same of one file or folder in a folder that is private: a link, somebody else's, or open to others.
 * It may have been put there before the folder was private. */
rj_status nuget_check_own(const char *path, rj_failure *failure);
/* Rename, durable on return (both names are in `folder`). */
rj_status nuget_move(const char *folder, const char *from, const char *to, rj_failure *failure);
/* Fine if it was not there.  Durable with nuget_sync_folder(). */
rj_status nuget_remove_file(const char *path, rj_failure *failure);
/* Only if it is empty; 1: gone. */
int nuget_remove_empty_folder(const char *path);
rj_status nuget_sync_folder(const char *path, rj_failure *failure);
/* Everything written below `folder` so far is on disk on return. */
rj_status nuget_sync_everything(const char *folder, rj_failure *failure);

#endif
