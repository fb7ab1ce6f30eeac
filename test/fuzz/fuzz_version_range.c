/* SPDX-License-Identifier: MIT */
/* Fuzz target: two texts, split at the first newline, as versions and ranges. */
#include <stdlib.h>
#include <string.h>

#include "fuzz_target.h"
#include "range.h"

/* What a version prints must read as the same version. */
static void check_version(const rj_version *version)
{
    rj_version again;
    char *text = rj_version_full(version);
    if (!text || !rj_version_parse(text, &again) || rj_version_compare(version, &again) != 0)
        abort();
    rj_version_clear(&again);
    free(text);
}

static void check_range(const rj_range *range, const rj_version *version)
{
    rj_range again;
    char *text = rj_range_normalized(range);
    int printable = range->min.text || range->max.text;
    if (!text)
        abort();
    if (printable && range->floating == RJ_FLOAT_NONE) {
        if (!rj_range_parse(text, 0, &again))
            abort();
        if (version && rj_range_contains(range, version) != rj_range_contains(&again, version))
            abort();
        rj_range_clear(&again);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = malloc(length + 2), *second;
    rj_version a, b;
    rj_range r;
    if (!text)
        return 0;
    memcpy(text, bytes, length);
    text[length] = text[length + 1] = '\0';
    second = strchr(text, '\n');
    if (second)
        *second++ = '\0';
    else
        second = text + length;
    int have_a = rj_version_parse(text, &a), have_b = rj_version_parse(second, &b);
    if (have_a)
        check_version(&a);
    if (have_a && have_b && (rj_version_compare(&a, &b) < 0) != (rj_version_compare(&b, &a) > 0))
        abort();
    if (rj_range_parse(second, 1, &r)) {
        check_range(&r, have_a ? &a : NULL);
        if (have_a && rj_range_accepts(&r, &a) && !rj_range_contains(&r, &a))
            abort();
        rj_range_clear(&r);
    }
    if (have_a)
        rj_version_clear(&a);
    if (have_b)
        rj_version_clear(&b);
    free(text);
    return 0;
}
