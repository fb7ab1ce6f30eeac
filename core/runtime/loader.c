/* SPDX-License-Identifier: MIT */
/* Loads one plugin; everything that can be known without running its code is checked before. */
#include "runtime/loader.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/paths.h"
#include "runtime/signature_rule.h"

#include <string.h>

/* The descriptor as of the first release; a later one is longer. */
#define DESC_V1_SIZE (offsetof(rj_plugin_desc, destroy) + sizeof(((rj_plugin_desc *)0)->destroy))

rj_status rj_loader_read(const char *folder, const char *boundary, rj_manifest **ret_manifest,
                         rj_error *err)
{
    rj_status status = rj_file_check_trusted(folder, boundary, err);
    if (status)
        return status;
    char *path = NULL;
    status = rj_path_join(folder, "plugin.json", &path, err);
    if (!status)
        status = rj_file_check_trusted(path, boundary, err);
    if (!status)
        status = rj_manifest_read(folder, ret_manifest, err);
    rj_free(path);
    return status;
}

static size_t count_of(const char *const *list)
{
    size_t count = 0;
    while (list[count] && count < 1000)
        count++;
    return count;
}

static rj_status check_provides(const char *const *provides, const rj_manifest *manifest,
                                rj_error *err)
{
    if (!provides)
        return rj_fail(err, RJ_E_INVALID, "its descriptor has no list of interfaces");
    for (size_t i = 0; provides[i]; i++) {
        bool found = false;
        for (size_t j = 0; j < manifest->provides_count && !found; j++)
            found = strcmp(provides[i], manifest->provides[j]) == 0;
        if (!found)
            return rj_fail(err, RJ_E_INVALID, "its code offers \"%.64s\", its manifest does not",
                           provides[i]);
    }
    if (count_of(provides) != manifest->provides_count)
        return rj_fail(err, RJ_E_INVALID, "its manifest offers %zu interfaces, its code %zu",
                       manifest->provides_count, count_of(provides));
    return RJ_OK;
}

static rj_status check_descriptor(const rj_plugin_desc *found, const rj_manifest *manifest,
                                  rj_plugin_desc *ret_desc, rj_error *err)
{
    if (!found)
        return rj_fail(err, RJ_E_INVALID, "%s returned no descriptor", RJ_PLUGIN_ENTRY);
    if (found->size < DESC_V1_SIZE)
        return rj_fail(err, RJ_E_INVALID,
                       "its descriptor has %u bytes, at least %zu are needed; build it with this "
                       "agent's SDK",
                       found->size, DESC_V1_SIZE);
    rj_plugin_desc desc;
    memset(&desc, 0, sizeof desc);
    memcpy(&desc, found, found->size < sizeof desc ? found->size : sizeof desc);
    if (!desc.id || strcmp(desc.id, manifest->id) != 0)
        return rj_fail(err, RJ_E_INVALID, "its code calls itself \"%.64s\", its manifest \"%s\"",
                       desc.id ? desc.id : "", manifest->id);
    if (!desc.version || strcmp(desc.version, manifest->version) != 0)
        return rj_fail(err, RJ_E_INVALID, "its code is version \"%.64s\", its manifest \"%s\"",
                       desc.version ? desc.version : "", manifest->version);
    if (!desc.create || !desc.query || !desc.stop || !desc.destroy)
        return rj_fail(err, RJ_E_INVALID,
                       "its descriptor lacks one of create, query, stop and destroy");
    rj_status status = check_provides(desc.provides, manifest, err);
    if (!status)
        *ret_desc = desc;
    return status;
}

typedef const rj_plugin_desc *(RJ_CALL *entry_function)(void);

rj_status rj_loader_describe(rj_library *library, const rj_manifest *manifest,
                             rj_plugin_desc *ret_desc, rj_error *err)
{
    void *symbol = rj_library_symbol(library, RJ_PLUGIN_ENTRY);
    entry_function entry;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from object to function pointer */
    if (!symbol)
        return rj_fail(err, RJ_E_INVALID, "it does not export %s", RJ_PLUGIN_ENTRY);
    return check_descriptor(entry(), manifest, ret_desc, err);
}

rj_status rj_loader_open(const char *folder, const char *boundary, const rj_manifest *manifest,
                         const char *sha256, const json_t *policy, int *ret_file, rj_error *err)
{
    char *path = NULL;
    int file = -1;
    rj_status status = rj_path_join(folder, manifest->binary, &path, err);
    if (!status)
        status = rj_library_check(path, boundary, sha256 ? sha256 : manifest->sha256, &file, err);
    if (!status)
        status = rj_signature_rule_apply(policy, file, path, err);
    if (status)
        rj_library_close_file(file);
    else
        *ret_file = file;
    rj_free(path);
    return status;
}

rj_status rj_loader_map(const char *folder, const char *boundary, const rj_manifest *manifest,
                        const json_t *policy, rj_library **ret_library, rj_plugin_desc *ret_desc,
                        rj_error *err)
{
    char *path = NULL;
    int file = -1;
    rj_library *library = NULL;
    rj_status status = rj_path_join(folder, manifest->binary, &path, err);
    if (!status)
        status = rj_loader_open(folder, boundary, manifest, NULL, policy, &file, err);
    if (!status)
        status = rj_library_map(file, path, &library, err);
    rj_free(path);
    if (!library) {
        rj_library_close_file(file);
        return status;
    }
    status = rj_loader_describe(library, manifest, ret_desc, err);
    if (status)
        rj_library_close(library);
    else
        *ret_library = library;
    return status;
}
