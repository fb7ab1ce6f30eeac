/* SPDX-License-Identifier: MIT */
/* Keeps the first lines of misbehaviour, from whatever thread they come. */
#include "misbehaviour.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define LINES_MAX 8u
#define LINE_SIZE 600

static struct {
    uv_mutex_t lock;
    unsigned count; /* seen; more than are kept */
    char lines[LINES_MAX][LINE_SIZE];
} seen;

static void on_line(void *data, int level, const char *line)
{
    static const struct {
        const char *mark;
        const char *words; /* in front of what stands behind the mark */
    } kinds[] = {{"|misbehaviour: ", "the host saw that it "},
                 {"|its worker, pid ", "its worker, pid "},
                 {"|its worker printed: ", "it printed: "}};
    (void)data;
    (void)level;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *found = strstr(line, kinds[i].mark);
        if (!found)
            continue;
        uv_mutex_lock(&seen.lock);
        if (seen.count < LINES_MAX)
            snprintf(seen.lines[seen.count], LINE_SIZE, "%s%s", kinds[i].words,
                     found + strlen(kinds[i].mark));
        seen.count++;
        uv_mutex_unlock(&seen.lock);
        return;
    }
}

rj_status rj_misbehaviour_watch(rj_error *err)
{
    if (uv_mutex_init(&seen.lock))
        return rj_fail_memory(err, "watching the plugin");
    rj_log_set_listener(on_line, NULL);
    return RJ_OK;
}

/* What to do, by words of the runtime's own line. */
static const char *advice_for(const char *line)
{
    static const struct {
        const char *words;
        const char *advice;
    } known[] = {
        {"its worker, pid", "the plugin ended its worker; repeat the test with --placement "
                            "in-process and a debugger, and see docs/security.md for what a "
                            "worker may not do"},
        {"it printed", "write through rj.host.log/1; descriptors 0 to 2 are the host's"},
        {"a second time", "call finish() exactly once for each op; keep a flag beside the op"},
        {"long over", "forget an op once it was finished; never finish a number you made up"},
        {"given up",
         "poll cancelled() and remaining_ms() in long work and finish before the deadline"},
        {"in time, nor",
         "answer every op, also after a cancellation: poll cancelled() or use on_cancel()"},
        {"gave no message", "every status but RJ_OK needs a message: what, where, what to do"},
        {"no status", "finish with RJ_OK or one of the RJ_E_ values of plugin.h"},
        {"result:", "push a JSON document (RFC 8259) of at most 1 MiB whose length is right"},
        {"gave no answer",
         "finish the op in `work`, in `done` or when the child has ended, on every way"},
        {"timers", "stop timers and subscriptions in stop()"},
        {"another thread", "call this on [loop] only; pass from [lane] to [loop] by `done`"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(line, known[i].words))
            return known[i].advice;
    return "compare with the contract in realmjoin/plugin.h";
}

void rj_misbehaviour_report(rj_report *report)
{
    uv_mutex_lock(&seen.lock);
    for (unsigned i = 0; i < seen.count && i < LINES_MAX; i++)
        rj_report_finding(report, "the plugin keeps to the contract of plugin.h",
                          advice_for(seen.lines[i]), "%s", seen.lines[i]);
    if (seen.count > LINES_MAX)
        rj_report_note(report, "%u more breaches of the contract", seen.count - LINES_MAX);
    seen.count = 0;
    uv_mutex_unlock(&seen.lock);
}

void rj_misbehaviour_forget(void)
{
    uv_mutex_lock(&seen.lock);
    seen.count = 0;
    uv_mutex_unlock(&seen.lock);
}
