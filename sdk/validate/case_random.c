/* SPDX-License-Identifier: MIT */
/*
 * Calls in an order that a number decides: questions, cancellations, short deadlines, new settings,
 * notices, turns of the loop, and a stop at some moment.  The same number gives the same order.
 */
#include "ask.h"
#include "case.h"

#include <stdio.h>

#define STEPS 60
#define IN_FLIGHT 40u

typedef struct play {
    rj_stage *stage;
    uint64_t state;
    rj_method methods[RJ_METHODS_MAX];
    size_t method_count;
    rj_asked asked[IN_FLIGHT];
    bool wanted_end[IN_FLIGHT]; /* cancelled, or given too short a time */
    size_t count;
} play;

/* splitmix64 */
static uint64_t next(play *p)
{
    uint64_t z = p->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t below(play *p, uint64_t limit)
{
    return next(p) % limit;
}

static void ask(play *p)
{
    if (p->count == IN_FLIGHT || !p->method_count)
        return;
    bool hurried = below(p, 4) == 0;
    int64_t deadline = hurried ? (int64_t)below(p, 5) : p->stage->options->deadline_ms;
    const rj_method *method = &p->methods[below(p, p->method_count)];
    rj_report_step(p->stage->report, "%s, deadline %lld ms", method->label, (long long)deadline);
    p->wanted_end[p->count] = hurried;
    rj_ask(p->stage, method, deadline, &p->asked[p->count++]);
}

static void cancel(play *p)
{
    if (!p->count)
        return;
    size_t i = (size_t)below(p, p->count);
    rj_report_step(p->stage->report, "cancelling %s", p->asked[i].method->label);
    rj_runtime_cancel(p->stage->runtime, p->asked[i].id);
    p->wanted_end[i] = true;
}

static void configure(play *p)
{
    json_t *settings = json_deep_copy(p->stage->trial->settings);
    rj_report_step(p->stage->report, "new settings");
    if (below(p, 2))
        json_object_set_new(settings, "rj-validate", json_integer((json_int_t)below(p, 100)));
    rj_stage_configure(p->stage, settings);
    json_decref(settings);
}

static void publish(play *p)
{
    json_t *document = json_pack("{s:i}", "number", (int)below(p, 100));
    rj_report_step(p->stage->report, "a notice");
    rj_runtime_publish(p->stage->runtime, below(p, 2) ? "host.network" : "host.policy", document);
    json_decref(document);
}

static void take_step(play *p)
{
    switch (below(p, 10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        ask(p);
        return;
    case 4:
        cancel(p);
        return;
    case 5:
        configure(p);
        return;
    case 6:
        publish(p);
        return;
    case 7:
        rj_stage_turn(p->stage, (int)below(p, 8));
        return;
    default:
        rj_stage_turn(p->stage, 0);
        return;
    }
}

static void judge(play *p, bool stopped)
{
    for (size_t i = 0; i < p->count; i++) {
        rj_manner manner = p->wanted_end[i] ? RJ_ASKED_LATE
                           : stopped        ? RJ_ASKED_CANCELLED
                                            : RJ_ASKED_PLAINLY;
        rj_ask_judge(p->stage, &p->asked[i], manner, "in a random order of calls");
        rj_ask_forget(&p->asked[i]);
    }
}

static bool play_once(rj_stage *stage, uint64_t seed)
{
    static play p;
    p = (play){.stage = stage, .state = seed};
    snprintf(stage->report->prefix, sizeof stage->report->prefix,
             "seed %llu: ", (unsigned long long)seed);
    if (!rj_stage_load(stage, true))
        return false;
    p.method_count = rj_methods_of(stage, p.methods);
    uint64_t steps = 5 + below(&p, STEPS);
    for (uint64_t i = 0; i < steps; i++)
        take_step(&p);
    bool wait = below(&p, 2) != 0;
    for (size_t i = 0; i < p.count && wait; i++)
        rj_ask_wait(stage, &p.asked[i], rj_stage_patience_ms(stage));
    if (rj_stage_unload(stage))
        judge(&p, !wait);
    return !stage->report->findings;
}

void rj_case_random_order(rj_trial *trial)
{
    rj_stage stage;
    const rj_options *options = trial->options;
    uint64_t first = options->seed >= 0 ? (uint64_t)options->seed : 1;
    uint64_t end = options->seed >= 0 ? first + 1 : first + (uint64_t)options->seeds;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    for (uint64_t seed = first; seed < end; seed++) {
        if (play_once(&stage, seed))
            continue;
        rj_report_note(trial->report, "repeat it by --only random-order --seed %llu",
                       (unsigned long long)seed);
        break;
    }
    rj_stage_close(&stage);
}
