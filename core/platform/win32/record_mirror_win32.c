/* SPDX-License-Identifier: MIT */
/*
 * Records in the registry, see record_mirror.h.
 *
 *     mark the key as ours --> its values, only those that differ
 *
 * The mark comes first: a key without it would be left behind for ever.  A user's hive is that user's:
 * what lies in it is never believed, and no link in it is followed.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "platform/record_mirror.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/registry_win32.h"
#include <stdlib.h>
#include <string.h>

#define PACKAGES "SOFTWARE\\RealmJoin\\Packages"
#define MARKS "SOFTWARE\\RealmJoin\\Mirror"
#define MARKS_MAX 100000

/* ---- Where ----------------------------------------------------------------------------------- */

typedef struct place {
    rj_registry_key where; /* .key is allocated */
    char *mark;
} place;

/* "machine:<id>" or "<SID>:<id>": numbers of accounts may be given anew, a SID never is. */
static char *mark_name(const char *sid, const char *id)
{
    rj_text name = RJ_TEXT_EMPTY;
    rj_text_addf(&name, "%s:%s", sid ? sid : "machine", id);
    return rj_text_take(&name);
}

static void forget(place *at)
{
    rj_free((char *)(uintptr_t)at->where.key);
    rj_free(at->mark);
}

/* `sid` NULL: of the machine. */
static rj_status find(const char *root, const char *sid, const char *id, place *ret_place,
                      rj_error *err)
{
    rj_text key = RJ_TEXT_EMPTY;
    if (!id[0] || strpbrk(id, "\\/:"))
        return rj_fail(err, RJ_E_INVALID, "a package id that is no name of a registry key");
    if (sid)
        rj_text_addf(&key, "%s\\", sid);
    rj_text_addf(&key, PACKAGES "\\%s", id);
    place at = {.where = {.root = root, .hive = sid ? RJ_HIVE_USERS : RJ_HIVE_MACHINE}};
    at.where.key = rj_text_take(&key);
    at.mark = mark_name(sid, id);
    if (!at.where.key || !at.mark) {
        forget(&at);
        return rj_fail_memory(err, "copying a record into the registry");
    }
    *ret_place = at;
    return RJ_OK;
}

/* A hive that is not loaded is not made. */
static rj_status check_hive(const char *root, const char *sid, rj_error *err)
{
    HKEY key = NULL;
    if (!sid || root[0])
        return RJ_OK;
    rj_status status = rj_registry_open(root, RJ_HIVE_USERS, sid, false, &key, err);
    if (status == RJ_OK)
        RegCloseKey(key);
    return status;
}

static rj_status sid_of(const char *root, rj_uid owner, char **ret_sid, rj_error *err)
{
    *ret_sid = NULL;
    return owner == RJ_MIRROR_MACHINE ? RJ_OK : rj_account_sid_text(owner, root, ret_sid, err);
}

/* ---- Put and remove -------------------------------------------------------------------------- */

static rj_status put_text(const rj_registry_key *where, const rj_mirror_value *value, rj_error *err)
{
    char *now = NULL;
    bool same = rj_registry_get_text(where, value->name, &now, NULL) == RJ_OK &&
                strcmp(now, value->text) == 0;
    rj_free(now);
    return same ? RJ_OK : rj_registry_set_text(where, value->name, value->text, err);
}

static rj_status put_number(const rj_registry_key *where, const rj_mirror_value *value,
                            rj_error *err)
{
    uint32_t now = 0;
    bool same =
        rj_registry_get_u32(where, value->name, &now, NULL) == RJ_OK && now == value->number;
    return same ? RJ_OK : rj_registry_set_u32(where, value->name, value->number, err);
}

static rj_status put_values(const place *at, const rj_mirror_value *values, size_t count,
                            rj_error *err)
{
    rj_registry_key marks = {.root = at->where.root, .hive = RJ_HIVE_MACHINE, .key = MARKS};
    rj_mirror_value mark = {.name = at->mark, .kind = RJ_MIRROR_NUMBER, .number = 1};
    HKEY key = NULL;
    rj_status status = put_number(&marks, &mark, err);
    if (status == RJ_OK)
        status = rj_registry_open(at->where.root, at->where.hive, at->where.key, true, &key, err);
    if (status == RJ_OK)
        RegCloseKey(key);
    for (size_t i = 0; i < count && status == RJ_OK; i++) {
        if (values[i].kind == RJ_MIRROR_TEXT)
            status = put_text(&at->where, &values[i], err);
        else if (values[i].kind == RJ_MIRROR_NUMBER)
            status = put_number(&at->where, &values[i], err);
        else
            status = rj_registry_remove_value(&at->where, values[i].name, err);
    }
    return status;
}

rj_status rj_record_mirror_put(const rj_paths *paths, const rj_mirror_id *whose,
                               const rj_mirror_value *values, size_t count, rj_error *err)
{
    const char *root = rj_paths_root(paths);
    char *sid = NULL;
    place at;
    rj_status status = sid_of(root, whose->owner, &sid, err);
    if (status == RJ_OK)
        status = check_hive(root, sid, err);
    if (status == RJ_OK)
        status = find(root, sid, whose->id, &at, err);
    if (status == RJ_OK) {
        status = put_values(&at, values, count, err);
        forget(&at);
    }
    rj_free(sid);
    return status;
}

static rj_status remove_key(const char *root, const char *sid, const char *id, rj_error *err)
{
    rj_registry_key marks = {.root = root, .hive = RJ_HIVE_MACHINE, .key = MARKS};
    place at;
    rj_status status = check_hive(root, sid, err);
    if (status == RJ_OK)
        status = find(root, sid, id, &at, err);
    if (status != RJ_OK)
        return status;
    status = rj_registry_remove_key(&at.where, err);
    if (status == RJ_OK)
        status = rj_registry_remove_value(&marks, at.mark, err);
    forget(&at);
    return status;
}

rj_status rj_record_mirror_remove(const rj_paths *paths, const rj_mirror_id *whose, rj_error *err)
{
    const char *root = rj_paths_root(paths);
    char *sid = NULL;
    rj_status status = sid_of(root, whose->owner, &sid, err);
    if (status == RJ_OK)
        status = remove_key(root, sid, whose->id, err);
    rj_free(sid);
    return status;
}

/* ---- Prune ----------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rj_free(names[i]);
    rj_free(names);
}

/* The marks of what is kept, sorted.  An account that is not known has no key either. */
static rj_status list_kept(const char *root, const rj_mirror_id *kept, size_t count,
                           char ***ret_names, size_t *ret_count, rj_error *err)
{
    char **names = rj_calloc(count ? count : 1, sizeof *names);
    size_t made = 0;
    bool failed = !names;
    for (size_t i = 0; i < count && !failed; i++) {
        char *sid = NULL;
        if (sid_of(root, kept[i].owner, &sid, NULL) == RJ_OK) {
            names[made] = mark_name(sid, kept[i].id);
            failed = !names[made];
            made += !failed;
        }
        rj_free(sid);
    }
    if (failed) {
        free_names(names, made);
        return rj_fail_memory(err, "tidying up records in the registry");
    }
    qsort(names, made, sizeof *names, compare_names);
    *ret_names = names;
    *ret_count = made;
    return RJ_OK;
}

/* A hive that is not loaded keeps its key, and we the mark, for another time. */
static rj_status remove_marked(const char *root, char *mark, rj_error *err)
{
    rj_registry_key marks = {.root = root, .hive = RJ_HIVE_MACHINE, .key = MARKS};
    char *colon = strchr(mark, ':');
    if (!colon) /* not written by us */
        return rj_registry_remove_value(&marks, mark, err);
    *colon = '\0';
    bool machine = strcmp(mark, "machine") == 0;
    rj_status status = remove_key(root, machine ? NULL : mark, colon + 1, err);
    return status == RJ_E_NOT_FOUND ? RJ_OK : status;
}

rj_status rj_record_mirror_prune(const rj_paths *paths, const rj_mirror_id *kept, size_t count,
                                 rj_error *err)
{
    const char *root = rj_paths_root(paths);
    rj_registry_key marks = {.root = root, .hive = RJ_HIVE_MACHINE, .key = MARKS};
    char **names = NULL, **ours = NULL;
    size_t name_count = 0, our_count = 0;
    rj_status status = list_kept(root, kept, count, &names, &name_count, err);
    if (status == RJ_OK)
        status = rj_registry_list_values(&marks, MARKS_MAX, &ours, &our_count, err);
    for (size_t i = 0; i < our_count && status == RJ_OK; i++)
        if (!bsearch(&ours[i], names, name_count, sizeof *names, compare_names))
            status = remove_marked(root, ours[i], err);
    rj_free(ours);
    free_names(names, name_count);
    return status;
}
