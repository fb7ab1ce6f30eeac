/* SPDX-License-Identifier: MIT */
/* One line a test, details of failures indented below it; or one JSON document at the end. */
#include "output.h"

#include "base/alloc.h"
#include "base/json.h"

#include <string.h>

static const char *const words[] = {"ok", "FAIL", "skip"};
static const char *const states[] = {"ok", "failed", "skipped"};

void rj_output_begin(rj_output *output, FILE *file, bool json)
{
    *output = (rj_output){.file = file, .json = json, .tests = json ? json_array() : NULL};
}

void rj_output_remark(rj_output *output, const char *text)
{
    if (!output->json && *text)
        fprintf(output->file, "%s\n", text);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_output(FILE *file, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        fprintf(file, "            %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void print(FILE *file, const rj_outcome *o)
{
    size_t i;
    json_t *one;
    fprintf(file, "%-5s %-22s %-10s %6llu ms\n", words[o->verdict], o->test->name,
            rj_place_name(o->placement), (unsigned long long)o->ms);
    if (o->verdict == RJ_VERDICT_SKIPPED)
        fprintf(file, "        %s\n", o->reason);
    json_array_foreach(o->findings, i, one)
    {
        fprintf(file, "        expected: %s\n", text_of(one, "expected"));
        fprintf(file, "        found:    %s\n", text_of(one, "found"));
        fprintf(file, "        to do:    %s\n", text_of(one, "advice"));
    }
    json_array_foreach(o->notes, i, one)
    {
        fprintf(file, "        note:     %s\n", json_string_value(one));
    }
    if (o->output && *o->output) {
        fprintf(file, "        output, the last of it:\n");
        print_output(file, o->output);
    }
    fflush(file);
}

void rj_output_tell(void *data, const rj_outcome *outcome)
{
    rj_output *output = data;
    if (!output->json) {
        print(output->file, outcome);
        return;
    }
    json_t *empty = json_array();
    json_t *one = json_pack("{s:s, s:s, s:s, s:I, s:O, s:O, s:s, s:s}", "test", outcome->test->name,
                            "placement", rj_place_name(outcome->placement), "state",
                            states[outcome->verdict], "ms", (json_int_t)outcome->ms, "findings",
                            outcome->findings ? outcome->findings : empty, "notes",
                            outcome->notes ? outcome->notes : empty, "reason", outcome->reason,
                            "output", outcome->output ? outcome->output : "");
    json_array_append_new(output->tests, one);
    json_decref(empty);
}

void rj_output_end(rj_output *output, const char *folder, const char *remark,
                   const rj_counts *counts)
{
    if (!output->json) {
        fprintf(output->file, "%u passed, %u failed, %u skipped\n", counts->passed, counts->failed,
                counts->skipped);
        return;
    }
    json_t *document = json_pack("{s:s, s:s, s:o, s:i, s:i, s:i}", "plugin", folder, "remark",
                                 remark, "tests", output->tests, "passed", (int)counts->passed,
                                 "failed", (int)counts->failed, "skipped", (int)counts->skipped);
    char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
    fprintf(output->file, "%s\n", text ? text : "{}");
    rj_free(text);
    json_decref(document);
}
