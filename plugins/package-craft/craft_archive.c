/* SPDX-License-Identifier: MIT */
/*
 * What makes an archive a craft: see craft_archive.h.
 *
 * Happy path: its install script at the root, of a kind that the system can start.
 * Failure modes: a script that is missing, a folder, or that the system could not start is refused before anything is unpacked, with what to do about it.
 */
#include "craft_archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "craft_system.h"
#include "text.h"

#define SCRIPT_MAX ((uint64_t)64 << 20)
#define HEADER_LINES 32
#define VERSION_MARK "RealmJoin Craft Package Version:"

/* A relative location stays below the source. */
static int climbs(const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/\\");

        if (length == 2 && path[0] == '.' && path[1] == '.')
            return 1;
        path += length;
        path += *path != '\0';
    }
    return 0;
}

rj_status craft_locate(const craft_request *request, char **ret_path, rj_failure *failure)
{
    const char *location = request->location;
    char *path = NULL;

    if (!location || location[0] == '\0')
        return rj_fail(failure, RJ_E_INVALID,
                       "craft %s has no location: the policy must name its archive", request->id);
    if (strstr(location, "://"))
        return rj_fail(failure, RJ_E_INVALID,
                       "craft %s: location %.300s is an address; only archives in folders can be "
                       "fetched",
                       request->id, location);
    if (craft_is_absolute(location)) {
        path = strdup(location);
    } else {
        if (!request->source)
            return rj_fail(failure, RJ_E_INVALID,
                           "craft %s: location %.300s is relative, but the policy names no source",
                           request->id, location);
        if (climbs(location))
            return rj_fail(failure, RJ_E_INVALID,
                           "craft %s: location %.300s leaves the source %.300s: remove the \"..\"",
                           request->id, location, request->source);
        if (asprintf(&path, "%s/%s", request->source, location) < 0)
            path = NULL;
    }
    if (!path)
        return rj_fail_memory(failure);
    *ret_path = path;
    return RJ_OK;
}

/* The header comment of a script may name the craft's version. */
static void find_version(const char *name, const char *script, char *version, size_t size)
{
    for (int line = 0; line < HEADER_LINES && *script; line++) {
        size_t length = strcspn(script, "\n");
        const char *mark = rj_find_text(script, length, VERSION_MARK);

        if (mark && craft_is_comment(name, script, length)) {
            const char *text = mark + strlen(VERSION_MARK);
            size_t left = length - (size_t)(text - script);

            while (left > 0 && (*text == ' ' || *text == '\t')) {
                text++;
                left--;
            }
            while (left > 0 && (unsigned char)text[left - 1] <= ' ')
                left--;
            if (left > 0 && left < size) {
                memcpy(version, text, left);
                version[left] = '\0';
            }
            return;
        }
        script += length;
        script += *script != '\0';
    }
}

static rj_status examine_script(rj_archive *archive, const rj_archive_entry *entry, char *version,
                                size_t version_size, rj_failure *failure)
{
    char *text = NULL;
    size_t length = 0;
    rj_status status = rj_archive_read(archive, entry, SCRIPT_MAX, &text, &length, failure);

    if (status != RJ_OK)
        return status;
    status = craft_judge_script(rj_archive_path(archive), entry->name, text, length,
                                entry->executable, failure);
    if (status == RJ_OK && version)
        find_version(entry->name, text, version, version_size);
    free(text);
    return status;
}

/* RJ_OK and *ret_found 0 for a script that is not there.  Of two spellings the first one counts. */
static rj_status look_for(rj_archive *archive, const craft_script *script, char *version,
                          size_t version_size, int32_t *ret_found, const char **ret_ignored,
                          rj_failure *failure)
{
    const rj_archive_entry *entry = NULL;
    rj_status status;

    *ret_found = 0;
    for (const char *const *name = script->names; *name; name++) {
        const rj_archive_entry *found = rj_archive_find(archive, *name);

        if (found && found->is_folder)
            return rj_fail(failure, RJ_E_INVALID, "%s: %s is a folder", rj_archive_path(archive),
                           *name);
        if (found && entry && ret_ignored)
            *ret_ignored = *name;
        if (!entry)
            entry = found;
    }
    if (!entry)
        return RJ_OK;
    status = examine_script(archive, entry, version, version_size, failure);
    *ret_found = status == RJ_OK;
    return status;
}

rj_status craft_examine(rj_archive *archive, craft_facts *ret_facts, rj_failure *failure)
{
    craft_facts facts = {0};
    int32_t has_install = 0;
    rj_status status;

    status = look_for(archive, &craft_install_script, facts.version, sizeof facts.version,
                      &has_install, &facts.ignored, failure);
    if (status == RJ_OK && !has_install)
        status = rj_fail(
            failure, RJ_E_INVALID, "%s is not a craft: there is no %s at its root (%zu entries)",
            rj_archive_path(archive), craft_install_script.shown, rj_archive_count(archive));
    if (status == RJ_OK)
        status = look_for(archive, &craft_detect_script, NULL, 0, &facts.has_detect, NULL, failure);
    if (status == RJ_OK)
        status = look_for(archive, &craft_uninstall_script, NULL, 0, &facts.has_uninstall, NULL,
                          failure);
    if (status == RJ_OK)
        *ret_facts = facts;
    return status;
}
