/* SPDX-License-Identifier: MIT */
/* The plugin test host itself: what it runs for a plugin and which misuse it catches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin_host.h"
#include "plugin_host_shell_test.h"
#include "test_files.h"
#include "test_system.h"

static char *base;

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
    const rj_host_exec *exec;
    const rj_host_spawn *spawn;
    const rj_host_timer *timer;
    const rj_host_event *event;
    const rj_host_kv *kv;
    rj_op current;
    uint64_t handle;
    char seen[256];
};

static rj_status RJ_CALL create(const rj_host *host, const char *config_json,
                                rj_plugin **ret_plugin)
{
    rj_plugin *plugin = calloc(1, sizeof *plugin);

    assert_non_null(plugin);
    assert_non_null(strstr(config_json, "\"settings\""));
    plugin->host = host;
    plugin->op = host->query(host, RJ_HOST_OP);
    plugin->exec = host->query(host, RJ_HOST_EXEC);
    plugin->spawn = host->query(host, RJ_HOST_SPAWN);
    plugin->timer = host->query(host, RJ_HOST_TIMER);
    plugin->event = host->query(host, RJ_HOST_EVENT);
    plugin->kv = host->query(host, RJ_HOST_KV);
    assert_null(host->query(host, "rj.host.unknown/1"));
    *ret_plugin = plugin;
    return RJ_OK;
}

static const void *RJ_CALL query(rj_plugin *plugin, const char *id)
{
    (void)plugin;
    (void)id;
    return NULL;
}

static void RJ_CALL stop(rj_plugin *plugin, rj_op op)
{
    plugin->op->finish(plugin->host, op, RJ_OK, NULL);
}

static void RJ_CALL destroy(rj_plugin *plugin)
{
    free(plugin);
}

static const rj_plugin_desc *entry(void)
{
    static const char *const provides[] = {NULL};
    static const rj_plugin_desc desc = {sizeof desc, RJ_ABI_MINOR, "probe", "0.1.0", provides,
                                        create,      query,        stop,    destroy};

    return &desc;
}

static plugin_host *open_host(void)
{
    static unsigned count;
    char scratch[TEST_PATH_MAX];

    snprintf(scratch, sizeof scratch, "%s/%u", base, count++);
    test_folder_make(scratch);
    return plugin_host_open(entry, "", scratch, "{}");
}

static void assert_misuse(plugin_host *host, const char *expected)
{
    const char *misuse = plugin_host_close(host);

    assert_non_null(misuse);
    if (!strstr(misuse, expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, misuse);
}

/* ---- Methods of the probe -------------------------------------------------------------------- */

static void answer_with_result(rj_plugin *plugin, rj_op op, void *data)
{
    (void)data;
    plugin->op->progress(plugin->host, op, 500, "half");
    assert_int_equal(plugin->op->set_result(plugin->host, op, "{\"a\":1}", 7), RJ_OK);
    plugin->op->finish(plugin->host, op, RJ_OK, NULL);
}

static void answer_twice(rj_plugin *plugin, rj_op op, void *data)
{
    (void)data;
    plugin->op->finish(plugin->host, op, RJ_OK, NULL);
    plugin->op->finish(plugin->host, op, RJ_OK, NULL);
}

static void fail_silently(rj_plugin *plugin, rj_op op, void *data)
{
    (void)data;
    plugin->op->finish(plugin->host, op, RJ_E_FAILED, "");
}

static void push_garbage(rj_plugin *plugin, rj_op op, void *data)
{
    (void)data;
    assert_int_equal(plugin->op->set_result(plugin->host, op, "{a", 2), RJ_E_INVALID);
    plugin->op->finish(plugin->host, op, RJ_OK, NULL);
}

static void RJ_CALL work_until_cancelled(rj_op op, void *data)
{
    rj_plugin *plugin = data;

    while (!plugin->op->cancelled(plugin->host, op))
        test_sleep_ms(1);
    plugin->op->finish(plugin->host, op, RJ_E_CANCELLED, "stopped");
}

static void RJ_CALL work_without_answer(rj_op op, void *data)
{
    (void)op;
    (void)data;
}

static void RJ_CALL no_cleanup(rj_op op, void *data, int32_t started)
{
    (void)op;
    (void)data;
    assert_int_equal(started, 1);
}

static void run_until_cancelled(rj_plugin *plugin, rj_op op, void *data)
{
    (void)data;
    assert_int_equal(plugin->exec->run(plugin->host, op, work_until_cancelled, no_cleanup, plugin),
                     RJ_OK);
}

static void RJ_CALL wake_up(void *data)
{
    rj_plugin *plugin = data;

    plugin->op->finish(plugin->host, plugin->current, RJ_E_CANCELLED, "woken");
}

static void wait_for_wake(rj_plugin *plugin, rj_op op, void *data)
{
    (void)data;
    plugin->current = op;
    assert_int_equal(plugin->op->on_cancel(plugin->host, op, wake_up, plugin), RJ_OK);
}

static void run_without_answer(rj_plugin *plugin, rj_op op, void *data)
{
    wait_for_wake(plugin, op, data);
    assert_int_equal(plugin->exec->run(plugin->host, op, work_without_answer, no_cleanup, plugin),
                     RJ_OK);
}

static void RJ_CALL keep_exit(void *data, const rj_spawn_exit *how)
{
    rj_plugin *plugin = data;

    snprintf(plugin->seen, sizeof plugin->seen, "%d %d %u %s", (int)how->kind, (int)how->value,
             how->survivors, how->tail);
    plugin->op->finish(plugin->host, plugin->current, RJ_OK, NULL);
}

static void spawn_script(rj_plugin *plugin, rj_op op, void *data)
{
    const shell_case *what = data;
    const char *const arguments[] = {"shell", shell_option, what->script, NULL};
    const char *const environment[] = {shell_path, NULL};
    rj_spawn spawn = {.size = sizeof spawn,
                      .program = shell_program,
                      .arguments = arguments,
                      .environment = environment,
                      .directory = shell_folder,
                      .time_limit_ms = what->time_limit_ms};

    plugin->current = op;
    assert_int_equal(
        plugin->spawn->start(plugin->host, op, &spawn, keep_exit, plugin, &plugin->handle), RJ_OK);
}

static void RJ_CALL timer_fired(void *data)
{
    rj_plugin *plugin = data;

    assert_int_equal(plugin->event->publish(plugin->host, "probe.done", "1", 1), RJ_OK);
    assert_int_equal(plugin->event->publish(plugin->host, "probes", "1", 1), RJ_E_DENIED);
}

static void RJ_CALL heard(void *data, const char *topic, const char *json, size_t length)
{
    rj_plugin *plugin = data;

    snprintf(plugin->seen, sizeof plugin->seen, "%s %.*s", topic, (int)length, json);
    plugin->event->unsubscribe(plugin->host, plugin->handle);
    plugin->op->finish(plugin->host, plugin->current, RJ_OK, NULL);
}

static void wait_for_event(rj_plugin *plugin, rj_op op, void *data)
{
    uint64_t timer;

    (void)data;
    plugin->current = op;
    assert_int_equal(
        plugin->event->subscribe(plugin->host, "probe", heard, plugin, &plugin->handle), RJ_OK);
    assert_int_equal(plugin->timer->start(plugin->host, 10, 0, timer_fired, plugin, &timer), RJ_OK);
}

static void RJ_CALL keep_value(void *data, const void *bytes, size_t length)
{
    memcpy(data, bytes, length);
}

static void use_kv(rj_plugin *plugin, rj_op op, void *data)
{
    char value[16] = "";

    (void)data;
    assert_int_equal(plugin->kv->get(plugin->host, "key", keep_value, value), RJ_E_NOT_FOUND);
    assert_int_equal(plugin->kv->set(plugin->host, "key", "abc", 3), RJ_OK);
    assert_int_equal(plugin->kv->get(plugin->host, "key", keep_value, value), RJ_OK);
    assert_string_equal(value, "abc");
    assert_int_equal(plugin->kv->remove(plugin->host, "key"), RJ_OK);
    assert_int_equal(plugin->kv->set(plugin->host, "../x", "abc", 3), RJ_E_INVALID);
    plugin->op->finish(plugin->host, op, RJ_OK, NULL);
}

static void RJ_CALL answer_done(rj_op op, void *data)
{
    rj_plugin *plugin = data;

    plugin->op->finish(plugin->host, op, RJ_OK, NULL);
}

static void RJ_CALL count_started(rj_op op, void *data, int32_t started)
{
    rj_plugin *plugin = data;

    (void)op;
    plugin->handle += started ? 1 : 100;
}

/* A job that holds the lane, one that waits behind it, and one queued once the op is cancelled. */
static void RJ_CALL queue_late(void *data)
{
    rj_plugin *plugin = data;

    assert_int_equal(
        plugin->exec->run(plugin->host, plugin->current, answer_done, count_started, plugin),
        RJ_OK);
}

static void RJ_CALL hold_the_lane(rj_op op, void *data)
{
    const rj_plugin *plugin = data;

    while (!plugin->op->cancelled(plugin->host, op))
        test_sleep_ms(1);
    test_sleep_ms(50);
}

static void queue_before_and_after(rj_plugin *plugin, rj_op op, void *data)
{
    (void)data;
    plugin->current = op;
    assert_int_equal(plugin->op->on_cancel(plugin->host, op, queue_late, plugin), RJ_OK);
    assert_int_equal(plugin->exec->run(plugin->host, op, hold_the_lane, count_started, plugin),
                     RJ_OK);
    assert_int_equal(plugin->exec->run(plugin->host, op, answer_done, count_started, plugin),
                     RJ_OK);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void an_answer_carries_status_result_and_progress(void **state)
{
    plugin_host *host = open_host();
    plugin_answer answer = plugin_host_call(host, 1000, answer_with_result, NULL);

    (void)state;
    assert_int_equal(answer.status, RJ_OK);
    assert_string_equal(answer.result, "{\"a\":1}");
    assert_int_equal(answer.progress_calls, 1);
    assert_null(plugin_host_close(host));
}

static void a_second_answer_is_misuse(void **state)
{
    plugin_host *host = open_host();

    (void)state;
    plugin_host_call(host, 1000, answer_twice, NULL);
    assert_misuse(host, "finished twice");
}

static void a_failure_without_a_message_is_misuse(void **state)
{
    plugin_host *host = open_host();

    (void)state;
    plugin_host_call(host, 1000, fail_silently, NULL);
    assert_misuse(host, "failed without a message");
}

static void a_result_that_is_not_json_is_misuse(void **state)
{
    plugin_host *host = open_host();

    (void)state;
    plugin_host_call(host, 1000, push_garbage, NULL);
    assert_misuse(host, "not JSON");
}

static void work_that_ends_without_an_answer_is_misuse(void **state)
{
    plugin_host *host = open_host();

    (void)state;
    plugin_host_call_cancelled(host, 1000, 20, run_without_answer, NULL);
    assert_misuse(host, "nobody has answered");
}

static void cancelling_reaches_work_on_the_lane(void **state)
{
    plugin_host *host = open_host();
    plugin_answer answer = plugin_host_call_cancelled(host, 10000, 20, run_until_cancelled, NULL);

    (void)state;
    assert_int_equal(answer.status, RJ_E_CANCELLED);
    assert_null(plugin_host_close(host));
}

static void a_waiting_job_is_not_begun_and_a_late_one_is_run(void **state)
{
    plugin_host *host = open_host();
    plugin_answer answer = plugin_host_call_cancelled(host, 5000, 20, queue_before_and_after, NULL);

    (void)state;
    assert_int_equal(answer.status, RJ_OK);
    assert_int_equal(plugin_host_plugin(host)->handle, 102);
    assert_null(plugin_host_close(host));
}

static void the_deadline_cancels_and_wakes(void **state)
{
    plugin_host *host = open_host();
    plugin_answer answer = plugin_host_call(host, 20, wait_for_wake, NULL);

    (void)state;
    assert_int_equal(answer.status, RJ_E_CANCELLED);
    assert_string_equal(answer.message, "woken");
    assert_null(plugin_host_close(host));
}

static void a_program_reports_its_end_its_time_limit_and_survivors(void **state)
{
    (void)state;
    for (const shell_case *what = shell_cases; what->script; what++) {
        plugin_host *host = open_host();
        shell_case copy = *what;

        assert_int_equal(plugin_host_call(host, 30000, spawn_script, &copy).status, RJ_OK);
        assert_string_equal(plugin_host_plugin(host)->seen, what->expected);
        assert_null(plugin_host_close(host));
    }
}

static void timers_and_events_reach_the_plugin(void **state)
{
    plugin_host *host = open_host();

    (void)state;
    assert_int_equal(plugin_host_call(host, 1000, wait_for_event, NULL).status, RJ_OK);
    assert_string_equal(plugin_host_plugin(host)->seen, "probe.done 1");
    assert_null(plugin_host_close(host));
}

static void values_are_kept_and_bad_keys_refused(void **state)
{
    plugin_host *host = open_host();

    (void)state;
    assert_int_equal(plugin_host_call(host, 1000, use_kv, NULL).status, RJ_OK);
    assert_null(plugin_host_close(host));
}

static int make_base(void **state)
{
    (void)state;
    base = test_folder_new("plugin-host");
    return base ? 0 : -1;
}

static int remove_base(void **state)
{
    (void)state;
    test_folder_remove(base);
    free(base);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_carries_status_result_and_progress),
        cmocka_unit_test(a_second_answer_is_misuse),
        cmocka_unit_test(a_failure_without_a_message_is_misuse),
        cmocka_unit_test(a_result_that_is_not_json_is_misuse),
        cmocka_unit_test(work_that_ends_without_an_answer_is_misuse),
        cmocka_unit_test(cancelling_reaches_work_on_the_lane),
        cmocka_unit_test(a_waiting_job_is_not_begun_and_a_late_one_is_run),
        cmocka_unit_test(the_deadline_cancels_and_wakes),
        cmocka_unit_test(a_program_reports_its_end_its_time_limit_and_survivors),
        cmocka_unit_test(timers_and_events_reach_the_plugin),
        cmocka_unit_test(values_are_kept_and_bad_keys_refused),
    };

    return cmocka_run_group_tests(tests, make_base, remove_base);
}
