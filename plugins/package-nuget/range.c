/* SPDX-License-Identifier: MIT */
/* Version ranges: see range.h.  Bounds are rj_versions; an absent bound has no text. */
#include "range.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int is_empty_or_blank(const char *text)
{
    while (is_blank(*text))
        text++;
    return *text == '\0';
}

static int has_min(const rj_range *range)
{
    return range->min.text != NULL;
}

static int has_max(const rj_range *range)
{
    return range->max.text != NULL;
}

/* ---- Floats ------------------------------------------------------------------------------------ */

static int count_parts(const char *numbers)
{
    int parts = 1;
    for (; *numbers && *numbers != '-'; numbers++)
        parts += *numbers == '.';
    return parts;
}

/* "X.*-prefix*": two stars. */
static int parse_double_star(const char *text, size_t length, const char *first, rj_range *range)
{
    static const rj_float behaviours[] = {RJ_FLOAT_NONE, RJ_FLOAT_PRERELEASE_MAJOR,
                                          RJ_FLOAT_PRERELEASE_MINOR, RJ_FLOAT_PRERELEASE_PATCH,
                                          RJ_FLOAT_PRERELEASE_REVISION};
    const char *dash = strchr(text, '-');
    if (!dash || text[length - 1] != '*' || first != dash - 1 || memchr(text, '+', length))
        return 0;
    size_t prefix_length = (size_t)(text + length - 1 - (dash + 1));
    char *prefix = rj_copy_text(dash + 1, prefix_length);
    char *version = malloc(length + 4);
    int ok = 0;
    if (prefix && version && !strchr(prefix, '*')) {
        size_t stable = (size_t)(first - text);
        int zero = prefix_length == 0 || prefix[prefix_length - 1] == '.';
        snprintf(version, length + 4, "%.*s0-%s%s", (int)stable, text, prefix, zero ? "0" : "");
        int parts = count_parts(version);
        ok = parts <= 4 && rj_version_parse(version, &range->min);
        if (ok) {
            range->floating = behaviours[parts];
            range->float_prefix = prefix;
            prefix = NULL;
        }
    }
    free(version);
    free(prefix);
    return ok;
}

/* "1.2.*", "1.2.3-rc*": one star, the last character. */
static int parse_single_star(const char *text, size_t length, rj_range *range)
{
    static const rj_float behaviours[] = {RJ_FLOAT_NONE, RJ_FLOAT_NONE, RJ_FLOAT_MINOR,
                                          RJ_FLOAT_PATCH, RJ_FLOAT_REVISION};
    if (text[length - 1] != '*' || memchr(text, '+', length))
        return 0;
    char *version = calloc(length + 2, 1); /* room for the "0" that takes the star's place */
    if (!version)
        return 0;
    memcpy(version, text, length - 1);
    const char *dash = strchr(version, '-');
    char *prefix = NULL;
    int ok = 0;
    if (!dash) {
        version[length - 1] = '0';
        int parts = count_parts(version);
        ok = parts >= 2 && parts <= 4 && rj_version_parse(version, &range->min);
        range->floating = ok ? behaviours[parts] : RJ_FLOAT_NONE;
    } else {
        prefix = strdup(dash + 1);
        if (prefix && (!*prefix || version[length - 2] == '.'))
            version[length - 1] = '0';
        ok = prefix && rj_version_parse(version, &range->min);
        if (ok) {
            range->floating = RJ_FLOAT_PRERELEASE;
            range->float_prefix = prefix;
            prefix = NULL;
        }
    }
    free(version);
    free(prefix);
    return ok;
}

static int parse_float(const char *text, rj_range *range)
{
    static const int32_t zeros[4];
    size_t length = strlen(text);
    const char *first = strchr(text, '*'), *last = strrchr(text, '*');
    if (length > RJ_VERSION_TEXT_MAX)
        return 0;
    if (strcmp(text, "*") == 0) {
        range->floating = RJ_FLOAT_MAJOR;
        return rj_version_make(zeros, "", &range->min);
    }
    if (strcmp(text, "*-*") == 0) {
        range->float_prefix = strdup("");
        range->floating = RJ_FLOAT_ABSOLUTE_LATEST;
        return range->float_prefix && rj_version_make(zeros, "0", &range->min);
    }
    return first == last ? parse_single_star(text, length, range)
                         : parse_double_star(text, length, first, range);
}

/* Is the version one that the float itself names? */
static int float_matches(const rj_range *range, const rj_version *version)
{
    const int32_t *n = version->numbers, *m = range->min.numbers;
    int stable = !rj_version_is_prerelease(version);
    int label = stable || (range->float_prefix && strncasecmp(version->release, range->float_prefix,
                                                              strlen(range->float_prefix)) == 0);
    int major = n[0] == m[0], minor = major && n[1] == m[1], patch = minor && n[2] == m[2];
    switch (range->floating) {
    case RJ_FLOAT_ABSOLUTE_LATEST:
        return 1;
    case RJ_FLOAT_MAJOR:
        return stable;
    case RJ_FLOAT_MINOR:
        return major && stable;
    case RJ_FLOAT_PATCH:
        return minor && stable;
    case RJ_FLOAT_REVISION:
        return patch && stable;
    case RJ_FLOAT_PRERELEASE:
        return patch && n[3] == m[3] && label;
    case RJ_FLOAT_PRERELEASE_REVISION:
        return patch && label;
    case RJ_FLOAT_PRERELEASE_PATCH:
        return minor && label;
    case RJ_FLOAT_PRERELEASE_MINOR:
        return major && label;
    case RJ_FLOAT_PRERELEASE_MAJOR:
        return label;
    case RJ_FLOAT_NONE:
        break;
    }
    return 0;
}

static int float_allows_prerelease(rj_float floating)
{
    return floating == RJ_FLOAT_PRERELEASE || floating >= RJ_FLOAT_PRERELEASE_REVISION;
}

/* ---- Parsing ----------------------------------------------------------------------------------- */

static int parse_bounds(char *min, char *max, int allow_float, rj_range *range)
{
    if (min && !is_empty_or_blank(min)) {
        if (allow_float && strchr(min, '*')) {
            if (!parse_float(min, range))
                return 0;
        } else if (!rj_version_parse(min, &range->min)) {
            return 0;
        }
    }
    if (max && !is_empty_or_blank(max) && !rj_version_parse(max, &range->max))
        return 0;
    if (!has_min(range) || !has_max(range))
        return 1;
    int sign = rj_version_compare(&range->min, &range->max);
    return sign < 0 || (sign == 0 && range->min_inclusive == range->max_inclusive);
}

/* `text` is trimmed and starts with a bracket. */
static int parse_brackets(char *text, size_t length, int allow_float, rj_range *range)
{
    char last = text[length - 1];
    if (length < 2 || (last != ')' && last != ']'))
        return 0;
    range->min_inclusive = text[0] == '[';
    range->max_inclusive = last == ']';
    text[length - 1] = '\0';
    char *min = text + 1, *max = min, *comma = strchr(min, ',');
    if (comma) {
        *comma = '\0';
        max = comma + 1;
        if (strchr(max, ',') || (!*min && !*max))
            return 0;
    } else if (!*min || !range->min_inclusive || !range->max_inclusive) {
        return 0;
    }
    return parse_bounds(min, max, allow_float, range);
}

int rj_range_parse(const char *text, int allow_float, rj_range *ret_range)
{
    while (is_blank(*text))
        text++;
    size_t length = strnlen(text, 2 * RJ_VERSION_TEXT_MAX + 8);
    if (length == 0 || length >= 2 * RJ_VERSION_TEXT_MAX + 8)
        return 0;
    while (is_blank(text[length - 1]))
        length--;
    char *copy = rj_copy_text(text, length);
    if (!copy)
        return 0;
    rj_range range = {0};
    int ok;
    if (copy[0] == '[' || copy[0] == '(') {
        ok = parse_brackets(copy, length, allow_float, &range);
    } else {
        range.min_inclusive = 1;
        ok = parse_bounds(copy, NULL, allow_float, &range);
    }
    free(copy);
    if (!ok) {
        rj_range_clear(&range);
        return 0;
    }
    if (!has_min(&range))
        range.min_inclusive = 0;
    if (!has_max(&range))
        range.max_inclusive = 0;
    *ret_range = range;
    return 1;
}

void rj_range_clear(rj_range *range)
{
    rj_version_clear(&range->min);
    rj_version_clear(&range->max);
    free(range->float_prefix);
    memset(range, 0, sizeof(*range));
}

int rj_range_copy(const rj_range *range, rj_range *ret_range)
{
    rj_range copy = {.min_inclusive = range->min_inclusive,
                     .max_inclusive = range->max_inclusive,
                     .floating = range->floating};
    if ((has_min(range) && !rj_version_copy(&range->min, &copy.min)) ||
        (has_max(range) && !rj_version_copy(&range->max, &copy.max)) ||
        (range->float_prefix && !(copy.float_prefix = strdup(range->float_prefix)))) {
        rj_range_clear(&copy);
        return 0;
    }
    *ret_range = copy;
    return 1;
}

/* ---- Questions --------------------------------------------------------------------------------- */

int rj_range_contains(const rj_range *range, const rj_version *version)
{
    if (has_min(range)) {
        int sign = rj_version_compare(version, &range->min);
        if (sign < 0 || (sign == 0 && !range->min_inclusive))
            return 0;
    }
    if (has_max(range)) {
        int sign = rj_version_compare(version, &range->max);
        if (sign > 0 || (sign == 0 && !range->max_inclusive))
            return 0;
    }
    return 1;
}

int rj_range_accepts(const rj_range *range, const rj_version *version)
{
    int asks = (has_min(range) && rj_version_is_prerelease(&range->min)) ||
               (has_max(range) && rj_version_is_prerelease(&range->max)) ||
               float_allows_prerelease(range->floating);
    return (asks || !rj_version_is_prerelease(version)) && rj_range_contains(range, version);
}

int rj_range_is_better(const rj_range *range, const rj_version *current,
                       const rj_version *considered)
{
    if (!rj_range_accepts(range, considered))
        return 0;
    if (!current)
        return 1;
    int sign = rj_version_compare(current, considered);
    if (range->floating == RJ_FLOAT_NONE)
        return sign > 0;
    int current_matches = float_matches(range, current);
    int considered_matches = float_matches(range, considered);
    if (current_matches != considered_matches)
        return considered_matches;
    if (current_matches)
        return sign < 0;
    int current_below = rj_version_compare(current, &range->min) < 0;
    int considered_below = rj_version_compare(considered, &range->min) < 0;
    if (current_below != considered_below)
        return current_below;
    return current_below ? sign < 0 : sign > 0;
}

int rj_range_is_exact(const rj_range *range)
{
    return has_min(range) && has_max(range) && range->min_inclusive && range->max_inclusive &&
           rj_version_compare(&range->min, &range->max) == 0;
}

/* ---- Operations -------------------------------------------------------------------------------- */

/* Equal bounds that are both open: nothing is inside. */
static int is_nothing(const rj_range *range)
{
    if (!has_min(range) || !has_max(range))
        return 0;
    int sign = rj_version_compare(&range->min, &range->max);
    return sign > 0 || (sign == 0 && !(range->min_inclusive && range->max_inclusive));
}

int rj_range_is_subset(const rj_range *range, const rj_range *of)
{
    if (is_nothing(range))
        return 1;
    if (is_nothing(of))
        return 0;
    if (has_min(of)) {
        int sign = has_min(range) ? rj_version_compare(&range->min, &of->min) : -1;
        if (sign < 0 || (sign == 0 && range->min_inclusive && !of->min_inclusive))
            return 0;
    }
    if (has_max(of)) {
        int sign = has_max(range) ? rj_version_compare(&range->max, &of->max) : 1;
        if (sign > 0 || (sign == 0 && range->max_inclusive && !of->max_inclusive))
            return 0;
    }
    return 1;
}

/* Take the bound from `a` or `b`: `outer` the one further out, else the one further in. */
static int pick_bound(const rj_range *a, const rj_range *b, int upper, int outer, rj_range *to)
{
    const rj_version *x = upper ? &a->max : &a->min, *y = upper ? &b->max : &b->min;
    int x_in = upper ? a->max_inclusive : a->min_inclusive;
    int y_in = upper ? b->max_inclusive : b->min_inclusive;
    rj_version *version = upper ? &to->max : &to->min;
    int *inclusive = upper ? &to->max_inclusive : &to->min_inclusive;
    if (!x->text || !y->text) {
        const rj_version *bound = x->text ? x : y;
        if (outer || !bound->text)
            return 1; /* no bound */
        *inclusive = bound == x ? x_in : y_in;
        return rj_version_copy(bound, version);
    }
    int sign = rj_version_compare(x, y);
    if (sign == 0) {
        *inclusive = outer ? x_in || y_in : x_in && y_in;
        return rj_version_copy(x, version);
    }
    int take_x = (sign > 0) == (upper == outer);
    *inclusive = take_x ? x_in : y_in;
    return rj_version_copy(take_x ? x : y, version);
}

static int combine(const rj_range *a, const rj_range *b, int outer, rj_range *ret_range)
{
    rj_range range = {0};
    if (!pick_bound(a, b, 0, outer, &range) || !pick_bound(a, b, 1, outer, &range)) {
        rj_range_clear(&range);
        return 0;
    }
    *ret_range = range;
    return 1;
}

int rj_range_hull(const rj_range *a, const rj_range *b, rj_range *ret_range)
{
    if (is_nothing(a))
        return rj_range_copy(b, ret_range);
    if (is_nothing(b))
        return rj_range_copy(a, ret_range);
    return combine(a, b, 1, ret_range);
}

int rj_range_intersection(const rj_range *a, const rj_range *b, rj_range *ret_range)
{
    rj_range range;
    if (!combine(a, b, 0, &range))
        return 0;
    if (is_nothing(&range)) {
        rj_range_clear(&range);
        return rj_range_parse("(0.0.0, 0.0.0)", 0, ret_range);
    }
    *ret_range = range;
    return 1;
}

/* ---- Printing ---------------------------------------------------------------------------------- */

/* The lower bound as it was written: the float, or the version. */
static char *print_min(const rj_range *range)
{
    const int32_t *n = range->min.numbers;
    const char *prefix = range->float_prefix ? range->float_prefix : "";
    char *text = NULL, *version = NULL;
    int made = -1;
    switch (range->floating) {
    case RJ_FLOAT_NONE:
        return has_min(range) ? rj_version_normalized(&range->min) : strdup("");
    case RJ_FLOAT_ABSOLUTE_LATEST:
        return strdup("*-*");
    case RJ_FLOAT_MAJOR:
        return strdup("*");
    case RJ_FLOAT_MINOR:
        made = asprintf(&text, "%d.*", n[0]);
        break;
    case RJ_FLOAT_PATCH:
        made = asprintf(&text, "%d.%d.*", n[0], n[1]);
        break;
    case RJ_FLOAT_REVISION:
        made = asprintf(&text, "%d.%d.%d.*", n[0], n[1], n[2]);
        break;
    case RJ_FLOAT_PRERELEASE_MAJOR:
        made = asprintf(&text, "*-%s*", prefix);
        break;
    case RJ_FLOAT_PRERELEASE_MINOR:
        made = asprintf(&text, "%d.*-%s*", n[0], prefix);
        break;
    case RJ_FLOAT_PRERELEASE_PATCH:
        made = asprintf(&text, "%d.%d.*-%s*", n[0], n[1], prefix);
        break;
    case RJ_FLOAT_PRERELEASE_REVISION:
        made = asprintf(&text, "%d.%d.%d.*-%s*", n[0], n[1], n[2], prefix);
        break;
    case RJ_FLOAT_PRERELEASE:
        version = rj_version_normalized(&range->min);
        if (version)
            made = asprintf(&text, "%.*s-%s*", (int)strcspn(version, "-"), version, prefix);
        free(version);
        break;
    }
    return made < 0 ? NULL : text;
}

char *rj_range_normalized(const rj_range *range)
{
    char *min = print_min(range), *text = NULL;
    char *max = has_max(range) ? rj_version_normalized(&range->max) : strdup("");
    if (min && max &&
        asprintf(&text, "%c%s, %s%c", range->min_inclusive ? '[' : '(', min, max,
                 range->max_inclusive ? ']' : ')') < 0)
        text = NULL;
    free(min);
    free(max);
    return text;
}

char *rj_range_describe(const char *id, const rj_range *range)
{
    char *min = has_min(range) ? rj_version_normalized(&range->min) : strdup("");
    char *max = has_max(range) ? rj_version_normalized(&range->max) : strdup("");
    char *text = NULL;
    int made = -1;
    if (min && max) {
        if (rj_range_is_exact(range))
            made = asprintf(&text, "%s (= %s)", id, min);
        else if (!*min && !*max)
            made = asprintf(&text, "%s", id);
        else
            made = asprintf(&text, "%s (%s%s%s%s%s)", id,
                            !*min                  ? ""
                            : range->min_inclusive ? ">= "
                                                   : "> ",
                            min, *min && *max ? " && " : "",
                            !*max                  ? ""
                            : range->max_inclusive ? "<= "
                                                   : "< ",
                            max);
    }
    free(min);
    free(max);
    return made < 0 ? NULL : text;
}
