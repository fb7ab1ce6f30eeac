/* SPDX-License-Identifier: MIT */
/*
 * The folder source: device.json, and users/<user name>.json for each user of this machine.
 *
 * The folder, its parents and every file must belong to root and be writable by nobody else: who can
 * write here runs code as root.
 */
#include "engine/policy.h"

#include "base/alloc.h"
#include "base/text.h"
#include "engine/policy_reader.h"
#include "platform/file.h"

#include <string.h>

#define USERS_MAX 10000
#define ALL_MAX ((size_t)64 * 1024 * 1024)

static const char suffix[] = ".json";

typedef struct folder {
    const char *boundary; /* NULL: the real system */
    rj_policy_source *sources;
    size_t count, capacity;
    size_t bytes;
    rj_find_user find;
    const rj_policy *before; /* NULL: none */
    rj_policy_user *users;
    size_t user_count;
    rj_error why;
    rj_status failed; /* the first lookup that did; RJ_OK: who is unknown is nobody here */
} folder;

static void folder_free(folder *read)
{
    for (size_t i = 0; i < read->count; i++) {
        rj_free((char *)(uintptr_t)read->sources[i].name);
        rj_free((char *)(uintptr_t)read->sources[i].bytes);
    }
    for (size_t i = 0; i < read->user_count; i++) {
        rj_free((char *)(uintptr_t)read->users[i].name);
        rj_free((char *)(uintptr_t)read->users[i].why);
    }
    rj_free(read->sources);
    rj_free(read->users);
}

static rj_status read_source(folder *read, const char *path, const char *shown, rj_uid audience,
                             rj_error *err)
{
    char *bytes = NULL, *name = NULL;
    size_t length = 0;
    rj_status status = rj_file_check_trusted(path, read->boundary, err);
    if (status == RJ_OK)
        status = rj_file_read(path, RJ_POLICY_MAX_BYTES, &bytes, &length, err);
    if (status == RJ_OK && read->bytes + length > ALL_MAX)
        status = rj_fail(err, RJ_E_LIMIT, "%s: the policy documents have more than %zu MiB in all",
                         path, ALL_MAX >> 20);
    if (status == RJ_OK && !(name = rj_strdup(shown)))
        status = rj_fail_memory(err, "reading the policy");
    if (status != RJ_OK) {
        rj_free(bytes);
        return status;
    }
    read->bytes += length;
    read->sources[read->count++] =
        (rj_policy_source){.name = name, .bytes = bytes, .length = length, .audience = audience};
    return RJ_OK;
}

static bool is_document(const char *name)
{
    size_t length = strlen(name);
    return name[0] != '.' && length > sizeof(suffix) - 1 &&
           rj_ascii_casecmp(name + length - (sizeof(suffix) - 1), suffix) == 0;
}

/* Nobody can tell now whose name it is: neither nobody's nor several people's (RJ_E_INVALID). */
static bool is_for_the_moment(rj_status status)
{
    return status != RJ_E_NOT_FOUND && status != RJ_E_INVALID;
}

static bool was_found_before(const rj_policy *before, const char *name, rj_uid *ret_uid)
{
    for (size_t i = 0; before && i < before->user_count; i++)
        if (before->users[i].taken && strcmp(before->users[i].name, name) == 0) {
            *ret_uid = before->users[i].uid;
            return true;
        }
    return false;
}

/* One name takes nobody else's document away. */
static rj_status find_user(folder *read, const char *name, rj_policy_user *ret_user, rj_error *err)
{
    rj_policy_user *user = &read->users[read->user_count];
    rj_error why = RJ_ERROR_NONE;
    rj_status status = RJ_E_NO_MEMORY;
    user->name = rj_strndup(name, strlen(name) - (sizeof(suffix) - 1));
    if (user->name)
        status = read->find(user->name, &user->uid, &why);
    user->why = rj_strdup(status == RJ_OK ? "" : why.text);
    read->user_count++;
    if (status == RJ_E_NO_MEMORY || !user->why)
        return rj_fail_memory(err, "reading the policy");
    user->taken = status == RJ_OK || (is_for_the_moment(status) &&
                                      was_found_before(read->before, user->name, &user->uid));
    if (!user->taken && read->failed == RJ_OK && status != RJ_E_NOT_FOUND)
        read->failed = rj_fail(&read->why, status, "%s", why.text);
    *ret_user = *user;
    return RJ_OK;
}

static rj_status read_user(folder *read, const char *directory, const char *name, rj_error *err)
{
    char *path = NULL;
    rj_text shown = RJ_TEXT_EMPTY;
    rj_policy_user user = {.taken = false};
    rj_status status = find_user(read, name, &user, err);
    if (status != RJ_OK || !user.taken)
        return status;
    rj_text_addf(&shown, "users/%s", name);
    status = rj_path_join(directory, name, &path, err);
    if (status == RJ_OK && rj_text_failed(&shown))
        status = rj_fail_memory(err, "reading the policy");
    if (status == RJ_OK)
        status = read_source(read, path, shown.bytes, user.uid, err);
    rj_text_free(&shown);
    rj_free(path);
    return status;
}

static rj_status reserve(folder *read, size_t users, rj_error *err)
{
    read->sources = rj_calloc(users + 1, sizeof(*read->sources));
    read->users = rj_calloc(users + 1, sizeof(*read->users));
    if (!read->sources || !read->users)
        return rj_fail_memory(err, "reading the policy");
    return RJ_OK;
}

static rj_status read_users(folder *read, const char *directory, char **names, size_t count,
                            rj_error *err)
{
    rj_status status = RJ_OK;
    for (size_t i = 0; status == RJ_OK && i < count; i++)
        if (is_document(names[i]))
            status = read_user(read, directory, names[i], err);
    return status;
}

/* device.json first, then users by uid, whatever their names are. */
static void sort_users(folder *read)
{
    for (size_t i = 1; i < read->count; i++) {
        rj_policy_source moved = read->sources[i];
        uint64_t key = moved.audience == RJ_UID_MACHINE ? 0 : (uint64_t)moved.audience + 1;
        size_t at = i;
        for (; at > 0; at--) {
            rj_uid other = read->sources[at - 1].audience;
            if ((other == RJ_UID_MACHINE ? 0 : (uint64_t)other + 1) <= key)
                break;
            read->sources[at] = read->sources[at - 1];
        }
        read->sources[at] = moved;
    }
}

static rj_status keep_users(rj_policy *policy, const folder *read, rj_error *err)
{
    rj_arena *arena = &((rj_policy_whole *)policy)->arena;
    rj_policy_user *kept = rj_arena_alloc(arena, read->user_count + 1, sizeof(*kept));
    for (size_t i = 0; kept && i < read->user_count; i++) {
        kept[i] = read->users[i];
        kept[i].name = rj_arena_strdup(arena, read->users[i].name);
        kept[i].why = rj_arena_strdup(arena, read->users[i].why);
        if (!kept[i].name || !kept[i].why)
            kept = NULL;
    }
    if (!kept)
        return rj_fail_memory(err, "reading the policy");
    policy->users = kept;
    policy->user_count = read->user_count;
    return RJ_OK;
}

static rj_status read_folder(folder *read, const char *directory, rj_error *err)
{
    char *device = NULL, *users = NULL, **names = NULL;
    size_t name_count = 0;
    rj_status status = rj_path_join(directory, "device.json", &device, err);
    if (status == RJ_OK)
        status = rj_path_join(directory, "users", &users, err);
    bool has_users = status == RJ_OK && rj_file_exists(users);
    if (has_users)
        status = rj_file_check_trusted(users, read->boundary, err);
    if (status == RJ_OK && has_users)
        status = rj_dir_list(users, USERS_MAX, &names, &name_count, err);
    if (status == RJ_OK)
        status = reserve(read, name_count, err);
    if (status == RJ_OK && rj_file_exists(device))
        status = read_source(read, device, "device.json", RJ_UID_MACHINE, err);
    if (status == RJ_OK)
        status = read_users(read, users, names, name_count, err);
    rj_free(names);
    rj_free(users);
    rj_free(device);
    return status;
}

rj_status rj_policy_read_directory(const rj_paths *paths, const rj_policy *before,
                                   rj_policy **ret_policy, rj_error *err)
{
    rj_system_refresh_names();
    return rj_policy_read_directory_by(paths, rj_system_user_id, before, ret_policy, err);
}

rj_status rj_policy_read_directory_by(const rj_paths *paths, rj_find_user find,
                                      const rj_policy *before, rj_policy **ret_policy,
                                      rj_error *err)
{
    const char *directory = rj_path(paths, RJ_PATH_POLICY), *root = rj_paths_root(paths);
    folder read = {.boundary = *root ? root : NULL, .find = find, .before = before};
    rj_policy *policy = NULL;
    rj_status status;

    if (!rj_file_exists(directory))
        return rj_fail(err, RJ_E_NOT_FOUND,
                       "no policy: the folder %s does not exist; put a device.json there",
                       directory);
    status = rj_file_check_trusted(directory, read.boundary, err);
    if (status == RJ_OK)
        status = read_folder(&read, directory, err);
    if (status == RJ_OK && !read.count && read.failed != RJ_OK) /* there is one, for somebody */
        status = rj_fail(err, read.failed, "%s", read.why.text);
    if (status == RJ_OK && !read.count)
        status = rj_fail(err, RJ_E_NOT_FOUND,
                         "no policy: %s holds neither device.json nor users/<user name>.json of a "
                         "user of this machine",
                         directory);
    if (status == RJ_OK) {
        sort_users(&read);
        status = rj_policy_parse(read.sources, read.count, &policy, err);
    }
    if (status == RJ_OK)
        status = keep_users(policy, &read, err);
    folder_free(&read);
    if (status != RJ_OK) {
        rj_policy_free(policy);
        return status;
    }
    *ret_policy = policy;
    return RJ_OK;
}
