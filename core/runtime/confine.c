/* SPDX-License-Identifier: MIT */
/*
 * Grants as paths, sockets and limits of a sandbox.
 *
 * Failure modes: no memory; the package folders cannot be made.  A granted path that is not there is no
 * failure: it is skipped when the sandbox is entered.
 */
#include "runtime/confine.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/file.h"
#include "platform/paths.h"

#include <string.h>

#define MIB ((uint64_t)1024 * 1024)
#define MEMORY_BYTES (256 * MIB)
#define FILE_BYTES (256 * MIB)
#define FILES 256u
#define PROCESSES 32u
#define CPU_SECONDS 600u

/* Who handles packages copies and unpacks them, for as long as there is something to do. */
#define PACKAGE_FILE_BYTES (8192 * MIB)
#define PACKAGE_CPU_SECONDS 7200u

static void add_path(rj_confinement *made, const char *path, bool write)
{
    made->paths[made->sandbox.path_count++] = (rj_sandbox_path){.path = path, .write = write};
}

/* Keeps the folder and adds it; takes it over also when that fails. */
static rj_status add_folder(rj_confinement *made, char *folder, bool write, rj_error *err)
{
    if (!folder)
        return rj_fail_memory(err, "confining a plugin");
    made->folders[made->folder_count++] = folder;
    add_path(made, folder, write);
    return RJ_OK;
}

static char *join(const char *a, const char *b)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, a);
    rj_text_add(&text, b);
    return rj_text_take(&text);
}

/* Where packages of this role live, and what their scripts print. */
static rj_status add_package_area(rj_confinement *made, const rj_paths *paths, rj_error *err)
{
    char *lib = rj_strdup(rj_path(paths, RJ_PATH_PACKAGE_LIB));
    char *slash = lib ? strrchr(lib, '/') : NULL;
    if (slash)
        *slash = '\0'; /* providers put what they replace beside it */
    rj_status status = add_folder(made, lib, true, err);
    if (!status)
        status = rj_dir_make(rj_path(paths, RJ_PATH_PACKAGE_LIB), 0755, err);
    if (!status)
        status = rj_dir_make(rj_path(paths, RJ_PATH_PACKAGE_LOGS), 0750, err);
    if (!status)
        add_path(made, rj_path(paths, RJ_PATH_PACKAGE_LOGS), true);
    made->sandbox.file_bytes = PACKAGE_FILE_BYTES;
    made->sandbox.cpu_seconds = PACKAGE_CPU_SECONDS;
    return status;
}

static unsigned sockets(const char *word)
{
    if (strcmp(word, "internet") == 0)
        return RJ_NETWORK_INTERNET;
    if (strcmp(word, "local") == 0)
        return RJ_NETWORK_LOCAL;
    if (strcmp(word, "netlink") == 0)
        return RJ_NETWORK_NETLINK;
    return RJ_NETWORK_INTERNET | RJ_NETWORK_LOCAL | RJ_NETWORK_NETLINK;
}

static rj_status add_grant(rj_confinement *made, const rj_paths *paths, const char *grant,
                           rj_error *err)
{
    const char *limit = strchr(grant, ':');
    size_t length = limit ? (size_t)(limit - grant) : strlen(grant);
    bool write = length == 5 && strncmp(grant, "write", 5) == 0;
    if (write || (length == 4 && strncmp(grant, "read", 4) == 0))
        return add_folder(made, join(rj_paths_root(paths), limit ? limit + 1 : "/"), write, err);
    if (length == 7 && strncmp(grant, "network", 7) == 0)
        made->sandbox.network |= sockets(limit ? limit + 1 : "");
    if (strcmp(grant, "packages") == 0)
        return add_package_area(made, paths, err);
    return RJ_OK;
}

/* Below a root of its own a plugin looks for the system there. */
static rj_status add_moved_system(rj_confinement *made, const rj_paths *paths, rj_error *err)
{
    static const char *const folders[] = {"/proc", "/sys", "/usr"};
    rj_status status = RJ_OK;
    for (size_t i = 0; i < 3 && *rj_paths_root(paths) && !status; i++)
        status = add_folder(made, join(rj_paths_root(paths), folders[i]), false, err);
    return status;
}

/*
 * What lies below a folder that the plugin may change is open to it already.  Named once more, it would
 * be looked up anew at each start, and lead wherever the plugin has let it lead by then.
 */
static void drop_what_it_may_replace(rj_confinement *made)
{
    rj_sandbox_path *paths = made->paths;
    size_t kept = 0;
    for (size_t i = 0; i < made->sandbox.path_count; i++) {
        bool below = false;
        for (size_t j = 0; j < made->sandbox.path_count && !below; j++)
            below = (j < kept || j > i) && paths[j].write &&
                    rj_path_is_below(paths[i].path, paths[j].path);
        if (!below)
            paths[kept++] = paths[i];
    }
    made->sandbox.path_count = kept;
}

rj_status rj_confine(const rj_confine_what *what, rj_confinement *ret_confinement, rj_error *err)
{
    size_t grants = 0;
    while (what->granted[grants])
        grants++;
    rj_confinement made = {.folders = rj_calloc(grants + 8, sizeof *made.folders),
                           .paths = rj_calloc(grants + 16, sizeof *made.paths)};
    if (!made.folders || !made.paths) {
        rj_confine_free(&made);
        return rj_fail_memory(err, "confining a plugin");
    }
    made.sandbox = (rj_sandbox){.uid = what->uid,
                                .memory_bytes = MEMORY_BYTES,
                                .file_bytes = FILE_BYTES,
                                .files = FILES,
                                .processes = PROCESSES,
                                .cpu_seconds = CPU_SECONDS,
                                .paths = made.paths};
    rj_status status = add_folder(&made, rj_strdup(what->state), true, err);
    if (!status)
        status = add_folder(&made, rj_strdup(what->cache), true, err);
    if (!status) {
        add_path(&made, what->folder, false);
        status = add_moved_system(&made, what->paths, err);
    }
    for (size_t i = 0; i < grants && !status; i++)
        status = add_grant(&made, what->paths, what->granted[i], err);
    if (!status)
        drop_what_it_may_replace(&made);
    if (status)
        rj_confine_free(&made);
    else
        *ret_confinement = made;
    return status;
}

void rj_confine_free(rj_confinement *confinement)
{
    for (size_t i = 0; i < confinement->folder_count; i++)
        rj_free(confinement->folders[i]);
    rj_free(confinement->folders);
    rj_free(confinement->paths);
    *confinement = (rj_confinement){.folders = NULL};
}
