/* SPDX-License-Identifier: MIT */
/* A process that did not come to the end of its report has failed, whatever its exit code says. */
#include "outcome.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/file.h"
#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_MAX ((size_t)64 * 1024 * 1024)
#define TAIL_MAX 3000u

typedef struct reading {
    rj_outcome *outcome;
    char step[600]; /* the last one */
    char skip[200];
    bool done;
    json_int_t count; /* of findings; there may be more than were written */
} reading;

void rj_outcome_environment(const char **ret_list, size_t size)
{
    static const char *const names[] = {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
                                        "TSAN_OPTIONS", "LD_PRELOAD"};
    static char variables[5][1024];
    size_t count = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && count + 1 < size; i++) {
        const char *value = getenv(names[i]);
        if (!value)
            continue;
        snprintf(variables[i], sizeof variables[i], "%s=%s", names[i], value);
        ret_list[count++] = variables[i];
    }
    ret_list[count] = NULL;
}

/* ---- The report ------------------------------------------------------------------------------ */

static void take_line(reading *r, const char *line, size_t length)
{
    json_t *object = json_loadb(line, length, 0, NULL);
    const char *step = json_string_value(json_object_get(object, "step"));
    const char *skip = json_string_value(json_object_get(object, "skip"));
    json_t *finding = json_object_get(object, "finding");
    json_t *note = json_object_get(object, "note");
    const json_t *done = json_object_get(object, "done");
    if (step)
        snprintf(r->step, sizeof r->step, "%s", step);
    if (skip)
        snprintf(r->skip, sizeof r->skip, "%s", skip);
    if (finding)
        json_array_append(r->outcome->findings, finding);
    if (note)
        json_array_append(r->outcome->notes, note);
    if (json_object_get(object, "loaded"))
        r->outcome->loaded = json_is_true(json_object_get(object, "loaded"));
    if (done) {
        r->done = true;
        r->count = json_integer_value(done);
    }
    json_decref(object);
}

static void read_report(reading *r, const char *base)
{
    char path[RJ_STAGE_PATH + 32];
    char *bytes = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s/" RJ_TRIAL_REPORT, base);
    if (rj_file_read(path, REPORT_MAX, &bytes, &length, NULL))
        return;
    for (const char *at = bytes; at < bytes + length;) {
        size_t line = strcspn(at, "\n");
        take_line(r, at, line);
        at += line + 1;
    }
    rj_free(bytes);
}

/* ---- What it wrote --------------------------------------------------------------------------- */

/* The end of a text, from the beginning of a line. */
static void add_tail(rj_text *text, const char *bytes, size_t length)
{
    size_t skip = length > TAIL_MAX ? length - TAIL_MAX : 0;
    while (skip && skip < length && bytes[skip - 1] != '\n')
        skip++;
    rj_text_append(text, bytes + skip, length - skip);
    if (length > skip && bytes[length - 1] != '\n')
        rj_text_add(text, "\n");
}

static void add_file(rj_text *text, const char *base, const char *name)
{
    char path[RJ_STAGE_PATH + 64];
    char *bytes = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s/%s", base, name);
    if (rj_file_read(path, REPORT_MAX, &bytes, &length, NULL) == RJ_OK)
        add_tail(text, bytes, length);
    rj_free(bytes);
}

static void read_output(rj_outcome *outcome, const char *base, const rj_death *death)
{
    rj_text text = RJ_TEXT_EMPTY;
    add_tail(&text, death->output, strlen(death->output));
    add_file(&text, base, RJ_TRIAL_OUT);
    add_file(&text, base, RJ_TRIAL_ERROR);
    add_file(&text, base, RJ_TRIAL_LOG "/agent.log");
    outcome->output = rj_text_take(&text);
    if (outcome->output)
        rj_utf8_repair(outcome->output, strlen(outcome->output));
}

/* ---- The end --------------------------------------------------------------------------------- */

static void add_finding(rj_outcome *outcome, const char *expected, const char *advice,
                        const char *found)
{
    json_array_append_new(outcome->findings, json_pack("{s:s, s:s, s:s}", "expected", expected,
                                                       "found", found, "advice", advice));
}

static void judge_end(reading *r, const rj_death *death)
{
    char found[900];
    rj_outcome *outcome = r->outcome;
    const char *step = *r->step ? r->step : "starting";
    if (death->timed_out) {
        snprintf(found, sizeof found, "it had not ended after %lld s, while: %s",
                 (long long)death->timeout_s, step);
        add_finding(outcome, "the test comes to its end",
                    "look for a wait without an end, or a lock held while calling the host", found);
    } else if (death->end.signalled) {
        snprintf(found, sizeof found, "the process was killed by signal %d (%s), while: %s",
                 death->end.value, strsignal(death->end.value), step);
        add_finding(outcome, "the process lives",
                    "the plugin crashed; repeat it in a debugger or under -fsanitize=address",
                    found);
    } else if (!r->done) {
        snprintf(found, sizeof found, "the process ended with code %d, while: %s", death->end.value,
                 step);
        add_finding(outcome, "the process ends when the test has ended",
                    "a plugin never calls exit() or abort(); the output says more if a sanitizer "
                    "ended it",
                    found);
    } else if (death->end.value && r->count == 0) {
        snprintf(found, sizeof found, "after the test the process ended with code %d",
                 death->end.value);
        add_finding(outcome, "the process ends well",
                    "see the output: a sanitizer or a destructor of the library ended it", found);
    }
    if (death->end.survivors) {
        snprintf(found, sizeof found, "%u processes were left running", death->end.survivors);
        add_finding(outcome, "no process is left behind",
                    "start programs by rj.host.spawn/1 only, and never fork()", found);
    }
}

void rj_outcome_read(rj_outcome *outcome, const char *base, const rj_death *death)
{
    reading r = {.outcome = outcome};
    outcome->findings = json_array();
    outcome->notes = json_array();
    read_report(&r, base);
    judge_end(&r, death);
    if (json_array_size(outcome->findings)) {
        outcome->verdict = RJ_VERDICT_FAILED;
        read_output(outcome, base, death);
    } else if (*r.skip) {
        outcome->verdict = RJ_VERDICT_SKIPPED;
        snprintf(outcome->reason, sizeof outcome->reason, "%s", r.skip);
    }
}

void rj_outcome_clear(rj_outcome *outcome)
{
    json_decref(outcome->findings);
    json_decref(outcome->notes);
    rj_free(outcome->output);
    outcome->findings = NULL;
    outcome->notes = NULL;
    outcome->output = NULL;
}
