/* SPDX-License-Identifier: MIT */
/*
 * What is installed below a lib folder.
 *
 * A package is the folder <lib>/<id>/ with its manifest <id>.nuspec and our record of it,
 * .realmjoin.json: id, version, SHA-256 of the package file, and every file with size and CRC-32.
 * The record is written before the folder gets its name, so a folder with a record is complete.
 * Folders without one are none of ours.
 */
#ifndef RJ_PACKAGE_NUGET_INSTALLED_H
#define RJ_PACKAGE_NUGET_INSTALLED_H

#include "failure.h"
#include "package_info.h"

#define RJ_RECORD_NAME ".realmjoin.json"

typedef struct rj_recorded_file {
    char *path; /* relative, '/' between segments */
    uint64_t size;
    uint32_t crc32;
    int has_crc; /* the package file itself is known by its SHA-256 */
    int special; /* a link, pipe or socket that a script has made: nothing is known but its name */
} rj_recorded_file;

typedef struct rj_record {
    char *id;
    char *version; /* normalized */
    char *sha256;
    rj_recorded_file *files;
    size_t count, capacity;
} rj_record;

void rj_record_clear(rj_record *record);
int rj_record_add(rj_record *record, const char *path, uint64_t size, uint32_t crc32, int has_crc);
/* The document; free() it.  NULL: out of memory. */
char *rj_record_print(const rj_record *record, size_t *ret_length);
/* RJ_E_NOT_FOUND: no record; RJ_E_CORRUPT. */
rj_status rj_record_read(const char *folder, rj_record *ret_record, rj_failure *failure);

/* Compare the files with the record by size alone; names the first that is missing. */
void rj_record_check(const rj_record *record, const char *folder, size_t *ret_missing,
                     size_t *ret_changed, const char **ret_first_missing);

/*
 * Take the folder as it is now into the record: files that are gone are dropped, new and changed
 * ones come in.  What kept size and time since `since_ns` keeps its CRC-32.  A name that is not
 * UTF-8 cannot be recorded: such a file is none of ours and stays when the package is removed.
 */
rj_status rj_record_refresh(rj_record *record, const char *folder, int64_t since_ns,
                            rj_failure *failure);

/* ---- All of a lib folder ---- */

typedef struct rj_installed {
    rj_package_info *items; /* .path: the folder */
    const rj_package_info **pointers;
    size_t count;
} rj_installed;

/* No such folder: nothing is installed.  What has a damaged record is not installed, as detect says:
 * installing it again replaces it, and no other package is held up by it. */
rj_status rj_installed_read(const char *lib_dir, rj_installed *ret_installed, rj_failure *failure);
void rj_installed_clear(rj_installed *installed);
const rj_package_info *rj_installed_find(const rj_installed *installed, const char *id);

/* The name of the folder of `id` in whatever case it has, free() it; NULL: there is none. */
char *rj_installed_folder(const char *lib_dir, const char *id);

#endif
