/* SPDX-License-Identifier: MIT */
#include "engine/evidence.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/file.h"
#include "platform/paths.h"

#include <string.h>

/* FNV-1a over the bytes of the number. */
static void mix(uint64_t *state, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++)
        *state = (*state ^ ((number >> (8 * i)) & 0xff)) * UINT64_C(1099511628211);
}

static void mix_text(uint64_t *state, const char *text)
{
    for (; *text; text++)
        *state = (*state ^ (unsigned char)*text) * UINT64_C(1099511628211);
}

/* A path that cannot be named for want of memory looks like an absent file. */
static void mix_stamp(uint64_t *state, const char *folder, const char *name)
{
    rj_text path = RJ_TEXT_EMPTY;
    rj_text_add(&path, folder);
    if (name) {
        rj_text_add(&path, "/");
        rj_text_add(&path, name);
    }
    char *text = rj_text_take(&path);
    mix(state, text ? rj_file_stamp(text) : 0);
    rj_free(text);
}

/* Hierarchical feeds keep a folder for each package, in lower case. */
static void mix_feed(uint64_t *state, const char *source, const char *package)
{
    char lower[160];
    size_t i = 0;
    for (; package[i] && i + 1 < sizeof lower; i++)
        lower[i] =
            package[i] >= 'A' && package[i] <= 'Z' ? (char)(package[i] - 'A' + 'a') : package[i];
    lower[i] = '\0';
    mix_stamp(state, source, NULL);
    mix_stamp(state, source, lower);
    if (strcmp(lower, package) != 0)
        mix_stamp(state, source, package);
}

uint64_t rj_evidence(const rj_policy *policy, const rj_assignment *assignment)
{
    uint64_t state = UINT64_C(14695981039346656037);
    mix(&state, assignment->fingerprint);
    mix_text(&state, RJ_VERSION);
    const char *first = policy->sources ? policy->sources[0] : NULL;
    if (assignment->location && rj_path_is_absolute(assignment->location))
        mix_stamp(&state, assignment->location, NULL);
    else if (assignment->location && first)
        mix_stamp(&state, first, assignment->location);
    for (size_t i = 0; !assignment->location && policy->sources && policy->sources[i]; i++)
        mix_feed(&state, policy->sources[i],
                 assignment->package ? assignment->package : assignment->id);
    return state;
}
