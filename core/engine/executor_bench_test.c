/* SPDX-License-Identifier: MIT */
#include "engine/executor_bench_test.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/recovery.h"
#include "platform/file.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

bench b;

static void keep_line(void *data, int level, const char *line)
{
    (void)data;
    (void)level;
    size_t used = strlen(b.lines);
    snprintf(b.lines + used, sizeof b.lines - used, "%s\n", line);
}

/* ---- Mirror ---------------------------------------------------------------------------------- */

static void note(const char *text)
{
    size_t used = strlen(b.mirrored);
    snprintf(b.mirrored + used, sizeof b.mirrored - used, "%s", text);
}

static rj_status mirror_put(void *data, const rj_mirror_id *whose, const rj_mirror_value *values,
                            size_t count, rj_error *err)
{
    char text[256];
    (void)data;
    snprintf(text, sizeof text, "put %s", whose->id);
    note(text);
    for (size_t i = 0; i < count; i++) {
        const rj_mirror_value *value = &values[i];
        if (value->kind == RJ_MIRROR_NUMBER)
            snprintf(text, sizeof text, " %s=%lu", value->name, (unsigned long)value->number);
        else
            snprintf(text, sizeof text, " %s=%s", value->name,
                     value->kind == RJ_MIRROR_TEXT ? value->text : "-");
        note(text);
    }
    note("; ");
    return b.mirror_status == RJ_OK ? RJ_OK : rj_fail(err, b.mirror_status, "the mirror is broken");
}

static rj_status mirror_remove(void *data, const rj_mirror_id *whose, rj_error *err)
{
    char text[256];
    (void)data;
    (void)err;
    snprintf(text, sizeof text, "remove %s; ", whose->id);
    note(text);
    return RJ_OK;
}

static rj_status mirror_prune(void *data, const rj_mirror_id *kept, size_t count, rj_error *err)
{
    char text[256];
    (void)data;
    (void)err;
    note("keep");
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, " %s", kept[i].id);
        note(text);
    }
    note("; ");
    return RJ_OK;
}

/* ---- Bench ----------------------------------------------------------------------------------- */

void bench_open_store(void)
{
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    if (rj_store_open(b.folder, &b.store, &damaged, &error) != RJ_OK)
        fail_msg("%s", error.text);
}

bool bench_use_folder(const char *folder)
{
    memset(&b, 0, sizeof b);
    snprintf(b.folder, sizeof b.folder, "%s", folder);
    if (rj_paths_new(RJ_ROLE_SERVICE, b.folder, NULL, &b.paths, NULL) != RJ_OK)
        return false;
    fake_begin(&b.fake, b.folder);
    b.caller = RJ_UID_MACHINE;
    b.mirror = (rj_mirror){.put = mirror_put, .remove = mirror_remove, .prune = mirror_prune};
    rj_log_set_listener(keep_line, NULL);
    return true;
}

int bench_set_up(void **state)
{
    char folder[sizeof b.folder];
    (void)state;
    if (!test_folder("executor", folder, sizeof folder) || !bench_use_folder(folder))
        return -1;
    bench_open_store();
    return 0;
}

int bench_tear_down(void **state)
{
    (void)state;
    rj_log_set_listener(NULL, NULL);
    fake_end(&b.fake);
    rj_store_close(b.store);
    rj_paths_free(b.paths);
    return rj_dir_remove(b.folder, NULL) == RJ_OK ? 0 : -1;
}

rj_assignment *bench_add(const char *id, rj_uid owner, rj_verdict verdict, const char *version)
{
    size_t i = b.plan.action_count;
    b.assignments[i] = (rj_assignment){
        .id = id,
        .name = id,
        .format = "craft",
        .version = version,
        .scope = owner == RJ_UID_MACHINE ? RJ_SCOPE_SYSTEM : RJ_SCOPE_USER,
        .time_limit_ms = 1000,
        .audience = owner,
    };
    b.items[i] = (rj_plan_item){.assignment = &b.assignments[i], .uid = owner, .verdict = verdict};
    b.plan.items = b.items;
    b.plan.item_count = b.plan.action_count = i + 1;
    return &b.assignments[i];
}

static uint64_t no_evidence(void *data, const rj_assignment *assignment)
{
    (void)data;
    (void)assignment;
    return 42;
}

static const char *installed(void *data, const char *id, rj_uid owner)
{
    (void)data;
    snprintf(b.installed, sizeof b.installed, "%s", fake_installed(&b.fake, id, owner));
    return b.installed[0] ? b.installed : NULL;
}

static void on_found(void *data, const char *id, rj_uid owner, const rj_found *found)
{
    (void)data;
    (void)id;
    (void)owner;
    (void)found;
}

static void on_event(void *data, const char *topic, rj_uid audience, const json_t *document)
{
    (void)data;
    if (strcmp(topic, "progress") == 0) {
        b.progress_events++;
        return;
    }
    if (strcmp(topic, "output") == 0) {
        size_t length = strlen(b.output);
        snprintf(b.output + length, sizeof b.output - length, "%s",
                 json_string_value(json_object_get(document, "text")));
        b.output_audience = audience;
        return;
    }
    assert_string_equal(topic, "action");
    assert_string_equal(json_string_value(json_object_get(document, "correlation")), CORRELATION);
    size_t used = strlen(b.events);
    snprintf(b.events + used, sizeof b.events - used, "%s %s; ",
             json_string_value(json_object_get(document, "state")),
             json_string_value(json_object_get(document, "id")));
    b.last_audience = audience;
    const char *log = json_string_value(json_object_get(document, "log"));
    if (log)
        snprintf(b.last_log, sizeof b.last_log, "%s", log);
    const char *error = json_string_value(json_object_get(document, "error"));
    snprintf(b.last_error, sizeof b.last_error, "%s", error ? error : "");
}

static void on_ended(void *data)
{
    (void)data;
    assert_false(b.ended);
    b.ended = true;
}

rj_execution bench_execution(void)
{
    return (rj_execution){
        .loop = b.loop,
        .store = b.store,
        .paths = b.paths,
        .performer = &b.fake.performer,
        .mirror = &b.mirror,
        .phase = "RunningDeployment",
        .policy = &b.policy,
        .plan = &b.plan,
        .correlation = CORRELATION,
        .caller = b.caller,
        .evidence = no_evidence,
        .installed = installed,
        .found = on_found,
        .event = on_event,
        .ended = on_ended,
    };
}

void bench_begin(void)
{
    rj_execution execution = bench_execution();
    rj_error error = RJ_ERROR_NONE;
    b.ended = false;
    if (rj_executor_new(&execution, &b.executor, &error) != RJ_OK)
        fail_msg("%s", error.text);
    rj_executor_run(b.executor);
}

rj_execution_counts bench_run(void)
{
    bench_begin();
    while (fake_turn(&b.fake)) {
    }
    assert_true(b.ended);
    static char message[RJ_ERROR_TEXT];
    rj_execution_counts counts = rj_executor_counts(b.executor);
    snprintf(message, sizeof message, "%s", counts.message);
    counts.message = message;
    rj_executor_free(b.executor);
    b.executor = NULL;
    return counts;
}

static void recovery_ended(void *data)
{
    *(bool *)data = true;
}

void bench_recover(void)
{
    bool ended = false;
    rj_recovery_options options = {.store = b.store,
                                   .performer = &b.fake.performer,
                                   .mirror = &b.mirror,
                                   .data = &ended,
                                   .found = on_found,
                                   .ended = recovery_ended};
    rj_recovery *recovery = NULL;
    assert_int_equal(rj_recovery_new(&options, &recovery, NULL), RJ_OK);
    rj_recovery_run(recovery);
    while (fake_turn(&b.fake)) {
    }
    assert_true(ended);
    rj_recovery_free(recovery);
}

rj_store_record *bench_record(void)
{
    rj_store_record *records = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_records(b.store, &records, &count, NULL), RJ_OK);
    assert_true(count <= 1);
    if (count)
        return records;
    rj_free(records);
    return NULL;
}

unsigned bench_attempts(void)
{
    rj_attempts *list = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_attempts(b.store, &list, &count, NULL), RJ_OK);
    unsigned failures = count ? list[0].failures : 0;
    rj_free(list);
    return failures;
}

size_t bench_open_entries(void)
{
    rj_journal_entry *entries = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_journal_open_entries(b.store, &entries, &count, NULL), RJ_OK);
    rj_free(entries);
    return count;
}
