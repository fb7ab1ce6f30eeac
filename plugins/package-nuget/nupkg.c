/* SPDX-License-Identifier: MIT */
/* Package files: see nupkg.h. */
#include "nupkg.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), n = strlen(end);
    return length >= n && strcasecmp(text + length - n, end) == 0;
}

static int is_manifest(const rj_archive_entry *entry)
{
    return !entry->is_folder && !strchr(entry->name, '/') && ends_with(entry->name, ".nuspec");
}

const rj_archive_entry *rj_nupkg_manifest(const rj_archive *archive)
{
    for (size_t i = 0; i < rj_archive_count(archive); i++)
        if (is_manifest(rj_archive_entry_at(archive, i)))
            return rj_archive_entry_at(archive, i);
    return NULL;
}

int rj_nupkg_is_content(const rj_archive_entry *entry)
{
    return !entry->is_folder && strncasecmp(entry->name, "_rels/", 6) != 0 &&
           strncasecmp(entry->name, "package/", 8) != 0 &&
           strcasecmp(entry->name, "[Content_Types].xml") != 0 &&
           strcasecmp(entry->name, ".signature.p7s") != 0 &&
           !ends_with(entry->name, ".nupkg.sha512") && !ends_with(entry->name, ".nupkg.metadata");
}

static rj_status read_manifest(rj_archive *archive, rj_nuspec *ret_nuspec, rj_failure *failure)
{
    const rj_archive_entry *manifest = rj_nupkg_manifest(archive);
    const char *path = rj_archive_path(archive);
    char *bytes = NULL;
    size_t length = 0;
    unsigned manifests = 0;
    for (size_t i = 0; i < rj_archive_count(archive); i++)
        manifests += is_manifest(rj_archive_entry_at(archive, i)) != 0;
    if (manifests != 1)
        return rj_fail(failure, RJ_E_INVALID,
                       manifests ? "%s: has more than one .nuspec at its root"
                                 : "%s: is no package, it has no .nuspec at its root",
                       path);
    const rj_archive_entry *signature = rj_archive_find(archive, ".signature.p7s");
    if (signature && (signature->method != 0 || signature->has_flags))
        return rj_fail(failure, RJ_E_INVALID,
                       "%s: its signature is compressed or flagged, which signed packages are not",
                       path);
    if (signature && rj_archive_is_zip64(archive))
        return rj_fail(failure, RJ_E_INVALID,
                       "%s: is signed and in zip64 form, which signed packages are not", path);
    rj_status status =
        rj_archive_read(archive, manifest, RJ_NUSPEC_BYTES_MAX, &bytes, &length, failure);
    if (status == RJ_OK) {
        status = rj_nuspec_parse(manifest->name, bytes, length, ret_nuspec, failure);
        if (status != RJ_OK)
            rj_fail_prefix(failure, path);
    }
    free(bytes);
    return status;
}

rj_status rj_nupkg_open(const char *path, rj_archive **ret_archive, rj_nuspec *ret_nuspec,
                        rj_failure *failure)
{
    static const rj_archive_options options = {.percent_decode = 1};
    rj_archive *archive = NULL;
    rj_status status = rj_archive_open(path, &options, &archive, failure);
    if (status == RJ_OK)
        status = read_manifest(archive, ret_nuspec, failure);
    if (status != RJ_OK) {
        rj_archive_close(archive);
        return status;
    }
    *ret_archive = archive;
    return RJ_OK;
}

rj_status rj_nupkg_info(const rj_nuspec *nuspec, const char *path, rj_package_info *ret_package,
                        rj_failure *failure)
{
    rj_package_info package = {.id = strdup(nuspec->id),
                               .version_text = strdup(nuspec->version_text),
                               .path = strdup(path)};
    rj_status status = RJ_OK;
    if (!package.id || !package.version_text || !package.path ||
        !rj_version_copy(&nuspec->version, &package.version))
        status = rj_fail_memory(failure);
    if (status == RJ_OK)
        status = rj_nuspec_dependencies(nuspec, &package.dependencies, failure);
    if (status != RJ_OK) {
        rj_package_info_clear(&package);
        return status;
    }
    *ret_package = package;
    return RJ_OK;
}

rj_status rj_nupkg_describe(const char *path, rj_package_info *ret_package, rj_failure *failure)
{
    rj_archive *archive = NULL;
    rj_nuspec nuspec;
    rj_status status = rj_nupkg_open(path, &archive, &nuspec, failure);
    if (status != RJ_OK)
        return status;
    status = rj_nupkg_info(&nuspec, path, ret_package, failure);
    rj_archive_close(archive);
    rj_nuspec_clear(&nuspec);
    return status;
}
