/* SPDX-License-Identifier: MIT */
/*
 * The archive of a craft: where it is, whether it is a craft, and what its scripts say.
 */
#ifndef PACKAGE_CRAFT_ARCHIVE_H
#define PACKAGE_CRAFT_ARCHIVE_H

#include "archive.h"
#include "craft_request.h"

#define CRAFT_SUFFIX ".zip"
#define CRAFT_ARCHIVE_MAX ((uint64_t)4 << 30)

typedef struct craft_facts {
    int32_t has_detect;
    int32_t has_uninstall;
    const char *ignored; /* a second spelling of the install script beside it, or NULL */
    char version[129];   /* of the install script's header comment, "" if it names none */
} craft_facts;

/* The archive's path from "location" and the first source; free() it. */
rj_status craft_locate(const craft_request *request, char **ret_path, rj_failure *failure);

/* Judge the scripts: an install script is there, and the system can start each one. */
rj_status craft_examine(rj_archive *archive, craft_facts *ret_facts, rj_failure *failure);

#endif
