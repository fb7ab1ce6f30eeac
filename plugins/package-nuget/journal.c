/* SPDX-License-Identifier: MIT */
/* The journal of a lib folder: see journal.h. */
#include "journal.h"

#include "install.h"
#include "nuget_system.h"
#include "package_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL_BYTES_MAX ((size_t)1 << 20)

static char *journal_path(const char *lib_dir)
{
    char *path = NULL;
    return asprintf(&path, "%s/" NUGET_JOURNAL, lib_dir) < 0 ? NULL : path;
}

rj_status nuget_journal_write(const char *lib_dir, json_t *document, rj_failure *failure)
{
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    rj_status status = text
                           ? nuget_replace_file(lib_dir, NUGET_JOURNAL, text, strlen(text), failure)
                           : rj_fail_memory(failure);
    free(text);
    return status;
}

rj_status nuget_journal_read(const char *lib_dir, json_t **ret_document, rj_failure *failure)
{
    char *path = journal_path(lib_dir), *text = NULL;
    size_t length = 0;
    *ret_document = NULL;
    rj_status status = path ? nuget_check_own(path, failure) : rj_fail_memory(failure);
    if (status == RJ_OK) /* what others wrote would make us move and remove folders */
        status = nuget_read_file(path, JOURNAL_BYTES_MAX, &text, &length, failure);
    if (status == RJ_OK) {
        json_error_t error;
        *ret_document = json_loadb(text, length, 0, &error);
        if (!*ret_document)
            status = rj_fail(failure, RJ_E_CORRUPT,
                             "%s is damaged (%s): look at the folders beside it, then remove it",
                             path, error.text);
    } else if (status == RJ_E_NOT_FOUND) {
        status = RJ_OK;
    }
    free(path);
    free(text);
    return status;
}

rj_status nuget_journal_remove(const char *lib_dir, rj_failure *failure)
{
    char *path = journal_path(lib_dir);
    rj_status status = path ? nuget_remove_file(path, failure) : rj_fail_memory(failure);
    free(path);
    return status == RJ_OK ? nuget_sync_folder(lib_dir, failure) : status;
}

int rj_is_interrupted(const char *lib_dir, const char *id)
{
    json_t *journal, *package;
    size_t i;
    int found = 0;
    if (nuget_journal_read(lib_dir, &journal, NULL) != RJ_OK)
        return 1;
    json_array_foreach(json_object_get(journal, "packages"), i, package)
    {
        const char *folder = json_string_value(json_object_get(package, "folder"));
        found |= folder && rj_id_equal(folder, id);
    }
    json_decref(journal);
    return found;
}
