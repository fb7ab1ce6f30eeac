/* SPDX-License-Identifier: MIT */
/*
 * A package file: an archive by the archive policy with exactly one manifest at its root.
 */
#ifndef RJ_PACKAGE_NUGET_NUPKG_H
#define RJ_PACKAGE_NUGET_NUPKG_H

#include "archive.h"
#include "nuspec.h"

/* Longer paths, more or larger files than these are refused: see archive.h for the defaults. */
rj_status rj_nupkg_open(const char *path, rj_archive **ret_archive, rj_nuspec *ret_nuspec,
                        rj_failure *failure);
/* What the resolver needs of it. */
rj_status rj_nupkg_describe(const char *path, rj_package_info *ret_package, rj_failure *failure);
/* The same from an open one's manifest; `path` is copied. */
rj_status rj_nupkg_info(const rj_nuspec *nuspec, const char *path, rj_package_info *ret_package,
                        rj_failure *failure);
/* The manifest's entry. */
const rj_archive_entry *rj_nupkg_manifest(const rj_archive *archive);
/* Does this entry become a file of the installed package?  (Not the plumbing of the format, not the
 * signature, no folders.) */
int rj_nupkg_is_content(const rj_archive_entry *entry);

#endif
