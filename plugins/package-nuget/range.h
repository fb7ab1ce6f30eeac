/* SPDX-License-Identifier: MIT */
/*
 * NuGet version ranges: "[1.0,2.0)", "1.0" (and above), "(,1.0]", and floats such as "2.*".
 *
 * Floats belong to what a person asks for; a package's own dependencies do not float
 * (rj_range_parse refuses them there unless told otherwise).
 */
#ifndef RJ_PACKAGE_NUGET_RANGE_H
#define RJ_PACKAGE_NUGET_RANGE_H

#include "version.h"

typedef enum rj_float {
    RJ_FLOAT_NONE,
    RJ_FLOAT_PRERELEASE, /* 1.2.3-rc* */
    RJ_FLOAT_REVISION,   /* 1.2.3.* */
    RJ_FLOAT_PATCH,      /* 1.2.* */
    RJ_FLOAT_MINOR,      /* 1.* */
    RJ_FLOAT_MAJOR,      /* * */
    RJ_FLOAT_PRERELEASE_REVISION,
    RJ_FLOAT_PRERELEASE_PATCH,
    RJ_FLOAT_PRERELEASE_MINOR,
    RJ_FLOAT_PRERELEASE_MAJOR,
    RJ_FLOAT_ABSOLUTE_LATEST, /* *-* */
} rj_float;

/* All zeros: every version.  Clear it when parsed or copied into. */
typedef struct rj_range {
    rj_version min, max; /* .text NULL: no bound */
    int min_inclusive, max_inclusive;
    rj_float floating;
    char *float_prefix; /* of the release part, for the prerelease floats; else NULL */
} rj_range;

/* 0: not a range (or out of memory), *ret_range untouched. */
int rj_range_parse(const char *text, int allow_float, rj_range *ret_range);
void rj_range_clear(rj_range *range);
int rj_range_copy(const rj_range *range, rj_range *ret_range);

/* Between the bounds, by comparison alone. */
int rj_range_contains(const rj_range *range, const rj_version *version);
/* Between the bounds, and a prerelease only where a bound or the float asks for prereleases. */
int rj_range_accepts(const rj_range *range, const rj_version *version);
/* 1 if `considered` is a better choice than `current` (NULL: none yet): inside the float the
 * highest, otherwise the lowest acceptable. */
int rj_range_is_better(const rj_range *range, const rj_version *current,
                       const rj_version *considered);
/* "[x]": exactly one version. */
int rj_range_is_exact(const rj_range *range);

int rj_range_is_subset(const rj_range *range, const rj_range *of);
/* The smallest range around both; 0: out of memory. */
int rj_range_hull(const rj_range *a, const rj_range *b, rj_range *ret_range);
/* What both contain; nothing in common gives "(0.0.0, 0.0.0)". */
int rj_range_intersection(const rj_range *a, const rj_range *b, rj_range *ret_range);

/* "[1.0.0, 2.0.0)"; free() it. */
char *rj_range_normalized(const rj_range *range);
/* "B (>= 1.0.0 && < 2.0.0)", " (= 1.0.0)" or just "B": as people read it in messages. */
char *rj_range_describe(const char *id, const rj_range *range);

#endif
