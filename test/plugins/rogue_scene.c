/* SPDX-License-Identifier: MIT */
/* Workers that break rules in a scene, see rogue_scene.h. */
#include "rogue_scene.h"

#include "base/log.h"
#include "leaks.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

scene rogue;
unsigned rogue_lines, rogue_error_lines, rogue_descriptors;
char rogue_last_error[2000];

/* ---- What the core looks like ---------------------------------------------------------------- */

static void keep_line(void *data, int level, const char *line)
{
    (void)data;
    rogue_lines++;
    if (level != RJ_LOG_ERROR || !strstr(line, "|plugin.rogue."))
        return;
    rogue_error_lines++;
    snprintf(rogue_last_error, sizeof rogue_last_error, "%s", line);
}

json_t *rogue_describe(const char *behaviour)
{
    char id[80];
    snprintf(id, sizeof id, "rogue.%s", behaviour);
    json_t *worker = scene_describe(&rogue, id, "worker");
    assert_non_null(worker);
    return worker;
}

bool rogue_has_process(const char *behaviour)
{
    json_t *worker = rogue_describe(behaviour);
    bool has = json_object_get(worker, "pid") != NULL;
    json_decref(worker);
    return has;
}

void rogue_wait_for_end(const char *behaviour)
{
    uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
    while (rogue_has_process(behaviour) && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(rogue.loop, 20);
    if (rogue_has_process(behaviour))
        fail_msg("the worker of rogue.%s is still there", behaviour);
}

void rogue_assert_nothing_is_left(const char *behaviour)
{
    rogue_wait_for_end(behaviour);
    if (leaks_descriptors() != rogue_descriptors)
        fail_msg("rogue.%s: %u descriptors, there were %u", behaviour, leaks_descriptors(),
                 rogue_descriptors);
    if (leaks_child())
        fail_msg("rogue.%s: a process is left", behaviour);
}

/* ---- The scene ------------------------------------------------------------------------------- */

void rogue_add(const char *behaviour)
{
    char id[80], extra[300];
    snprintf(id, sizeof id, "rogue.%s", behaviour);
    snprintf(extra, sizeof extra,
             ", \"capabilities\": [\"spawn\", \"secret\"], \"checks\": [\"%s\"]", behaviour);
    scene_add(&rogue, false, id, "case-good", "\"rj.check/1\"", extra);
}

void rogue_grant(const char *id, const char *capability)
{
    if (!rogue.policy)
        rogue.policy = json_object();
    json_object_set_new(rogue.policy, id, json_pack("{s:[s]}", "Grant", capability));
}

void rogue_load(void)
{
    scene_load(&rogue);
    rogue_descriptors = leaks_descriptors();
}

int rogue_setup(void **state)
{
    (void)state;
    scene_open(&rogue);
    scene_add_program(&rogue, TEST_ROGUE);
    rogue_error_lines = rogue_lines = 0;
    *rogue_last_error = '\0';
    rj_log_set_listener(keep_line, NULL);
    return 0;
}

int rogue_teardown(void **state)
{
    (void)state;
    scene_close(&rogue);
    rj_log_set_listener(NULL, NULL);
    return 0;
}

void rogue_ask(const char *behaviour, int64_t deadline_ms, heard *h)
{
    rogue_error_lines = 0;
    *rogue_last_error = '\0';
    scene_evaluate(&rogue, behaviour, deadline_ms, h);
    scene_forget(h);
}

void rogue_assert_answer(const char *behaviour, const heard *h, rj_status status, const char *words)
{
    char beginning[100];
    snprintf(beginning, sizeof beginning, "rogue.%s: ", behaviour);
    if (h->status != status || !strstr(h->message, words) ||
        strncmp(h->message, beginning, strlen(beginning)) != 0)
        fail_msg("rogue.%s: answered %d: %s", behaviour, (int)h->status, h->message);
}

void rogue_assert_end(const char *behaviour, const char *words, unsigned crashes)
{
    rogue_wait_for_end(behaviour);
    if (rogue_error_lines != 1 || !strstr(rogue_last_error, words))
        fail_msg("rogue.%s: %u lines, the last is %s", behaviour, rogue_error_lines,
                 rogue_last_error);
    json_t *worker = rogue_describe(behaviour);
    const char *end = json_string_value(json_object_get(worker, "last_end"));
    if (!end || !strstr(end, words))
        fail_msg("rogue.%s: its last end is %s", behaviour, end ? end : "not told");
    if (json_integer_value(json_object_get(worker, "crashes")) != crashes)
        fail_msg("rogue.%s: another number of crashes than %u", behaviour, crashes);
    json_decref(worker);
    rogue_assert_nothing_is_left(behaviour);
}

void rogue_commit(const rogue_offence *offences, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rogue_add(offences[i].behaviour);
    rogue_load();
    for (size_t i = 0; i < count; i++) {
        const rogue_offence *o = &offences[i];
        heard h;
        rogue_ask(o->behaviour, PATIENCE_MS, &h);
        rogue_assert_answer(o->behaviour, &h, o->status, o->words);
        rogue_assert_end(o->behaviour, o->words, o->crashes);
    }
}
