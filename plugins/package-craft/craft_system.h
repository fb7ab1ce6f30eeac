/* SPDX-License-Identifier: MIT */
/*
 * What differs between systems: names of scripts, exit codes, and the files of a plugin's state.
 *
 * Every function blocks: lane only, unless it says otherwise.  Paths are absolute.
 */
#ifndef PACKAGE_CRAFT_SYSTEM_H
#define PACKAGE_CRAFT_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* One script of a craft: the names it may have, the preferred one first, and how messages call it. */
typedef struct craft_script {
    const char *names[3]; /* NULL-terminated */
    const char *shown;
} craft_script;
extern const craft_script craft_install_script;
extern const craft_script craft_uninstall_script;
extern const craft_script craft_detect_script;

/* Whether the system could start this script; `path` is its archive's.  Any thread. */
rj_status craft_judge_script(const char *path, const char *name, const char *text, size_t length,
                             int executable, rj_failure *failure);
/* 1: a line of a script of that name that is a comment.  Any thread. */
int craft_is_comment(const char *name, const char *line, size_t length);
/* Whether the script is found, and these arguments ([0] is left out) and variables arrive in it as
 * they are. */
rj_status craft_check_command(const char *path, const char *const *arguments,
                              const char *const *environment, rj_failure *failure);

/* 1 for the exit codes that mean "done, restart wanted" on this system. */
int craft_exit_wants_restart(int32_t code);
/* For messages. */
const char *craft_signal_name(int32_t number);
int craft_is_absolute(const char *path);

/* 1: there (a link is there without being followed). */
int craft_exists(const char *path);
/* There afterwards, durable; fine if it was. */
rj_status craft_make_folder(const char *path, rj_failure *failure);
/* Let the owner start it. */
rj_status craft_make_startable(const char *path, rj_failure *failure);
/* Write <folder>/<name> so that after a crash it is there whole or not at all. */
rj_status craft_write_file(const char *folder, const char *name, const char *text, size_t length,
                           rj_failure *failure);
/* Read a file of at most `max` bytes; NUL-terminated, free() it. */
rj_status craft_read_file(const char *path, size_t max, char **ret_text, rj_failure *failure);
/* Rename within one file system; the names are durable with the next craft_sync_folder(). */
rj_status craft_move(const char *from, const char *to, rj_failure *failure);
rj_status craft_sync_folder(const char *path, rj_failure *failure);
/* Fine if it was not there. */
rj_status craft_remove_file(const char *path, rj_failure *failure);
/* A new, empty, uniquely named folder below `parent`; free() it. */
rj_status craft_make_unique_folder(const char *parent, char **ret_path, rj_failure *failure);
/* Empty `folder` as far as possible. */
void craft_empty_folder(const char *folder);

#endif
