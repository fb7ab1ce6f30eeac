/* SPDX-License-Identifier: MIT */
/* Cancellation, deadlines and the end, while the plugin works. */
#include "ask.h"
#include "case.h"
#include "platform/system.h"

#include <stdio.h>

/* ---- Cancelling ------------------------------------------------------------------------------ */

static bool cancel_one(rj_stage *stage, const rj_method *method, int after_ms)
{
    static rj_asked asked;
    char how[60];
    snprintf(how, sizeof how, "cancelled after %d ms", after_ms);
    rj_report_step(stage->report, "%s, %s", method->label, how);
    rj_ask(stage, method, stage->options->deadline_ms, &asked);
    if (after_ms)
        rj_stage_turn(stage, after_ms);
    uint64_t cancelled = rj_clock_monotonic_ms();
    rj_runtime_cancel(stage->runtime, asked.id);
    bool good = rj_ask_wait(stage, &asked, stage->options->grace_ms);
    if (!good) {
        rj_ask_wait(stage, &asked, rj_stage_patience_ms(stage));
        rj_report_finding(
            stage->report, "a cancelled op ends soon",
            "poll cancelled() in loops; break waits by on_cancel(); a child is killed "
            "by the host",
            "%s, %s: answered %lld ms after that, %lld are allowed", method->label, how,
            (long long)(asked.answered_ms - cancelled), (long long)stage->options->grace_ms);
    }
    good &= rj_ask_judge(stage, &asked, RJ_ASKED_CANCELLED, how);
    rj_ask_forget(&asked);
    return good;
}

void rj_case_cancel(rj_trial *trial)
{
    /* The last one reaches a plugin that works, also where starting its worker takes its time. */
    static const int moments[] = {0, 1, 20, 200};
    rj_method methods[RJ_METHODS_MAX];
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    stage.real_package = true;
    if (rj_stage_load(&stage, true)) {
        size_t count = rj_methods_of(&stage, methods);
        bool good = true;
        for (size_t i = 0; i < count && good; i++)
            for (size_t j = 0; j < sizeof moments / sizeof *moments && good; j++)
                good = cancel_one(&stage, &methods[i], moments[j]);
        if (good)
            rj_ask_all(&stage, RJ_ASKED_PLAINLY, "asked after cancellations");
        rj_stage_turn(&stage, 20);
    }
    rj_stage_close(&stage);
}

/* ---- Deadlines ------------------------------------------------------------------------------- */

static bool miss_one(rj_stage *stage, const rj_method *method, int deadline_ms)
{
    static rj_asked asked;
    char how[60];
    snprintf(how, sizeof how, deadline_ms > 0 ? "with a deadline of %d ms" : "past its deadline",
             deadline_ms);
    rj_report_step(stage->report, "%s, %s", method->label, how);
    rj_ask(stage, method, deadline_ms, &asked);
    rj_ask_wait(stage, &asked, rj_stage_patience_ms(stage));
    bool good = rj_ask_judge(stage, &asked, RJ_ASKED_LATE, how);
    rj_ask_forget(&asked);
    return good;
}

void rj_case_deadline(rj_trial *trial)
{
    static const int deadlines[] = {1, 0, -1000};
    rj_method methods[RJ_METHODS_MAX];
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    stage.real_package = true;
    if (rj_stage_load(&stage, true)) {
        size_t count = rj_methods_of(&stage, methods);
        bool good = true;
        for (size_t i = 0; i < count && good; i++)
            for (size_t j = 0; j < 3 && good; j++)
                good = miss_one(&stage, &methods[i], deadlines[j]);
        if (good)
            rj_ask_all(&stage, RJ_ASKED_PLAINLY, "asked after missed deadlines");
        rj_stage_turn(&stage, 20);
    }
    rj_stage_close(&stage);
}

/* ---- Stopping -------------------------------------------------------------------------------- */

#define IN_FLIGHT 24u

static void stop_after(rj_stage *stage, int after_ms)
{
    static rj_asked asked[IN_FLIGHT];
    static rj_method methods[RJ_METHODS_MAX];
    char how[80];
    if (!rj_stage_load(stage, true))
        return;
    size_t count = rj_methods_of(stage, methods);
    for (size_t i = 0; i < IN_FLIGHT && count; i++) {
        rj_report_step(stage->report, "%s, as one of %u", methods[i % count].label, IN_FLIGHT);
        rj_ask(stage, &methods[i % count], stage->options->deadline_ms, &asked[i]);
    }
    if (after_ms)
        rj_stage_turn(stage, after_ms);
    snprintf(how, sizeof how, "when the agent stopped %d ms later", after_ms);
    bool clean = rj_stage_unload(stage);
    for (size_t i = 0; i < IN_FLIGHT && count; i++) {
        if (clean || asked[i].answered)
            rj_ask_judge(stage, &asked[i], RJ_ASKED_CANCELLED, how);
        rj_ask_forget(&asked[i]);
    }
}

void rj_case_stop_busy(rj_trial *trial)
{
    static const int moments[] = {0, 1, 10};
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    stage.real_package = true;
    for (size_t i = 0; i < 3 && !trial->report->findings; i++)
        stop_after(&stage, moments[i]);
    rj_stage_close(&stage);
}
