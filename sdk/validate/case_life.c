/* SPDX-License-Identifier: MIT */
/* Instances that come and go, and what they leave. */
#include "case.h"
#include "extra.h"
#include "process_facts.h"
#include "watched_host.h"

#include <stdio.h>
#include <string.h>

#define WARM_UP 60

/* ---- stop() and work ------------------------------------------------------------------------- */

static bool stop_while_working(rj_stage *stage, int after_ms)
{
    static rj_asked asked[RJ_METHODS_MAX];
    static rj_method methods[RJ_METHODS_MAX];
    size_t count = rj_methods_of(stage, methods);
    rj_plugin *plugin = NULL;
    if (rj_extra_create(stage, stage->instance->config, &plugin) || !plugin) {
        rj_report_finding(stage->report, "a second instance can be made",
                          "keep no state outside of the instance", "create() failed");
        return false;
    }
    count = count < 32 ? count : 32;
    for (size_t i = 0; i < count; i++) {
        rj_report_step(stage->report, "%s of a further instance", methods[i].label);
        rj_extra_ask(stage, plugin, &methods[i], stage->options->deadline_ms, &asked[i]);
    }
    rj_stage_turn(stage, after_ms);
    rj_report_step(stage->report, "stopping an instance that works");
    for (size_t i = 0; i < count; i++)
        rj_runtime_cancel(stage->runtime, asked[i].id);
    bool answered = true;
    for (size_t i = 0; i < count; i++)
        answered &= rj_ask_wait(stage, &asked[i], rj_stage_patience_ms(stage));
    return answered && rj_extra_destroy(stage, plugin);
}

void rj_case_stop_waits(rj_trial *trial)
{
    static const int moments[] = {0, 2, 20};
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true))
        for (size_t i = 0; i < 3 && !trial->report->findings; i++)
            if (!stop_while_working(&stage, moments[i]))
                break;
    rj_stage_close(&stage);
}

/* ---- Ops after their end --------------------------------------------------------------------- */

static void ask_watched(rj_stage *stage, rj_plugin *plugin, bool cancel)
{
    static rj_asked asked[RJ_METHODS_MAX];
    static rj_method methods[RJ_METHODS_MAX];
    size_t count = rj_methods_of(stage, methods);
    for (size_t i = 0; i < count; i++) {
        rj_report_step(stage->report, "%s of a watched instance%s", methods[i].label,
                       cancel ? ", cancelled" : "");
        rj_extra_ask(stage, plugin, &methods[i], stage->options->deadline_ms, &asked[i]);
        if (cancel)
            rj_runtime_cancel(stage->runtime, asked[i].id);
        rj_ask_wait(stage, &asked[i], rj_stage_patience_ms(stage));
        rj_stage_turn(stage, 2);
    }
}

void rj_case_op_use(rj_trial *trial)
{
    rj_stage stage;
    rj_plugin *plugin = NULL;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        const rj_host *host = rj_watched_host(&stage.instance->host);
        if (rj_extra_create_with(&stage, host, stage.instance->config, &plugin) || !plugin) {
            rj_report_finding(trial->report, "a second instance can be made",
                              "keep no state outside of the instance", "create() failed");
        } else {
            ask_watched(&stage, plugin, false);
            ask_watched(&stage, plugin, true);
            rj_extra_destroy(&stage, plugin);
        }
        rj_watched_host_report(trial->report);
    }
    rj_stage_close(&stage);
}

/* ---- Growth ---------------------------------------------------------------------------------- */

#define WINDOWS 3

typedef bool (*round_function)(rj_stage *stage, const void *data, int64_t rounds);

static bool has_grown(const rj_usage *before, const rj_usage *after, int64_t rounds)
{
    return after->memory > before->memory + 8192 + (size_t)rounds * 8 ||
           after->descriptors > before->descriptors || after->threads > before->threads;
}

static void report_growth(rj_report *report, const rj_usage *before, const rj_usage *after,
                          int64_t rounds, const char *what)
{
    if (after->descriptors > before->descriptors)
        rj_report_finding(report, "descriptors are given back",
                          "close what was opened on every way out",
                          "%lld rounds of %s left %u descriptors open", (long long)rounds, what,
                          after->descriptors - before->descriptors);
    else if (after->threads > before->threads)
        rj_report_finding(report, "a plugin starts no threads of its own",
                          "give work to rj.host.exec/1", "%lld rounds of %s left %u threads",
                          (long long)rounds, what, after->threads - before->threads);
    else
        rj_report_finding(report, "memory is given back",
                          "free in destroy() what create() made, and in `done` what a method made; "
                          "run it under valgrind or with -fsanitize=address to see where",
                          "%lld rounds of %s left %zu bytes", (long long)rounds, what,
                          after->memory - before->memory);
}

/* A leak grows in each of some spans of rounds; a cache that fills up does so once. */
static void expect_no_growth(rj_stage *stage, round_function play, const void *data, int64_t rounds,
                             const char *what)
{
    rj_usage before;
    rj_usage after;
    const char *mapped = stage->trial->mapped;
    if (!play(stage, data, WARM_UP))
        return;
    for (int i = 0; i < WINDOWS; i++) {
        rj_usage_read(mapped, &before);
        if (!play(stage, data, rounds))
            return;
        rj_usage_read(mapped, &after);
        if (!has_grown(&before, &after, rounds))
            return;
    }
    report_growth(stage->report, &before, &after, rounds, what);
}

static bool create_and_destroy(rj_stage *stage, const void *data, int64_t rounds)
{
    (void)data;
    for (int64_t i = 0; i < rounds && !stage->report->findings; i++) {
        rj_plugin *plugin = NULL;
        rj_status status = rj_extra_create(stage, stage->instance->config, &plugin);
        if (status || !plugin) {
            rj_report_finding(stage->report, "create() succeeds as often as it is called",
                              "keep no state outside of the instance",
                              "in round %lld it ended with %s", (long long)i,
                              rj_status_name(status));
            return false;
        }
        if (!rj_extra_destroy(stage, plugin))
            return false;
    }
    return !stage->report->findings;
}

void rj_case_create_destroy(rj_trial *trial)
{
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        rj_report_step(trial->report, "creating and destroying");
        expect_no_growth(&stage, create_and_destroy, NULL, trial->options->rounds,
                         "create and destroy");
    }
    rj_stage_close(&stage);
}

static bool ask_often(rj_stage *stage, const void *data, int64_t times)
{
    static rj_asked asked;
    const rj_method *method = data;
    for (int64_t i = 0; i < times; i++) {
        rj_ask(stage, method, stage->options->deadline_ms, &asked);
        rj_ask_wait(stage, &asked, rj_stage_patience_ms(stage));
        rj_ask_forget(&asked);
        if (!asked.answered || asked.status == RJ_E_ABANDONED)
            return rj_ask_judge(stage, &asked, RJ_ASKED_PLAINLY, "asked often");
    }
    return true;
}

void rj_case_growth(rj_trial *trial)
{
    rj_method methods[RJ_METHODS_MAX];
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        size_t count = rj_methods_of(&stage, methods);
        for (size_t i = 0; i < count && !trial->report->findings; i++) {
            rj_report_step(trial->report, "%s, again and again", methods[i].label);
            expect_no_growth(&stage, ask_often, &methods[i], trial->options->rounds / 5,
                             methods[i].label);
        }
    }
    rj_stage_close(&stage);
}
