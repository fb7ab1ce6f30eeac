/* SPDX-License-Identifier: MIT */
/*
 * Test data kept outside the repository: rows of $RJ_SHARED/vectors.  A test whose file is absent
 * skips visibly.
 */
#ifndef RJ_PACKAGE_NUGET_VECTORS_H
#define RJ_PACKAGE_NUGET_VECTORS_H

#include <jansson.h>

#define VECTOR_COLUMNS 16

/* One line of a .tsv file. */
typedef struct vector_row {
    char *column[VECTOR_COLUMNS]; /* NULL past the last */
    unsigned line;
} vector_row;

/* "$RJ_SHARED/<path>", made anew; NULL if there is no such file. */
char *vectors_path(const char *path);
/* Call `row` for every data row of a .tsv below vectors/; skips the test if the file is absent.
 * Returns the number of rows. */
unsigned vectors_each_row(const char *name, void (*row)(const vector_row *row, void *data),
                          void *data);
/* The same for the objects of a .jsonl file. */
unsigned vectors_each_object(const char *name, void (*object)(json_t *object, void *data),
                             void *data);
/* A JSON string column decoded; free() it. */
char *vectors_string(const char *column);

#endif
