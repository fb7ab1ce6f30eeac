/* SPDX-License-Identifier: MIT */
/* The session role, see session_host.h. */
#include "session/session_host.h"
#include "base/alloc.h"
#include "engine/request.h"
#include "engine/store.h"
#include "ipc/refusal_texts.h"
#include "ipc/sessions.h"
#include "platform/file.h"
#include "platform/system.h"
#include "runtime/output_feed.h"
#include "session/desktop.h"
#include "session/remembered_rules.h"
#include <stdlib.h>
#include <string.h>

typedef struct work {
    struct work *next;
    rj_session_host *host;
    json_int_t number;
    rj_question_id question;
    bool changes;           /* more than looking */
    rj_output_feed *output; /* NULL: nothing was written yet */
} work;

struct rj_session_host {
    rj_loop *loop;
    const rj_paths *paths;
    rj_client *client; /* NULL: no connection */
    json_t
        *rules; /* the policy's about plugins, as the service told them or as they are remembered */
    json_t *loaded;  /* those the runtime was loaded by; lent to it */
    bool early;      /* loaded before the service has spoken */
    bool outdated;   /* ... and it has said something else: to be loaded again */
    bool left;       /* a plugin could not be ended for that */
    json_t *waiting; /* [number, params] of what came meanwhile */
    rj_store *store;
    rj_runtime *runtime;
    work *first;
    void (*changed)(void *data, const char *name);
    void *changed_data;
    bool stopped;
};

static void begin_what_waited(rj_session_host *host);

/* ---- Plugins --------------------------------------------------------------------------------- */

static rj_status load_plugins(rj_session_host *host, rj_error *err)
{
    if (host->runtime)
        return RJ_OK;
    if (!host->rules)
        return rj_fail(err, RJ_E_NOT_STARTED,
                       "session: the service did not say how plugins are to be loaded; start the "
                       "session again");
    const char *state = rj_path(host->paths, RJ_PATH_STATE);
    bool was_damaged = false;
    rj_status status = rj_dir_make(state, 0700, err);
    if (status == RJ_OK && !host->store)
        status = rj_store_open(state, &host->store, &was_damaged, err);
    if (status != RJ_OK)
        return rj_fail_prefix(err, status, "the session's own folder");
    rj_runtime_options options = {.loop = host->loop,
                                  .paths = host->paths,
                                  .role = RJ_ROLE_SESSION,
                                  .kv = rj_store_kv(host->store),
                                  .plugins_policy = host->rules};
    json_decref(host->loaded);
    host->loaded = json_incref(host->rules);
    status = rj_runtime_new(&options, &host->runtime, err);
    return status == RJ_OK ? rj_runtime_load(host->runtime, err) : status;
}

static void on_stopped(void *data)
{
    rj_session_host *host = data;
    host->stopped = true;
    rj_loop_stop(host->loop);
}

static void unload_plugins(rj_session_host *host)
{
    if (!host->runtime)
        return;
    host->stopped = false;
    rj_runtime_stop(host->runtime, on_stopped, host);
    while (!host->stopped)
        rj_loop_run(host->loop);
    host->left |= !rj_runtime_free(host->runtime);
    host->runtime = NULL;
}

bool rj_session_host_has_heard(const rj_session_host *host)
{
    return host->rules && !host->early;
}

rj_status rj_session_host_runtime(rj_session_host *host, rj_runtime **ret_runtime, rj_error *err)
{
    if (host->outdated)
        unload_plugins(host);
    host->outdated = false;
    rj_status status = load_plugins(host, err);
    if (status == RJ_OK)
        *ret_runtime = host->runtime;
    begin_what_waited(host);
    return status;
}

rj_status rj_session_host_early_runtime(rj_session_host *host, rj_runtime **ret_runtime,
                                        rj_error *err)
{
    if (!host->rules) {
        host->rules = rj_remembered_rules_read(host->paths);
        host->early = true;
    }
    rj_status status = load_plugins(host, err);
    if (status == RJ_OK)
        *ret_runtime = host->runtime;
    return status;
}

/* What is loaded stays as it is, but for what was loaded before the service had a say. */
static void take_rules(rj_session_host *host, const json_t *rules)
{
    json_t *copy = host->runtime && !host->early ? NULL : json_deep_copy(rules);
    if (!copy)
        return;
    if (!host->early || !json_equal(copy, host->rules))
        rj_remembered_rules_write(host->paths, copy);
    host->outdated |= host->early && host->runtime && !json_equal(copy, host->loaded);
    host->early = false;
    json_decref(host->rules);
    host->rules = copy;
}

/* ---- The request, as the user ---------------------------------------------------------------- */

static rj_status place_environment(rj_session_host *host, json_t *own, rj_error *err)
{
    char *temporary = NULL;
    char name[64];
    json_t *environment = json_object_get(own, "environment");
    int failed = 0;
    if (!environment)
        failed |= json_object_set_new(own, "environment", environment = json_object());
    failed |= json_object_set_new(environment, "RJ_Root", json_string(rj_paths_root(host->paths)));
    rj_system_user_name(rj_system_uid(), name, sizeof name);
    rj_status status = rj_path_join(rj_path(host->paths, RJ_PATH_CACHE), "tmp", &temporary, err);
    if (status == RJ_OK)
        status = rj_dir_make(temporary, 0700, err);
    if (status == RJ_OK)
        failed |= !rj_desktop_describe(environment, host->paths, name, temporary);
    rj_free(temporary);
    return status == RJ_OK && failed ? rj_fail_memory(err, "preparing a package") : status;
}

/* Names begin with the time: sorted by name is sorted by age.  What cannot be removed stays. */
static void remove_old_logs(const char *folder)
{
    enum { LISTED_MAX = 10000 };
    char **names = NULL;
    size_t count = 0;
    if (rj_dir_list(folder, LISTED_MAX, &names, &count, NULL) != RJ_OK)
        return;
    for (size_t i = 0; i + RJ_REQUEST_LOGS - 1 < count; i++) {
        char *path = NULL;
        if (rj_path_join(folder, names[i], &path, NULL) == RJ_OK)
            rj_file_remove(path, NULL);
        rj_free(path);
    }
    rj_free(names);
}

/* The same name in this user's folder. */
static rj_status place_log(rj_session_host *host, json_t *own, rj_error *err)
{
    const char *id = json_string_value(json_object_get(own, "id"));
    const char *log = json_string_value(json_object_get(own, "log_path"));
    if (!log)
        return RJ_OK;
    char *folder = NULL, *path = NULL;
    const char *name = strrchr(log, '/') ? strrchr(log, '/') + 1 : log;
    rj_status status =
        rj_path_join(rj_path(host->paths, RJ_PATH_PACKAGE_LOGS), id ? id : "", &folder, err);
    if (status == RJ_OK)
        status = rj_dir_make(folder, 0700, err);
    if (status == RJ_OK)
        status = rj_path_join(folder, name, &path, err);
    if (status == RJ_OK && !rj_file_exists(path))
        remove_old_logs(folder);
    if (status == RJ_OK && json_object_set_new(own, "log_path", json_string(path)) != 0)
        status = rj_fail_memory(err, "preparing a package");
    rj_free(path);
    rj_free(folder);
    return status;
}

/* The service's request with this user's folders and desktop; new reference, NULL on failure. */
static json_t *adapt(rj_session_host *host, const json_t *request, rj_error *err)
{
    json_t *own = json_deep_copy(request);
    rj_status status = RJ_OK;
    if (!own || json_object_set_new(own, "lib_dir",
                                    json_string(rj_path(host->paths, RJ_PATH_PACKAGE_LIB))) != 0)
        status = rj_fail_memory(err, "preparing a package");
    if (status == RJ_OK)
        status = place_environment(host, own, err);
    if (status == RJ_OK)
        status = place_log(host, own, err);
    if (status == RJ_OK)
        return own;
    json_decref(own);
    return NULL;
}

/* ---- Work ------------------------------------------------------------------------------------ */

static bool changes_anything(const rj_session_host *host)
{
    const work *at = host->first;
    while (at && !at->changes)
        at = at->next;
    return at != NULL;
}

static void tell_work(const rj_session_host *host, const char *name)
{
    if (host->changed)
        host->changed(host->changed_data, name);
}

static void send_answer(rj_session_host *host, json_int_t number, rj_status status,
                        const char *message, json_t *result)
{
    if (!host->client)
        return;
    json_t *params = json_pack("{s:I, s:s, s:s, s:O*}", "question", number, "status",
                               rj_status_name(status), "message", message, "result", result);
    if (params)
        rj_client_post(host->client, "session.answer", params, NULL);
}

static void on_answered(void *data, const rj_answer *answer)
{
    work *done = data;
    rj_session_host *host = done->host;
    for (work **at = &host->first; *at; at = &(*at)->next) {
        if (*at == done) {
            *at = done->next;
            break;
        }
    }
    rj_output_feed_flush(done->output);
    rj_output_feed_free(done->output);
    send_answer(host, done->number, answer->status, answer->message ? answer->message : "",
                answer->result);
    if (done->changes && !changes_anything(host))
        tell_work(host, NULL);
    rj_free(done);
}

static void on_progressed(void *data, int permille, const char *text)
{
    const work *running = data;
    if (!running->host->client)
        return;
    json_t *params = json_pack("{s:I, s:i, s:s*}", "question", running->number, "permille",
                               permille, "text", text);
    if (params)
        rj_client_notify(running->host->client, "session.progress", params, NULL);
}

static void send_output(void *data, uint64_t line, const char *text)
{
    const work *running = data;
    if (!running->host->client)
        return;
    json_t *params = json_pack("{s:I, s:I, s:s}", "question", running->number, "line",
                               (json_int_t)line, "text", text);
    if (params)
        rj_client_notify(running->host->client, "session.output", params, NULL);
}

static void on_wrote(void *data, uint64_t line, const char *bytes, size_t length)
{
    work *running = data;
    if (!running->output)
        running->output = rj_output_feed_new(running->host->loop, send_output, running);
    rj_output_feed_add(running->output, line, bytes, length);
}

/* Everything is looked at again: this process acts on what another one says. */
static rj_status read_perform(const json_t *params, rj_package_verb *ret_verb,
                              const json_t **ret_request, rj_question *ret_question, rj_error *err)
{
    const char *verb = json_string_value(json_object_get(params, "verb"));
    const json_t *request = json_object_get(params, "request");
    const char *scope = json_string_value(json_object_get(request, "scope"));
    json_int_t deadline = json_integer_value(json_object_get(params, "deadline_ms"));
    if (!verb || !rj_package_verb_of_name(verb, ret_verb) || !json_is_object(request) ||
        deadline <= 0)
        return rj_fail(err, RJ_E_INVALID, "session: the service asked for something unknown");
    if (!scope || strcmp(scope, "user") != 0)
        return rj_fail(err, RJ_E_DENIED, "session: only packages of user scope are installed here");
    ret_question->deadline_ms = deadline;
    ret_question->correlation = json_string_value(json_object_get(params, "correlation"));
    *ret_request = request;
    return RJ_OK;
}

static rj_status begin(rj_session_host *host, json_int_t number, const json_t *params,
                       rj_error *err)
{
    rj_package_verb verb = RJ_PACKAGE_DETECT;
    const json_t *request = NULL;
    rj_question question = {
        .answered = on_answered, .progressed = on_progressed, .wrote = on_wrote};
    rj_status status = read_perform(params, &verb, &request, &question, err);
    if (status == RJ_OK)
        status = load_plugins(host, err);
    if (status != RJ_OK)
        return status;
    json_t *own = adapt(host, request, err);
    if (!own)
        return RJ_E_FAILED;
    work *started = rj_calloc(1, sizeof *started);
    if (!started) {
        json_decref(own);
        return rj_fail_memory(err, "beginning a package");
    }
    /* Said before anything is touched, so that the service judges a lost session rightly. */
    status = rj_client_notify(host->client, "session.progress",
                              json_pack("{s:I}", "question", number), err);
    if (status == RJ_OK) {
        started->host = host;
        started->number = number;
        started->changes = verb >= RJ_PACKAGE_INSTALL;
        started->next = host->first;
        host->first = started;
        if (started->changes)
            tell_work(host, json_string_value(json_object_get(own, "id")));
        question.data = started;
        started->question = rj_runtime_package(host->runtime, verb, own, &question);
    } else {
        rj_free(started);
    }
    json_decref(own);
    return status;
}

/* The plugins that are loaded are not those that the service wants. */
static rj_status wait_for_plugins(rj_session_host *host, json_int_t number, const json_t *params,
                                  rj_error *err)
{
    if (!host->waiting)
        host->waiting = json_array();
    json_t *pair = json_pack("[I, o]", number, json_deep_copy(params));
    return json_array_append_new(host->waiting, pair) == 0
               ? RJ_OK
               : rj_fail_memory(err, "beginning a package");
}

static void cancel(rj_session_host *host, json_int_t number)
{
    for (size_t i = json_array_size(host->waiting); i > 0; i--) {
        if (json_integer_value(json_array_get(json_array_get(host->waiting, i - 1), 0)) != number)
            continue;
        json_array_remove(host->waiting, i - 1);
        send_answer(host, number, RJ_E_CANCELLED, "session: cancelled before it was begun", NULL);
    }
    for (const work *at = host->first; at; at = at->next) {
        if (at->number == number)
            rj_runtime_cancel(host->runtime, at->question);
    }
}

bool rj_session_host_notified(rj_session_host *host, const char *method, const json_t *params)
{
    bool is_cancel = strcmp(method, "session.cancel") == 0;
    if (host->client && strcmp(method, "session.plugins") == 0) {
        take_rules(host, params);
        return true;
    }
    if (!host->client || (!is_cancel && strcmp(method, "session.perform") != 0))
        return false;
    json_int_t number = json_integer_value(json_object_get(params, "question"));
    rj_error error = RJ_ERROR_NONE;
    if (is_cancel) {
        cancel(host, number);
        return true;
    }
    rj_status status = host->outdated ? wait_for_plugins(host, number, params, &error)
                                      : begin(host, number, params, &error);
    if (status != RJ_OK)
        send_answer(host, number, status, error.text, NULL);
    return true;
}

static void begin_what_waited(rj_session_host *host)
{
    json_t *waiting = host->waiting;
    host->waiting = NULL;
    for (size_t i = 0; i < json_array_size(waiting) && host->client; i++) {
        const json_t *pair = json_array_get(waiting, i);
        json_int_t number = json_integer_value(json_array_get(pair, 0));
        rj_error error = RJ_ERROR_NONE;
        rj_status status = begin(host, number, json_array_get(pair, 1), &error);
        if (status != RJ_OK)
            send_answer(host, number, status, error.text, NULL);
    }
    json_decref(waiting);
}

/* ---- Life ------------------------------------------------------------------------------------ */

rj_status rj_session_host_new(rj_loop *loop, const rj_paths *paths, rj_session_host **ret_host,
                              rj_error *err)
{
    if (rj_system_uid() == 0)
        return rj_fail(err, RJ_E_DENIED, "%s", rj_refusal_admin_session);
    rj_session_host *host = rj_calloc(1, sizeof *host);
    if (!host)
        return rj_fail_memory(err, "becoming a session");
    host->loop = loop;
    host->paths = paths;
    *ret_host = host;
    return RJ_OK;
}

rj_status rj_session_host_register(rj_session_host *host, rj_client *client, rj_error *err)
{
    rj_status status =
        rj_client_ask(client, "session.register", json_pack("{s:s}", "version", RJ_VERSION), err);
    if (status == RJ_OK)
        host->client = client; /* the service may ask before its answer is read */
    return status;
}

rj_status rj_session_host_registered(rj_session_host *host, rj_client *client, rj_error *err)
{
    json_t *result = NULL;
    rj_status status = rj_client_take(client, &result, NULL, err);
    json_decref(result);
    if (status != RJ_OK)
        rj_session_host_detach(host);
    return status;
}

void rj_session_host_on_work(rj_session_host *host, void (*changed)(void *data, const char *name),
                             void *data)
{
    host->changed = changed;
    host->changed_data = data;
}

void rj_session_host_detach(rj_session_host *host)
{
    if (!host)
        return;
    host->client = NULL;
    json_decref(host->waiting); /* the service asks again */
    host->waiting = NULL;
}

bool rj_session_host_free(rj_session_host *host)
{
    if (!host)
        return true;
    unload_plugins(host);
    if (host->left)
        return false;
    if (host->store)
        rj_store_close(host->store);
    json_decref(host->waiting);
    json_decref(host->loaded);
    json_decref(host->rules);
    rj_free(host);
    return true;
}
