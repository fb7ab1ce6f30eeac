/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

#include "probe_ids.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/system.h"
#include "test_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE_MAX (16u << 20)
#define WORKER_MAX (64u << 20)

static void must(rj_status status, const rj_error *err)
{
    if (status)
        fail_msg("%s", err->text);
}

void scene_open(scene *s)
{
    scene_open_as(s, RJ_ROLE_SERVICE);
}

void scene_open_as(scene *s, rj_role role)
{
    rj_error err = RJ_ERROR_NONE;
    *s = (scene){.grace_ms = 150, .worker_start_ms = PATIENCE_MS, .role = role};
    memory_kv_open(&s->memory);
    s->kv = memory_kv_backend(&s->memory);
    assert_true(test_folder("test", s->root, sizeof s->root));
    must(rj_paths_new(role, s->root, NULL, &s->paths, &err), &err);
    must(rj_loop_new(&s->loop, &err), &err);
    if (scene_in_worker())
        scene_add_worker(s);
}

bool scene_in_worker(void)
{
    const char *placement = getenv("RJ_TEST_PLACEMENT");
    return placement && strcmp(placement, "worker") == 0;
}

void scene_add_worker(scene *s)
{
    scene_add_program(s, TEST_WORKER);
}

void scene_add_program(scene *s, const char *source)
{
    rj_error err = RJ_ERROR_NONE;
    char *bytes = NULL;
    size_t length = 0;
    char folder[200];
    const char *program = rj_path(s->paths, RJ_PATH_WORKER);
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(program, '/') - program), program);
    must(rj_dir_make(folder, 0755, &err), &err);
    must(rj_file_read(source, WORKER_MAX, &bytes, &length, &err), &err);
    must(rj_file_write(program, bytes, length, 0755, &err), &err);
    rj_free(bytes);
}

const char *scene_folder(const scene *s, bool built_in, const char *id)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/%s",
             rj_path(s->paths, built_in ? RJ_PATH_PLUGINS : RJ_PATH_PLUGINS_3RD), id);
    return path;
}

void scene_add(scene *s, bool built_in, const char *id, const char *module, const char *provides,
               const char *extra)
{
    rj_error err = RJ_ERROR_NONE;
    char from[400];
    char path[500];
    char manifest[6000];
    char hash[65];
    char *bytes = NULL;
    size_t length = 0;
    must(rj_dir_make(scene_folder(s, built_in, id), 0755, &err), &err);
    snprintf(from, sizeof from, "%s/%s" TEST_SUFFIX, TEST_MODULES, module);
    must(rj_file_read(from, MODULE_MAX, &bytes, &length, &err), &err);
    snprintf(path, sizeof path, "%s/%s" TEST_SUFFIX, scene_folder(s, built_in, id), module);
    must(rj_file_write(path, bytes, length, 0644, &err), &err);
    rj_free(bytes);
    must(rj_file_sha256(path, hash, &err), &err);
    int written =
        snprintf(manifest, sizeof manifest,
                 "{\"id\": \"%s\", \"name\": \"%s\", \"version\": \"1.0.0\", \"abi\": 1,"
                 " \"provides\": [%s], \"binary\": \"%s" TEST_SUFFIX "\", \"sha256\": \"%s\"%s}",
                 id, id, provides, module, hash, extra);
    snprintf(path, sizeof path, "%s/plugin.json", scene_folder(s, built_in, id));
    must(rj_file_write(path, manifest, (size_t)written, 0644, &err), &err);
}

/* The list as JSON text. */
static void print_list(char *text, size_t size, const char *const *list)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (size_t i = 0; list[i]; i++)
        used += (size_t)snprintf(text + used, size - used, "%s\"%s\"", i ? ", " : "", list[i]);
    snprintf(text + used, size - used, "]");
}

void scene_add_probe(scene *s)
{
    static const char *const checks[] = {PROBE_CHECK_IDS, NULL};
    static const char *const formats[] = {PROBE_FORMATS, NULL};
    char check_list[1000];
    char format_list[100];
    char extra[1400];
    print_list(check_list, sizeof check_list, checks);
    print_list(format_list, sizeof format_list, formats);
    snprintf(extra, sizeof extra,
             ", \"capabilities\": [\"spawn\", \"secret\"], \"isolation\": \"%s\", \"checks\": %s, "
             "\"formats\": %s",
             scene_in_worker() ? "worker" : "in-process", check_list, format_list);
    scene_add(s, true, "probe", "probe", "\"rj.check/1\", \"rj.package/1\"", extra);
}

void scene_load(scene *s)
{
    rj_error err = RJ_ERROR_NONE;
    rj_runtime_options options = {.loop = s->loop,
                                  .paths = s->paths,
                                  .role = s->role,
                                  .kv = s->kv,
                                  .plugins_policy = s->policy,
                                  .policy_unknown = s->policy_unknown,
                                  .grace_ms = s->grace_ms,
                                  .worker_idle_ms = s->worker_idle_ms,
                                  .worker_start_ms = s->worker_start_ms,
                                  .crash_wait_ms = s->crash_wait_ms};
    must(rj_runtime_new(&options, &s->runtime, &err), &err);
    must(rj_runtime_load(s->runtime, &err), &err);
}

static void on_stopped(void *data)
{
    ((scene *)data)->stopped = true;
}

bool scene_unload(scene *s)
{
    if (!s->runtime)
        return true;
    s->stopped = false;
    rj_runtime_stop(s->runtime, on_stopped, s);
    uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
    while (!s->stopped && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(s->loop, 100);
    assert_true(s->stopped);
    bool clean = rj_runtime_free(s->runtime);
    s->runtime = NULL;
    return clean;
}

void scene_close(scene *s)
{
    scene_unload(s);
    rj_loop_free(s->loop);
    json_decref(s->policy);
    rj_dir_remove(s->root, NULL);
    rj_paths_free(s->paths);
    memory_kv_close(&s->memory);
}

static void on_answer(void *data, const rj_answer *answer)
{
    heard *h = data;
    h->answers++;
    h->status = answer->status;
    snprintf(h->message, sizeof h->message, "%s", answer->message);
    snprintf(h->plugin_id, sizeof h->plugin_id, "%s", answer->plugin_id);
    h->result = json_incref(answer->result);
    for (const rj_attached_secret *at = answer->secrets; at; at = at->next)
        snprintf(h->secret, sizeof h->secret, "%s=%.*s", at->name, (int)at->length,
                 (const char *)at->bytes);
}

static void on_progress(void *data, int permille, const char *text)
{
    heard *h = data;
    assert_int_equal(h->answers, 0);
    h->progress_calls++;
    h->permille = permille;
    snprintf(h->progress_text, sizeof h->progress_text, "%s", text);
}

static void on_wrote(void *data, uint64_t line, const char *bytes, size_t length)
{
    heard *h = data;
    assert_int_equal(h->answers, 0);
    assert_int_equal(line, 0);
    size_t used = strlen(h->wrote), room = sizeof h->wrote - 1 - used;
    memcpy(h->wrote + used, bytes, length < room ? length : room);
}

rj_question scene_question(heard *h, int64_t deadline_ms)
{
    memset(h, 0, sizeof *h);
    return (rj_question){.correlation = "c0ffee",
                         .deadline_ms = deadline_ms,
                         .answered = on_answer,
                         .progressed = on_progress,
                         .wrote = on_wrote,
                         .data = h};
}

void scene_wait(scene *s, const heard *h)
{
    uint64_t limit = rj_clock_monotonic_ms() + 2 * PATIENCE_MS;
    while (!h->answers && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(s->loop, 100);
    assert_int_equal(h->answers, 1);
}

void scene_evaluate(scene *s, const char *check_id, int64_t deadline_ms, heard *h)
{
    rj_question question = scene_question(h, deadline_ms);
    assert_true(rj_runtime_evaluate(s->runtime, check_id, &question) != 0);
    assert_int_equal(h->answers, 0); /* never at once */
    scene_wait(s, h);
}

void scene_forget(heard *h)
{
    json_decref(h->result);
    h->result = NULL;
}

void scene_wake(scene *s)
{
    heard h;
    scene_evaluate(s, "well", PATIENCE_MS, &h);
    if (h.status)
        fail_msg("%s", h.message);
    scene_forget(&h);
}

json_t *scene_describe(scene *s, const char *id, const char *member)
{
    json_t *list = rj_runtime_describe(s->runtime);
    json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *one = json_array_get(list, i);
        if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0 && !found)
            found = json_incref(json_object_get(one, member));
    }
    json_decref(list);
    return found;
}

void scene_turn_for(scene *s, int ms)
{
    uint64_t limit = rj_clock_monotonic_ms() + (uint64_t)ms;
    while (rj_clock_monotonic_ms() < limit)
        rj_loop_turn(s->loop, (int)(limit - rj_clock_monotonic_ms()) + 1);
}
