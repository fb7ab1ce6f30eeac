/* SPDX-License-Identifier: MIT */
/* Reader of the shared test vectors: see vectors.h. */
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"
#include "test_files.h"

char *vectors_path(const char *path)
{
    const char *shared = getenv("RJ_SHARED");
    char *full = NULL;
    if (asprintf(&full, "%s/%s", shared ? shared : "../shared", path) < 0)
        return NULL;
    if (!test_is_there(full)) {
        free(full);
        return NULL;
    }
    return full;
}

static FILE *open_vectors(const char *name)
{
    char path[256];
    /* "../x" is written out: Windows' long paths know no ".." */
    snprintf(path, sizeof(path), "%s%s", strncmp(name, "../", 3) == 0 ? "" : "vectors/",
             strncmp(name, "../", 3) == 0 ? name + 3 : name);
    char *full = vectors_path(path);
    if (!full)
        tap_skip("the shared test vectors are not here");
    FILE *file = fopen(full, "rb");
    assert_non_null(file);
    free(full);
    return file;
}

/* The whole file; free() it. */
static char *read_vectors(const char *name)
{
    FILE *file = open_vectors(name);
    size_t length = 0, capacity = 65536, n;
    char *text = malloc(capacity);
    while (text && (n = fread(text + length, 1, capacity - 1 - length, file)) > 0) {
        length += n;
        if (length == capacity - 1)
            text = realloc(text, capacity *= 2);
    }
    fclose(file);
    assert_non_null(text);
    text[length] = '\0';
    return text;
}

/* The text up to the next `separator`, which is cut off; NULL after the last one. */
static char *next_part(char **rest, const char *separator)
{
    char *part = *rest;
    if (!part)
        return NULL;
    size_t length = strcspn(part, separator);
    *rest = part[length] ? part + length + 1 : NULL;
    part[length] = '\0';
    return part;
}

unsigned vectors_each_row(const char *name, void (*row)(const vector_row *row, void *data),
                          void *data)
{
    char *text = read_vectors(name), *lines = text, *line;
    unsigned number = 0;
    while ((line = next_part(&lines, "\n")) && (*line || lines)) {
        if (++number == 1)
            continue;
        vector_row r = {.line = number};
        for (int i = 0; i < VECTOR_COLUMNS && line; i++)
            r.column[i] = next_part(&line, "\t");
        row(&r, data);
    }
    free(text);
    return number > 0 ? number - 1 : 0;
}

unsigned vectors_each_object(const char *name, void (*object)(json_t *object, void *data),
                             void *data)
{
    char *text = read_vectors(name), *lines = text, *line;
    unsigned number = 0;
    while ((line = next_part(&lines, "\n")) && (*line || lines)) {
        json_error_t error;
        json_t *value = json_loads(line, 0, &error);
        if (!value)
            fail_msg("%s line %u: %s", name, number + 1, error.text);
        object(value, data);
        json_decref(value);
        number++;
    }
    free(text);
    return number;
}

char *vectors_string(const char *column)
{
    size_t length = 0;
    json_t *value = json_loads(column, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    assert_true(json_is_string(value));
    length = json_string_length(value);
    char *text = malloc(length + 1);
    assert_non_null(text);
    memcpy(text, json_string_value(value), length + 1);
    /* a NUL inside makes the C string another one: such rows are none of ours */
    assert_int_equal(strlen(text), length);
    json_decref(value);
    return text;
}
