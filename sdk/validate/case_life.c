/* SPDX-License-Identifier: MIT */
/* Instances that come and go, and what they leave. */
#include "case.h"
#include "extra.h"
#include "process_facts.h"
#include "runtime/runner.h"

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

/* ---- Growth ---------------------------------------------------------------------------------- */

static void compare_usage(rj_trial *trial, const rj_usage *before, const rj_usage *after,
                          int64_t rounds, const char *what)
{
    size_t allowed = 8192 + (size_t)rounds * 8;
    if (after->memory > before->memory + allowed)
        rj_report_finding(trial->report, "memory is given back",
                          "free in destroy() what create() made, and in `done` what a method made; "
                          "run under valgrind or with -fsanitize=address to see where",
                          "%lld rounds of %s left %zu bytes", (long long)rounds, what,
                          after->memory - before->memory);
    if (after->descriptors > before->descriptors)
        rj_report_finding(trial->report, "descriptors are given back",
                          "close what was opened on every way out",
                          "%lld rounds of %s left %u descriptors open", (long long)rounds, what,
                          after->descriptors - before->descriptors);
    if (after->threads > before->threads)
        rj_report_finding(trial->report, "a plugin starts no threads of its own",
                          "give work to rj.host.exec/1", "%lld rounds of %s left %u threads",
                          (long long)rounds, what, after->threads - before->threads);
}

static bool create_and_destroy(rj_stage *stage, int64_t rounds)
{
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
    rj_usage before;
    rj_usage after;
    int64_t rounds = trial->options->rounds;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        rj_report_step(trial->report, "creating and destroying");
        bool good = create_and_destroy(&stage, WARM_UP);
        rj_usage_read(trial->mapped, &before);
        good = good && create_and_destroy(&stage, rounds);
        rj_usage_read(trial->mapped, &after);
        if (good)
            compare_usage(trial, &before, &after, rounds, "create and destroy");
    }
    rj_stage_close(&stage);
}

static bool ask_often(rj_stage *stage, const rj_method *method, int64_t times)
{
    static rj_asked asked;
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
    rj_usage before;
    rj_usage after;
    int64_t times = trial->options->rounds / 5;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        size_t count = rj_methods_of(&stage, methods);
        for (size_t i = 0; i < count && !trial->report->findings; i++) {
            rj_report_step(trial->report, "%s, again and again", methods[i].label);
            bool good = ask_often(&stage, &methods[i], WARM_UP);
            rj_usage_read(trial->mapped, &before);
            good = good && ask_often(&stage, &methods[i], times);
            rj_usage_read(trial->mapped, &after);
            if (good)
                compare_usage(trial, &before, &after, times, methods[i].label);
        }
    }
    rj_stage_close(&stage);
}
