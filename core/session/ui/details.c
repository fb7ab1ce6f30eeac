/* SPDX-License-Identifier: MIT */
/* See details.h. */
#include "session/ui/details.h"

#include "base/alloc.h"
#include "base/native_paths.h"
#include "session/ui/one_line.h"

#include <stdbool.h>
#include <string.h>

#define DETAILS_MAX ((size_t)60 * 1024)
#define COLUMNS 1000u
#define COUNT_MAX 1000000000u

/* Is this its last line? */
static bool ends_with_line(const rj_text *text, const char *line)
{
    size_t length = strlen(line);
    if (text->failed || text->length <= length)
        return false;
    const char *at = text->bytes + text->length - length - 1;
    return strncmp(at, line, length) == 0 && (at == text->bytes || at[-1] == '\n');
}

static void keep_newest(rj_text *details)
{
    if (details->length <= DETAILS_MAX)
        return;
    const char *half = strchr(details->bytes + details->length / 2, '\n');
    rj_text kept = RJ_TEXT_EMPTY;
    rj_text_add(&kept, half ? half + 1 : "");
    rj_text_free(details);
    *details = kept;
}

void rj_ui_details_add(rj_text *details, const char *line)
{
    char *clean = line && *line ? rj_ui_one_line(line, COLUMNS) : NULL;
    if (clean)
        rj_native_paths(clean);
    if (clean && !ends_with_line(details, clean))
        rj_text_addf(details, "%s\n", clean);
    rj_free(clean);
    keep_newest(details);
}

static void add_left_out(rj_text *details, const rj_texts *texts, uint64_t count)
{
    const rj_text_value values[] = {
        {"count", NULL, (int64_t)(count < COUNT_MAX ? count : COUNT_MAX)}, {NULL, NULL, 0}};
    char *line = rj_texts_make(texts, "job.left-out", values);
    rj_text_addf(details, "%s\n", line ? line : "");
    rj_free(line);
}

/* A program may write the same line twice, and empty ones. */
void rj_ui_details_add_output(rj_text *details, const rj_texts *texts, uint64_t first,
                              const char *lines, uint64_t *next)
{
    if (first > *next)
        add_left_out(details, texts, first - *next);
    for (const char *end; (end = strchr(lines, '\n')); lines = end + 1) {
        char *line = rj_strndup(lines, (size_t)(end - lines));
        char *clean = line ? rj_ui_one_line(line, COLUMNS) : NULL;
        rj_text_addf(details, "%s\n", clean ? clean : "");
        rj_free(clean);
        rj_free(line);
        first++;
    }
    if (first > *next)
        *next = first;
    keep_newest(details);
}
