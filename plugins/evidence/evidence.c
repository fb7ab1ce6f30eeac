/* SPDX-License-Identifier: MIT */
/* The answer of a check as a JSON document; see evidence.h. */
#include "evidence.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

struct evidence {
    json_t *entries;
    unsigned left_out;
    bool concluded;
    bool out_of_memory;
    check_state state;
    char summary[EVIDENCE_MAX_TEXT];
    char remedy[EVIDENCE_MAX_TEXT];
};

evidence *evidence_new(void)
{
    evidence *document = calloc(1, sizeof *document);

    if (document && !(document->entries = json_array())) {
        free(document);
        document = NULL;
    }
    return document;
}

void evidence_free(evidence *document)
{
    if (!document)
        return;
    json_decref(document->entries);
    free(document);
}

/* Length of the well-formed UTF-8 sequence at `text`, 0 if it is not one. */
static size_t utf8_sequence(const unsigned char *text)
{
    unsigned char first = text[0];
    size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

    if (first > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) ||
        (first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

void evidence_clean_text(char *ret_text, size_t size, const char *text)
{
    static const char more[] = "...";
    const unsigned char *from = (const unsigned char *)text;
    size_t used = 0, last_fit = 0;

    while (*from) {
        size_t length = utf8_sequence(from);
        bool keep = length > 1 || (length == 1 && *from >= 0x20 && *from != 0x7F);
        size_t step = length ? length : 1;

        if (used + sizeof more <= size)
            last_fit = used;
        if (used + (keep ? length : 1) >= size) {
            memcpy(ret_text + last_fit, more, sizeof more);
            return;
        }
        if (keep)
            memcpy(ret_text + used, from, length);
        else
            ret_text[used] = length == 1 ? ' ' : '?';
        used += keep ? length : 1;
        from += step;
    }
    ret_text[used] = '\0';
}

static void format_clean(char *ret_text, size_t size, const char *format, va_list arguments)
    __attribute__((format(__printf__, 3, 0)));
static void format_clean(char *ret_text, size_t size, const char *format, va_list arguments)
{
    char raw[2 * EVIDENCE_MAX_TEXT];

    vsnprintf(raw, sizeof raw, format, arguments);
    evidence_clean_text(ret_text, size, raw);
}

void evidence_add(evidence *document, const char *source, const char *found, const char *format,
                  ...)
{
    char where[EVIDENCE_MAX_TEXT], what[EVIDENCE_MAX_TEXT], means[EVIDENCE_MAX_TEXT];
    va_list arguments;
    json_t *entry;

    if (json_array_size(document->entries) >= EVIDENCE_MAX_ENTRIES) {
        document->left_out++;
        return;
    }
    va_start(arguments, format);
    format_clean(means, sizeof means, format, arguments);
    va_end(arguments);
    evidence_clean_text(where, sizeof where, source);
    evidence_clean_text(what, sizeof what, found);
    entry = json_pack("{s:s, s:s, s:s}", "source", where, "found", what, "means", means);
    if (!entry || json_array_append_new(document->entries, entry) != 0)
        document->out_of_memory = true;
}

void evidence_conclude(evidence *document, check_state state, const char *remedy,
                       const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    format_clean(document->summary, sizeof document->summary, format, arguments);
    va_end(arguments);
    evidence_clean_text(document->remedy, sizeof document->remedy, remedy ? remedy : "");
    document->state = state;
    document->concluded = true;
}

static const char *state_name(check_state state)
{
    switch (state) {
    case CHECK_OK:
        return "ok";
    case CHECK_NOT_MET:
        return "not-met";
    case CHECK_NOT_APPLICABLE:
        return "not-applicable";
    case CHECK_UNKNOWN:
        break;
    }
    return "unknown";
}

typedef struct output {
    char *text;
    size_t length, capacity;
    bool failed; /* sticky: jansson goes on after a failed piece of a key */
} output;

static int append(const char *piece, size_t length, void *data)
{
    output *out = data;
    size_t capacity = out->capacity ? out->capacity : 4096;
    char *grown;

    while (capacity < out->length + length + 1)
        capacity *= 2;
    if (!out->failed && capacity > out->capacity) {
        grown = realloc(out->text, capacity);
        out->failed = !grown;
        if (grown) {
            out->text = grown;
            out->capacity = capacity;
        }
    }
    if (out->failed)
        return -1;
    memcpy(out->text + out->length, piece, length);
    out->length += length;
    out->text[out->length] = '\0';
    return 0;
}

static char *dump(const json_t *root, size_t *ret_length)
{
    output out = {0};

    if (json_dump_callback(root, append, &out, JSON_COMPACT) != 0 || out.failed) {
        free(out.text);
        return NULL;
    }
    *ret_length = out.length;
    return out.text;
}

static bool add_left_out(json_t *entries, unsigned count)
{
    char found[64];

    snprintf(found, sizeof found, "%u more entries", count);
    return json_array_append_new(entries, json_pack("{s:s, s:s, s:s}", "source", "the check itself",
                                                    "found", found, "means", "not shown here")) ==
           0;
}

char *evidence_print(const evidence *document, size_t *ret_length)
{
    json_t *entries, *root = NULL;
    char *text = NULL;
    bool complete;

    if (!document->concluded || document->out_of_memory)
        return NULL;
    /* json_copy() of an array would drop what does not fit into memory */
    entries = json_array();
    complete = entries && json_array_extend(entries, document->entries) == 0;
    if (complete && document->left_out)
        complete = add_left_out(entries, document->left_out);
    if (complete)
        root = json_pack("{s:s, s:s, s:O}", "state", state_name(document->state), "summary",
                         document->summary, "evidence", entries);
    complete = root != NULL;
    if (complete && document->state == CHECK_NOT_MET && document->remedy[0])
        complete = json_object_set_new(root, "remedy", json_string(document->remedy)) == 0;
    if (complete)
        text = dump(root, ret_length);
    json_decref(entries);
    json_decref(root);
    return text;
}
