/* SPDX-License-Identifier: MIT */
/* The schedule: "load" first, as nothing else makes sense where that fails; the rest side by side. */
#include "runs.h"

#include "base/alloc.h"
#include "base/text.h"
#include "outcome.h"
#include "platform/file.h"
#include "platform/process.h"
#include "platform/system.h"
#include "runtime/loop.h"
#include "tree.h"
#include "trial.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)64 * 1024)
#define JOBS_MAX 64

typedef enum run_state { RUN_WAITING, RUN_RUNNING, RUN_ENDED } run_state;

typedef struct schedule schedule;

typedef struct run {
    schedule *owner;
    run_state state;
    rj_outcome outcome;
    char base[RJ_STAGE_PATH];
    rj_process *process;
    rj_watch *ended;
    rj_watch *written;
    rj_timer *limit;
    bool timed_out;
    uint64_t began_ms;
    rj_text output;
} run;

struct schedule {
    const rj_options *options;
    rj_loop *loop;
    run runs[JOBS_MAX];
    size_t count;
    size_t told_count;
    size_t running;
    bool load_failed[RJ_PLACED_IN_WORKER + 1];
    void (*told)(void *data, const rj_outcome *outcome);
    void *data;
    rj_counts counts;
};

/* ---- What to run ----------------------------------------------------------------------------- */

static bool is_wanted(const rj_options *options, const char *name)
{
    for (size_t i = 0; i < options->only_count; i++)
        if (strcmp(options->only[i], name) == 0)
            return true;
    return options->only_count == 0;
}

static void add(schedule *s, const rj_case *test, rj_place placement)
{
    if (s->count < JOBS_MAX)
        s->runs[s->count++] = (run){.owner = s, .outcome = {.test = test, .placement = placement}};
}

static void plan(schedule *s)
{
    const rj_options *options = s->options;
    for (const rj_case *test = rj_cases; test->name; test++) {
        if (!is_wanted(options, test->name))
            continue;
        if (test->reach == RJ_REACH_FILES)
            add(s, test, RJ_PLACED_NOWHERE);
        if (test->reach != RJ_REACH_FILES && options->in_process)
            add(s, test, RJ_PLACED_IN_PROCESS);
        if (test->reach == RJ_REACH_BOTH && options->in_worker)
            add(s, test, RJ_PLACED_IN_WORKER);
    }
}

/* ---- The end of one -------------------------------------------------------------------------- */

static void tell_in_order(schedule *s)
{
    while (s->told_count < s->count && s->runs[s->told_count].state == RUN_ENDED) {
        rj_outcome *outcome = &s->runs[s->told_count++].outcome;
        s->counts.passed += outcome->verdict == RJ_VERDICT_OK;
        s->counts.failed += outcome->verdict == RJ_VERDICT_FAILED;
        s->counts.skipped += outcome->verdict == RJ_VERDICT_SKIPPED;
        s->told(s->data, outcome);
        rj_outcome_clear(outcome);
    }
}

static void conclude(run *r)
{
    schedule *s = r->owner;
    r->state = RUN_ENDED;
    if (!r->outcome.loaded && strcmp(r->outcome.test->name, "load") == 0)
        s->load_failed[r->outcome.placement] = true;
    tell_in_order(s);
}

static void read_output(void *data)
{
    run *r = data;
    char buffer[4096];
    for (long got; (got = rj_process_read(r->process, buffer, sizeof buffer)) >= 0;) {
        if (got == 0) {
            rj_watch_stop(r->written);
            r->written = NULL;
            return;
        }
        if (r->output.length < OUTPUT_MAX)
            rj_text_append(&r->output, buffer, (size_t)got);
    }
}

static void on_ended(void *data)
{
    run *r = data;
    rj_process_end end;
    if (rj_process_collect(r->process, &end))
        return;
    if (r->written)
        read_output(r);
    rj_watch_stop(r->ended);
    rj_watch_stop(r->written);
    rj_timer_stop(r->limit);
    rj_process_free(r->process);
    r->process = NULL;
    r->outcome.ms = rj_clock_monotonic_ms() - r->began_ms;
    rj_death death = {.timed_out = r->timed_out,
                      .timeout_s = r->owner->options->timeout_s,
                      .end = end,
                      .output = r->output.bytes ? r->output.bytes : ""};
    rj_outcome_read(&r->outcome, r->base, &death);
    rj_text_free(&r->output);
    rj_dir_remove(r->base, NULL);
    r->owner->running--;
    conclude(r);
}

static void on_time_up(void *data)
{
    run *r = data;
    r->timed_out = true;
    rj_process_kill_tree(r->process);
}

/* ---- The start of one ------------------------------------------------------------------------ */

static rj_status make_base(run *r, rj_error *err)
{
    static const char *const folders[] = {RJ_TRIAL_CWD, RJ_TRIAL_HOME, RJ_TRIAL_TMP, RJ_TRIAL_LOG};
    char path[RJ_STAGE_PATH + 16];
    rj_status status = rj_tree_temporary(r->base, sizeof r->base - 64, err);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !status; i++) {
        snprintf(path, sizeof path, "%s/%s", r->base, folders[i]);
        status = rj_tree_make(path, err);
    }
    return status;
}

static rj_status start_process(run *r, rj_error *err)
{
    rj_argument_list list;
    char directory[RJ_STAGE_PATH + 16];
    char home[RJ_STAGE_PATH + 16];
    char tmp[RJ_STAGE_PATH + 16];
    rj_options own = *r->owner->options;
    own.run = r->outcome.test->name;
    own.base = r->base;
    own.placement = r->outcome.placement;
    rj_options_write(&own, &list);
    snprintf(directory, sizeof directory, "%s/" RJ_TRIAL_CWD, r->base);
    snprintf(home, sizeof home, "HOME=%s/" RJ_TRIAL_HOME, r->base);
    snprintf(tmp, sizeof tmp, "TMPDIR=%s/" RJ_TRIAL_TMP, r->base);
    const char *environment[16] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", home, tmp};
    rj_outcome_environment(environment + 4, 11);
    rj_process_spec spec = {.program = "/proc/self/exe",
                            .arguments = list.arguments,
                            .environment = environment,
                            .directory = directory};
    return rj_process_start(&spec, &r->process, err);
}

static rj_status start(run *r, rj_error *err)
{
    rj_status status = make_base(r, err);
    if (!status)
        status = start_process(r, err);
    r->began_ms = rj_clock_monotonic_ms();
    r->state = RUN_RUNNING;
    if (!status)
        status = rj_watch_readable(r->owner->loop, rj_process_output_fd(r->process), read_output, r,
                                   &r->written, err);
    if (!status)
        status = rj_watch_readable(r->owner->loop, rj_process_end_fd(r->process), on_ended, r,
                                   &r->ended, err);
    if (!status)
        status = rj_timer_start(r->owner->loop, (uint64_t)r->owner->options->timeout_s * 1000, 0,
                                on_time_up, r, &r->limit, err);
    r->owner->running += status == RJ_OK;
    return status;
}

static bool waits_for_load(const schedule *s, const run *r)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->runs[i].outcome.test->name, "load") == 0 && s->runs[i].state != RUN_ENDED &&
            s->runs[i].outcome.placement == r->outcome.placement && r != &s->runs[i])
            return true;
    return false;
}

static rj_status start_some(schedule *s, rj_error *err)
{
    for (size_t i = 0; i < s->count && s->running < (size_t)s->options->jobs; i++) {
        run *r = &s->runs[i];
        bool needs_load = r->outcome.placement != RJ_PLACED_NOWHERE &&
                          strcmp(r->outcome.test->name, "entry") != 0;
        if (r->state != RUN_WAITING || (needs_load && waits_for_load(s, r)))
            continue;
        if (needs_load && s->load_failed[r->outcome.placement]) {
            r->outcome.verdict = RJ_VERDICT_SKIPPED;
            snprintf(r->outcome.reason, sizeof r->outcome.reason,
                     "the plugin cannot be loaded; see the test \"load\"");
            conclude(r);
            continue;
        }
        rj_status status = start(r, err);
        if (status)
            return status;
    }
    return RJ_OK;
}

/* ---- All ------------------------------------------------------------------------------------- */

static void drop(run *r)
{
    if (r->state != RUN_RUNNING)
        return;
    rj_watch_stop(r->ended);
    rj_watch_stop(r->written);
    rj_timer_stop(r->limit);
    rj_process_free(r->process);
    rj_text_free(&r->output);
    rj_dir_remove(r->base, NULL);
}

rj_status rj_runs_all(const rj_options *options,
                      void (*told)(void *data, const rj_outcome *outcome), void *data,
                      rj_counts *ret_counts, rj_error *err)
{
    schedule *s = rj_calloc(1, sizeof *s);
    if (!s)
        return rj_fail_memory(err, "planning the tests");
    s->options = options;
    s->told = told;
    s->data = data;
    rj_status status = rj_loop_new(&s->loop, err);
    if (!status)
        plan(s);
    while (!status && s->told_count < s->count) {
        status = start_some(s, err);
        if (!status && s->running)
            rj_loop_turn(s->loop, 1000);
    }
    for (size_t i = 0; i < s->count; i++)
        drop(&s->runs[i]);
    *ret_counts = s->counts;
    if (s->loop)
        rj_loop_free(s->loop);
    rj_free(s);
    return status;
}
