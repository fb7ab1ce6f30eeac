/* SPDX-License-Identifier: MIT */
#include "engine/agent_bench_test.h"

#include "base/alloc.h"
#include "base/log.h"
#include "platform/file.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

agent_bench a;

static void keep_line(void *data, int level, const char *line)
{
    (void)data;
    (void)level;
    size_t used = strlen(a.lines);
    snprintf(a.lines + used, sizeof a.lines - used, "%s\n", line);
}

/* ---- Fakes ----------------------------------------------------------------------------------- */

static const char *const *check_ids(void *data)
{
    static const char *const one[] = {"firewall", NULL}, *const none[] = {NULL};
    (void)data;
    return a.check_offered ? one : none;
}

static void answer_missing(void *asked)
{
    const rj_question *question = asked;
    rj_answer answer = {
        .status = RJ_E_NOT_FOUND, .message = "no plugin offers this check", .plugin_id = ""};
    question->answered(question->data, &answer);
}

static rj_question_id evaluate(void *data, const char *check_id, const rj_question *question)
{
    (void)data;
    if (strcmp(check_id, "firewall") == 0) {
        assert_false(a.check_asked);
        a.check_asked = true;
        a.check_question = *question;
        a.checks_evaluated++;
        return 1;
    }
    /* No plugin offers the others: answered with why, as the runtime does. */
    static rj_question others[8];
    static rj_post posts[8];
    static unsigned next;
    unsigned at = next++ % 8;
    others[at] = *question;
    rj_loop_post(a.loop, &posts[at], answer_missing, &others[at]);
    return 2;
}

static void cancel_check(void *data, rj_question_id question)
{
    (void)data;
    (void)question;
    a.check_status = RJ_E_CANCELLED;
}

static bool answer_check(void)
{
    if (!a.check_asked)
        return false;
    a.check_asked = false;
    rj_answer answer = {.status = a.check_offered ? a.check_status : RJ_E_NOT_FOUND,
                        .message = "no plugin offers this check",
                        .plugin_id = "fake"};
    if (answer.status == RJ_OK)
        answer.result = json_pack("{s:s, s:s, s:[{s:s}]}", "state", a.check_state, "summary",
                                  "the firewall", "evidence", "source", "/proc/x");
    a.check_question.answered(a.check_question.data, &answer);
    json_decref(answer.result);
    return true;
}

static size_t list_sessions(void *data, rj_uid *ret_uids, size_t capacity)
{
    (void)data;
    assert_true(capacity >= a.session_count);
    memcpy(ret_uids, a.sessions, a.session_count * sizeof(rj_uid));
    return a.session_count;
}

static bool is_present(void *data, rj_uid owner)
{
    (void)data;
    for (size_t i = 0; i < a.session_count; i++)
        if (a.sessions[i] == owner)
            return true;
    return owner == RJ_UID_MACHINE;
}

static void on_event(void *data, const char *topic, rj_uid audience, const json_t *document)
{
    (void)data;
    (void)audience;
    const char *state = json_string_value(json_object_get(document, "state"));
    if (strcmp(topic, "run") == 0 && strcmp(state, "ended") == 0) {
        json_decref(a.ended);
        a.ended = json_deep_copy(document);
        a.runs_ended++;
    } else if (strcmp(topic, "run") == 0 && strcmp(state, "planned") == 0) {
        json_decref(a.planned);
        a.planned = json_deep_copy(document);
    } else if (strcmp(topic, "check") == 0 && strcmp(state, "ended") == 0) {
        a.checks_ended++;
    } else if (strcmp(topic, "policy") == 0) {
        snprintf(a.policy_event, sizeof a.policy_event, "%s", state);
    }
}

/* ---- Bench ----------------------------------------------------------------------------------- */

void agent_make(void)
{
    rj_evaluator evaluator = {.check_ids = check_ids, .evaluate = evaluate, .cancel = cancel_check};
    rj_agent_options options = {.loop = a.loop,
                                .paths = a.paths,
                                .store = a.store,
                                .users = {.sessions = list_sessions},
                                .event = on_event};
    rj_performer performer = a.fake.performer;
    performer.present = is_present;
    rj_error error = RJ_ERROR_NONE;
    if (rj_agent_new_with(&options, &performer, &evaluator, &a.agent, &error) != RJ_OK)
        fail_msg("%s", error.text);
    a.stopped = false;
}

int agent_set_up(void **state)
{
    (void)state;
    bool damaged = false;
    memset(&a, 0, sizeof a);
    a.check_offered = true;
    a.check_state = "ok";
    if (!test_folder("agent", a.folder, sizeof a.folder) ||
        rj_paths_new(RJ_ROLE_SERVICE, a.folder, NULL, &a.paths, NULL) != RJ_OK ||
        rj_dir_make(rj_path(a.paths, RJ_PATH_POLICY), 0755, NULL) != RJ_OK ||
        rj_loop_new(&a.loop, NULL) != RJ_OK ||
        rj_store_open(a.folder, &a.store, &damaged, NULL) != RJ_OK)
        return -1;
    fake_begin(&a.fake, a.folder);
    rj_log_set_listener(keep_line, NULL);
    agent_make();
    return 0;
}

static void on_stopped(void *data)
{
    (void)data;
    a.stopped = true;
}

static bool answer_one(void)
{
    return fake_turn(&a.fake) || answer_check();
}

void agent_end(void)
{
    rj_agent_stop(a.agent, on_stopped, NULL);
    for (int i = 0; i < 1000 && !a.stopped; i++)
        if (!answer_one())
            rj_loop_turn(a.loop, 1);
    assert_true(a.stopped);
    rj_agent_free(a.agent);
    a.agent = NULL;
}

int agent_tear_down(void **state)
{
    (void)state;
    if (a.agent)
        agent_end();
    rj_log_set_listener(NULL, NULL);
    fake_end(&a.fake);
    rj_loop_free(a.loop);
    rj_store_close(a.store);
    rj_paths_free(a.paths);
    json_decref(a.ended);
    json_decref(a.planned);
    return rj_dir_remove(a.folder, NULL) == RJ_OK ? 0 : -1;
}

void agent_write_policy(const char *name, const char *text)
{
    char path[512], *copy = rj_strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    snprintf(path, sizeof path, "%s/%s", rj_path(a.paths, RJ_PATH_POLICY), name);
    rj_error error = RJ_ERROR_NONE;
    if (rj_file_write(path, copy, strlen(copy), 0644, &error) != RJ_OK)
        fail_msg("%s", error.text);
    rj_free(copy);
}

void agent_begin(void)
{
    rj_error error = RJ_ERROR_NONE;
    if (rj_agent_start(a.agent, &error) != RJ_OK)
        fail_msg("%s", error.text);
}

void agent_settle(void)
{
    for (int i = 0; i < 10000; i++) {
        if (answer_one())
            continue;
        if (!a.agent->running && !a.agent->queue && !a.agent->next_posted &&
            !a.agent->session_timer && !rj_check_cache_is_busy(a.agent->checks))
            return;
        rj_loop_turn(a.loop, 1);
    }
    fail_msg("the agent does not come to rest");
}

void agent_run_until(rj_package_verb verb)
{
    for (int i = 0; i < 1000; i++) {
        if (a.fake.question_count && a.fake.questions[0].verb == verb)
            return;
        if (!answer_one())
            rj_loop_turn(a.loop, 1);
    }
    fail_msg("it is never asked");
}

rj_status agent_ask(rj_trigger_kind kind, const char *id, rj_uid uid, char ret_correlation[17])
{
    rj_trigger trigger = {.kind = kind, .id = id, .uid = uid, .admin = uid == 0};
    char correlation[17];
    rj_status status =
        rj_agent_request(a.agent, &trigger, ret_correlation ? ret_correlation : correlation, NULL);
    agent_settle();
    return status;
}

static const char *ended_text(const char *key)
{
    const char *text = json_string_value(json_object_get(a.ended, key));
    return text ? text : "";
}

const char *agent_outcome(void)
{
    return ended_text("outcome");
}

const char *agent_message(void)
{
    return ended_text("message");
}

json_t *agent_listed(const char *id, rj_uid uid, bool admin)
{
    json_t *view = rj_agent_list(a.agent, uid, admin), *found = NULL;
    const json_t *packages = json_object_get(view, "packages");
    for (size_t i = 0; i < json_array_size(packages); i++) {
        json_t *package = json_array_get(packages, i);
        if (strcmp(json_string_value(json_object_get(package, "id")), id) == 0)
            found = json_incref(package);
    }
    json_decref(view);
    return found;
}

void agent_assert_listed(const char *id, const char *key, const char *expected)
{
    json_t *package = agent_listed(id, 0, true);
    assert_non_null(package);
    const char *value = json_string_value(json_object_get(package, key));
    assert_non_null(value);
    assert_string_equal(value, expected);
    json_decref(package);
}
