/* SPDX-License-Identifier: MIT */
/*
 * Folder feeds.
 *
 *   flat           <root>/<anything>.nupkg, and one folder deeper
 *   hierarchical   <root>/<id>/<version>/<file>.nupkg with <file>.nupkg.sha512 beside it, which is
 *                  written last: without it the package is not complete and not seen
 *
 * File names prove nothing; ids and versions come from the manifests.  What was read is kept and
 * used again while path, size and time of a file stay the same.
 */
#ifndef RJ_PACKAGE_NUGET_FEED_H
#define RJ_PACKAGE_NUGET_FEED_H

#include "failure.h"
#include "package_info.h"

typedef struct rj_feeds rj_feeds;

rj_feeds *rj_feeds_new(void); /* NULL: out of memory */
void rj_feeds_free(rj_feeds *feeds);

/* Valid until the next load. */
typedef struct rj_feed_view {
    const rj_package_info *const *packages; /* of the first source first */
    size_t count;
    size_t refused;            /* files that are no valid packages */
    const char *first_refused; /* what is wrong with one of them; NULL if none */
} rj_feed_view;

/*
 * Look at the sources, the preferred one first.  A source that cannot be read is an error that says
 * so (RJ_E_IO): its packages are unknown, not missing.  RJ_E_CANCELLED when `cancelled` says so.
 */
rj_status rj_feeds_load(rj_feeds *feeds, const char *const *sources, size_t source_count,
                        int (*cancelled)(void *data), void *data, rj_feed_view *ret_view,
                        rj_failure *failure);

#endif
