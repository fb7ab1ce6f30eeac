/* SPDX-License-Identifier: MIT */
/* Reader of the shared test vectors: see vectors.h. */
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tap_skip.h"

char *vectors_path(const char *path)
{
    const char *shared = getenv("RJ_SHARED");
    char *full = NULL;
    if (asprintf(&full, "%s/%s", shared ? shared : "../shared", path) < 0)
        return NULL;
    if (access(full, R_OK) != 0) {
        free(full);
        return NULL;
    }
    return full;
}

static FILE *open_vectors(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "vectors/%s", name);
    char *full = vectors_path(path);
    if (!full)
        tap_skip("the shared test vectors are not here");
    FILE *file = fopen(full, "r");
    assert_non_null(file);
    free(full);
    return file;
}

unsigned vectors_each_row(const char *name, void (*row)(const vector_row *row, void *data),
                          void *data)
{
    FILE *file = open_vectors(name);
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    unsigned number = 0;
    while ((length = getline(&line, &size, file)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        if (++number == 1)
            continue;
        vector_row r = {.line = number};
        char *rest = line;
        for (int i = 0; i < VECTOR_COLUMNS && rest; i++)
            r.column[i] = strsep(&rest, "\t");
        row(&r, data);
    }
    free(line);
    fclose(file);
    return number > 0 ? number - 1 : 0;
}

unsigned vectors_each_object(const char *name, void (*object)(json_t *object, void *data),
                             void *data)
{
    FILE *file = open_vectors(name);
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    while (getline(&line, &size, file) > 0) {
        json_error_t error;
        json_t *value = json_loads(line, 0, &error);
        if (!value)
            fail_msg("%s line %u: %s", name, number + 1, error.text);
        object(value, data);
        json_decref(value);
        number++;
    }
    free(line);
    fclose(file);
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
