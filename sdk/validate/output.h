/* SPDX-License-Identifier: MIT */
/* What a person, or with --json a program, sees of the tests. */
#ifndef RJ_VALIDATE_OUTPUT_H
#define RJ_VALIDATE_OUTPUT_H

#include "runs.h"

#include <stdio.h>

typedef struct rj_output {
    FILE *file;
    bool json;
    json_t *tests; /* with --json: what was told */
} rj_output;

void rj_output_begin(rj_output *output, FILE *file, bool json);
/* One test; `data` is the output. */
void rj_output_tell(void *data, const rj_outcome *outcome);
/* A line of its own before the tests; nothing with --json. */
void rj_output_remark(rj_output *output, const char *text);
void rj_output_end(rj_output *output, const char *folder, const char *remark,
                   const rj_counts *counts);

#endif
