/* SPDX-License-Identifier: MIT */
/*
 * NuGet package versions: parsing (tolerant as NuGet's, or strict SemVer 2), comparing, printing.
 *
 * An rj_version owns its text.  All zeros is "no version": it may be cleared, nothing else.
 */
#ifndef RJ_PACKAGE_NUGET_VERSION_H
#define RJ_PACKAGE_NUGET_VERSION_H

#include <stddef.h>
#include <stdint.h>

#define RJ_VERSION_TEXT_MAX 4096 /* longer texts are no versions */

typedef struct rj_version {
    int32_t numbers[4];   /* major, minor, patch, revision */
    const char *release;  /* "rc.1", "" for a release */
    const char *metadata; /* "build.5", "" if none */
    char *text;           /* holds the two; owned */
} rj_version;

/* 0: not a version (or out of memory), *ret_version untouched.  1: parsed; clear it. */
int rj_version_parse(const char *text, rj_version *ret_version);
int rj_version_parse_strict(const char *text, rj_version *ret_version);
/* 0: out of memory. */
int rj_version_copy(const rj_version *version, rj_version *ret_version);
/* The same four numbers with another release part ("" for none). */
int rj_version_make(const int32_t numbers[4], const char *release, rj_version *ret_version);
void rj_version_clear(rj_version *version);

/* Below, equal to or above 0; metadata does not count. */
int rj_version_compare(const rj_version *a, const rj_version *b);
/* Of the four numbers alone. */
int rj_version_compare_numbers(const rj_version *a, const rj_version *b);
int rj_version_is_prerelease(const rj_version *version);
/* A dotted release part or metadata: servers hide it from clients that do not ask for SemVer 2. */
int rj_version_is_semver2(const rj_version *version);

/* "1.2.3[.4][-rc.1]": the form of identities, paths and state.  free() it; NULL: out of memory. */
char *rj_version_normalized(const rj_version *version);
/* The same with "+metadata". */
char *rj_version_full(const rj_version *version);

#endif
