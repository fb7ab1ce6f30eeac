/* SPDX-License-Identifier: MIT */
/* More than one instance of the same code: side by side, and one after the other. */
#include "ask.h"
#include "case.h"

#include <stdio.h>
#include <string.h>

/* What an instance answered to all methods: status, and of a check its state. */
typedef struct answers {
    size_t count;
    rj_method methods[RJ_METHODS_MAX];
    rj_status status[RJ_METHODS_MAX];
    char state[RJ_METHODS_MAX][24];
    bool missing;
} answers;

static void keep(answers *kept, size_t i, const rj_asked *asked)
{
    const char *state = json_string_value(json_object_get(asked->result, "state"));
    kept->status[i] = asked->status;
    snprintf(kept->state[i], sizeof kept->state[i], "%s", state ? state : "");
    kept->missing |= !asked->answered;
}

static void ask_all(rj_stage *stage, answers *kept, const char *how)
{
    kept->count = rj_methods_of(stage, kept->methods);
    for (size_t i = 0; i < kept->count && !kept->missing; i++) {
        static rj_asked asked;
        rj_report_step(stage->report, "%s, %s", kept->methods[i].label, how);
        rj_ask(stage, &kept->methods[i], stage->options->deadline_ms, &asked);
        rj_ask_wait(stage, &asked, rj_stage_patience_ms(stage));
        rj_ask_judge(stage, &asked, RJ_ASKED_PLAINLY, how);
        keep(kept, i, &asked);
        rj_ask_forget(&asked);
    }
}

static void compare(rj_stage *stage, const answers *first, const answers *other, const char *how)
{
    for (size_t i = 0; i < first->count && i < other->count; i++)
        if (first->status[i] != other->status[i] || strcmp(first->state[i], other->state[i]) != 0)
            rj_report_finding(stage->report, "every instance answers as the first one did alone",
                              "keep no state outside of the instance: no static variables that "
                              "change",
                              "%s, %s: %s %s in place of %s %s", first->methods[i].label, how,
                              rj_status_name(other->status[i]), other->state[i],
                              rj_status_name(first->status[i]), first->state[i]);
}

static void ask_and_compare(rj_stage *stage, const answers *first, const char *how)
{
    static answers now;
    memset(&now, 0, sizeof now);
    ask_all(stage, &now, how);
    compare(stage, first, &now, how);
}

/* Each method asked of both before either has answered; their loops turn by turns. */
static void ask_both(rj_stage *a, rj_stage *b, const answers *first)
{
    static answers now[2];
    static rj_asked asked[2];
    rj_stage *stages[] = {a, b};
    memset(now, 0, sizeof now);
    for (int s = 0; s < 2; s++)
        now[s].count = rj_methods_of(stages[s], now[s].methods);
    for (size_t i = 0; i < now[0].count && i < now[1].count; i++) {
        rj_report_step(a->report, "%s, both at once", now[0].methods[i].label);
        for (int s = 0; s < 2; s++)
            rj_ask(stages[s], &now[s].methods[i], a->options->deadline_ms, &asked[s]);
        for (int64_t turns = rj_stage_patience_ms(a) / 2;
             turns > 0 && !(asked[0].answered && asked[1].answered); turns--)
            for (int s = 0; s < 2; s++)
                rj_stage_turn(stages[s], 1);
        for (int s = 0; s < 2; s++) {
            rj_ask_judge(stages[s], &asked[s], RJ_ASKED_PLAINLY, "two instances asked at once");
            keep(&now[s], i, &asked[s]);
            rj_ask_forget(&asked[s]);
        }
        if (now[0].missing || now[1].missing)
            return;
    }
    compare(a, first, &now[0], "while the second one works, too");
    compare(b, first, &now[1], "as the second one");
}

void rj_case_two_instances(rj_trial *trial)
{
    static answers first;
    rj_stage a;
    rj_stage b;
    if (!rj_stage_open(trial, "root", &a))
        return;
    if (rj_stage_load(&a, true)) {
        ask_all(&a, &first, "alone");
        if (rj_stage_open(trial, "root2", &b)) {
            if (rj_stage_load(&b, true)) {
                ask_both(&a, &b, &first);
                rj_report_step(trial->report, "ending the second instance");
                rj_stage_unload(&b);
                ask_and_compare(&a, &first, "after the second instance's end");
            }
            if (!trial->left_behind && rj_stage_load(&b, true)) {
                rj_report_step(trial->report, "ending the first instance");
                rj_stage_unload(&a);
                ask_and_compare(&b, &first, "after the first instance's end");
            }
            rj_stage_close(&b);
        }
    }
    rj_stage_close(&a);
}

void rj_case_second_life(rj_trial *trial)
{
    static answers first;
    rj_stage stage;
    rj_library *kept =
        NULL; /* so that the code, and what is static in it, stays from life to life */
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (trial->options->placement == RJ_PLACED_IN_PROCESS &&
        rj_library_open(trial->binary, stage.root, NULL, &kept, NULL))
        rj_report_note(trial->report, "each life loads the library anew");
    for (int life = 1; life <= 4 && rj_stage_load(&stage, true); life++) {
        if (life == 1)
            ask_all(&stage, &first, "in its first life");
        else
            ask_and_compare(&stage, &first, "in a later life");
        if (!rj_stage_unload(&stage))
            break;
    }
    if (!trial->left_behind)
        rj_library_close(kept);
    rj_stage_close(&stage);
}
