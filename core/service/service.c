/* SPDX-License-Identifier: MIT */
/* From start to end of the service, see service.h. */
#include "service/service.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/native_paths.h"
#include "engine/agent.h"
#include "ipc/server.h"
#include "platform/event_log.h"
#include "platform/file.h"
#include "platform/local_socket.h"
#include "service/configure.h"
#include "service/notify.h"
#include "service/replace_sessions.h"
#include "service/service_main.h"
#include <stdio.h>
#include <string.h>

#define STOP_LIMIT_MS 10000
#define STORE_RETRY_MS 60000
#define RETURN_AFTER_MS 15000

typedef struct service {
    const rj_service_options *options;
    rj_paths *paths;
    int lock;
    bool locked;
    rj_loop *loop;
    rj_server *server;
    rj_store *store;
    rj_runtime *runtime;
    rj_agent *agent;
    json_t *plugins_policy; /* of the policy at the start; lent to the runtime */
    bool policy_unknown;    /* there is one, and it cannot be read */
    rj_timer *store_retry;
    rj_timer *stop_limit;
    rj_timer *return_due;
    bool stopping;
    bool stuck; /* did not end in time: nothing may be freed */
    bool failed;
    char why[RJ_ERROR_TEXT]; /* it stops */
} service;

static void begin_stop(service *self, const char *why);

/* ---- Store, plugins, agent ------------------------------------------------------------------- */

/* Which plugins are enabled, and what they may do, must be known before their code is loaded. */
static void read_plugins_policy(service *self)
{
    rj_policy *policy = NULL;
    rj_status status = rj_policy_read_directory(self->paths, NULL, &policy, NULL);
    /* The agent reads it again and says what is wrong. */
    self->policy_unknown = status != RJ_OK && status != RJ_E_NOT_FOUND;
    if (status != RJ_OK)
        return;
    if (policy->plugins)
        self->plugins_policy = json_deep_copy(policy->plugins);
    rj_policy_free(policy);
}

static rj_status open_store(service *self, rj_error *err)
{
    bool was_damaged = false;
    rj_status status =
        rj_store_open(rj_path(self->paths, RJ_PATH_STATE), &self->store, &was_damaged, err);
    if (status == RJ_OK && was_damaged)
        rj_log(RJ_LOG_ERROR, "service", NULL,
               "the state database was damaged and set aside; everything is detected anew");
    if (status == RJ_OK && self->options->kill_at)
        rj_store_kill_at(self->store, self->options->kill_at);
    return status;
}

static rj_status load_plugins(service *self, rj_error *err)
{
    read_plugins_policy(self);
    rj_runtime_options options = {.loop = self->loop,
                                  .paths = self->paths,
                                  .role = RJ_ROLE_SERVICE,
                                  .kv = rj_store_kv(self->store),
                                  .plugins_policy = self->plugins_policy,
                                  .policy_unknown = self->policy_unknown};
    rj_status status = rj_runtime_new(&options, &self->runtime, err);
    return status == RJ_OK ? rj_runtime_load(self->runtime, err) : status;
}

static void on_plugins_changed(void *data)
{
    service *self = data;
    rj_agent_plugins_changed(self->agent);
}

static rj_status start_agent(service *self, rj_error *err)
{
    rj_agent_options options = {.loop = self->loop,
                                .paths = self->paths,
                                .runtime = self->runtime,
                                .store = self->store,
                                .users = rj_server_users(self->server),
                                .event = rj_server_event,
                                .event_data = self->server};
    rj_status status = rj_agent_new(&options, &self->agent, err);
    if (status == RJ_OK)
        status = rj_agent_start(self->agent, err);
    if (status == RJ_OK)
        rj_runtime_on_changed(self->runtime, on_plugins_changed, self);
    return status;
}

static void bring_up(void *data);

static void wait_for_store(service *self, rj_status status, const char *why)
{
    rj_log(RJ_LOG_ERROR, "service", NULL, "%s; trying again in a minute", why);
    rj_server_attach(self->server, NULL, NULL, status, why);
    if (rj_timer_start(self->loop, STORE_RETRY_MS, 0, bring_up, self, &self->store_retry, NULL) !=
        RJ_OK)
        begin_stop(self, "out of memory");
}

static void bring_up(void *data)
{
    service *self = data;
    rj_error error = RJ_ERROR_NONE;
    rj_timer_stop(self->store_retry);
    self->store_retry = NULL;
    rj_status status = open_store(self, &error);
    if (status != RJ_OK) {
        wait_for_store(self, status, error.text);
        return;
    }
    status = load_plugins(self, &error);
    if (status == RJ_OK)
        status = start_agent(self, &error);
    if (status == RJ_OK) {
        rj_server_attach(self->server, self->agent, self->runtime, RJ_OK, NULL);
        return;
    }
    self->failed = true;
    begin_stop(self, error.text);
}

/* ---- Stop ------------------------------------------------------------------------------------ */

static void on_server_stopped(void *data)
{
    service *self = data;
    rj_loop_stop(self->loop);
}

static void on_runtime_stopped(void *data)
{
    service *self = data;
    rj_server_attach(self->server, NULL, NULL, RJ_E_BUSY, "the service is stopping");
    rj_server_stop(self->server, on_server_stopped, self);
}

static void on_agent_stopped(void *data)
{
    service *self = data;
    if (self->runtime)
        rj_runtime_stop(self->runtime, on_runtime_stopped, self);
    else
        on_runtime_stopped(self);
}

static void on_stop_limit(void *data)
{
    service *self = data;
    json_t *left = self->runtime ? rj_runtime_in_flight(self->runtime) : NULL;
    for (size_t i = 0; i < json_array_size(left); i++)
        rj_log(RJ_LOG_WARNING, "service", NULL, "still running at the end: %s",
               json_string_value(json_array_get(left, i)));
    json_decref(left);
    self->stuck = true;
    rj_loop_stop(self->loop);
}

static void begin_stop(service *self, const char *why)
{
    if (self->stopping) {
        on_stop_limit(self);
        return;
    }
    self->stopping = true;
    snprintf(self->why, sizeof self->why, "%s", why);
    rj_log(self->failed ? RJ_LOG_ERROR : RJ_LOG_INFO, "service", NULL, "stopping: %s", why);
    rj_service_notify(RJ_SERVICE_STOPPING, NULL);
    rj_timer_stop(self->store_retry);
    self->store_retry = NULL;
    rj_timer_stop(self->return_due);
    self->return_due = NULL;
    if (rj_timer_start(self->loop, STOP_LIMIT_MS, 0, on_stop_limit, self, &self->stop_limit,
                       NULL) != RJ_OK)
        on_stop_limit(self);
    else if (self->agent)
        rj_agent_stop(self->agent, on_agent_stopped, self);
    else
        on_agent_stopped(self);
}

/* ---- Asked ----------------------------------------------------------------------------------- */

static void ask_for_sync(service *self, const char *why)
{
    rj_trigger trigger = {.kind = RJ_TRIGGER_SYNC, .uid = RJ_UID_MACHINE, .admin = true};
    char correlation[17] = "";
    rj_error error = RJ_ERROR_NONE;
    if (self->stopping)
        return;
    if (!self->agent)
        bring_up(self); /* the store is waited for: try it now */
    else if (rj_agent_request(self->agent, &trigger, correlation, &error) != RJ_OK)
        rj_log(RJ_LOG_WARNING, "service", correlation, "%s: %s", why, error.text);
}

static void on_return_due(void *data)
{
    service *self = data;
    if (rj_service_installer_works())
        rj_timer_set(self->return_due, RETURN_AFTER_MS);
    else
        rj_service_return_sessions();
}

static void return_sessions_later(service *self, const char *why)
{
    rj_log(RJ_LOG_INFO, "service", NULL, "%s; unless it ends this service, they come back", why);
    if (self->return_due)
        rj_timer_set(self->return_due, RETURN_AFTER_MS);
    else if (!self->stopping && rj_timer_start(self->loop, RETURN_AFTER_MS, 0, on_return_due, self,
                                               &self->return_due, NULL) != RJ_OK)
        rj_log(RJ_LOG_WARNING, "service", NULL,
               "out of memory: they come back at the next sign-in");
}

static void on_asked(void *data, rj_service_asked what, const char *why)
{
    if (what == RJ_SERVICE_ASKED_STOP)
        begin_stop(data, why);
    else if (what == RJ_SERVICE_ASKED_SYNC)
        ask_for_sync(data, why);
    else if (what == RJ_SERVICE_ASKED_RETURN)
        return_sessions_later(data, why);
    else
        rj_log(RJ_LOG_DEBUG, "service", NULL, "%s",
               why); /* their `realmjoin` registers by itself */
}

static void on_stop_asked(void *data)
{
    begin_stop(data, "asked over the local interface");
}

/* ---- Start ----------------------------------------------------------------------------------- */

static rj_status lock_instance(service *self, rj_error *err)
{
    char *path = NULL;
    const char *folder = rj_path(self->paths, RJ_PATH_RUN);
    rj_status status = rj_dir_make(folder, 0755, err);
    if (status == RJ_OK)
        status = rj_path_join(folder, "service.lock", &path, err);
    if (status == RJ_OK)
        status = rj_file_lock(path, &self->lock, err);
    if (status == RJ_E_BUSY)
        rj_fail_prefix(err, status, "another realmjoinservice is running");
    self->locked = status == RJ_OK;
    rj_free(path);
    return status;
}

/* Without a log file the service still serves; then stderr has the lines. */
static void open_log(service *self)
{
    rj_error error = RJ_ERROR_NONE;
    const char *folder = rj_path(self->paths, RJ_PATH_LOG);
    rj_log_set_level(self->options->log_level);
    rj_log_to_stderr(self->options->foreground);
    rj_status status = rj_dir_make(folder, 0750, &error);
    if (status == RJ_OK)
        status = rj_log_open(folder, "realmjoin", &error);
    if (status != RJ_OK) {
        rj_log_to_stderr(true);
        rj_log(RJ_LOG_ERROR, "service", NULL, "no log file: %s", error.text);
    }
}

static rj_status start(service *self, rj_error *err)
{
    const rj_service_options *options = self->options;
    rj_status status =
        rj_paths_new(RJ_ROLE_SERVICE, options->root, options->plugins, &self->paths, err);
    if (status == RJ_OK)
        status = rj_service_secure_folders(self->paths, err);
    if (status == RJ_OK)
        status = lock_instance(self, err);
    if (status != RJ_OK)
        return status;
    open_log(self);
    rj_service_tell_folders();
    rj_log(RJ_LOG_INFO, "service", NULL, "realmjoinservice " RJ_VERSION " starts, pid %ld%s%s",
           rj_system_pid(), options->root ? ", root " : "", options->root ? options->root : "");
    rj_service_configure(self->paths, options->service);
    rj_server_options server = {
        .paths = self->paths, .limits = RJ_SERVER_LIMITS, .stop = on_stop_asked, .data = self};
    status = rj_loop_new(&self->loop, err);
    if (status == RJ_OK)
        status = rj_service_listen(self->loop, on_asked, self, err);
    if (status == RJ_OK) {
        server.loop = self->loop;
        status = rj_server_new(&server, &self->server, err);
    }
    if (status == RJ_OK)
        status = rj_dir_make(rj_path(self->paths, RJ_PATH_STATE), 0755, err);
    return status;
}

/* A plugin that was left running still uses the loop and the store: they end with the process. */
static void finish(service *self)
{
    rj_timer_stop(self->stop_limit);
    if (self->agent)
        rj_agent_free(self->agent);
    bool clean = rj_runtime_free(self->runtime);
    rj_server_free(self->server);
    if (!clean) {
        rj_log(RJ_LOG_WARNING, "service", NULL, "ended with a plugin still running");
        return;
    }
    if (self->store)
        rj_store_close(self->store);
    /* Last of all: without its watch a signal would end us before the store is closed. */
    rj_service_unlisten();
    if (self->loop)
        rj_loop_free(self->loop);
    json_decref(self->plugins_policy);
    rj_log(RJ_LOG_INFO, "service", NULL, "ended");
    rj_log_close();
    if (self->locked)
        rj_file_unlock(self->lock);
    rj_paths_free(self->paths);
}

static int fail_to_start(service *self, rj_status status, const rj_error *error)
{
    rj_error shown = *error;
    rj_native_paths(shown.text);
    fprintf(stderr, "realmjoinservice: %s\n", shown.text);
    /* Before the lock the log was not opened; one who has it writes there himself, but of what this
     * process has renamed nobody else knows. */
    if (self->paths && !self->locked && (status != RJ_E_BUSY || rj_service_has_to_tell()) &&
        rj_dir_make(rj_path(self->paths, RJ_PATH_LOG), 0750, NULL) == RJ_OK)
        rj_log_open(rj_path(self->paths, RJ_PATH_LOG), "realmjoin", NULL);
    rj_service_tell_folders();
    if (self->locked || status != RJ_E_BUSY)
        rj_log(RJ_LOG_ERROR, "service", NULL, "cannot start: %s", error->text);
    rj_event_log_report(RJ_EVENT_SERVICE_FAILED, RJ_VERSION, error->text);
    if (self->server) {
        rj_server_stop(self->server, on_server_stopped, self);
        rj_loop_run(self->loop);
    }
    bool usage = !self->paths && status == RJ_E_INVALID;
    finish(self);
    return usage ? RJ_SERVICE_USAGE : status == RJ_E_BUSY ? RJ_SERVICE_BUSY : RJ_SERVICE_FAILED;
}

int rj_service_run(const rj_service_options *options)
{
    service self = {.options = options};
    rj_error error = RJ_ERROR_NONE;
    if (options->service)
        rj_event_log_open(NULL);
    rj_status status = start(&self, &error);
    if (status != RJ_OK)
        return fail_to_start(&self, status, &error);
    bring_up(&self);
    rj_service_notify(RJ_SERVICE_READY, NULL);
    rj_event_log_report(RJ_EVENT_SERVICE_STARTED, RJ_VERSION, NULL);
    if (options->service)
        rj_service_return_sessions();
    rj_loop_run(self.loop);
    rj_event_log_report(self.failed ? RJ_EVENT_SERVICE_FAILED : RJ_EVENT_SERVICE_STOPPED,
                        RJ_VERSION, self.why);
    if (self.stuck) {
        /* The supervisors of running scripts see this process end and kill what they guard. */
        rj_local_socket_remove(rj_path(self.paths, RJ_PATH_SOCKET));
        rj_log(RJ_LOG_WARNING, "service", NULL, "ended without waiting any longer");
        rj_log_close();
        /* It was asked to end, and ends: a service manager that hears of a failure would start it again. */
        return self.failed ? RJ_SERVICE_FAILED : RJ_SERVICE_OK;
    }
    bool failed = self.failed;
    finish(&self);
    return failed ? RJ_SERVICE_FAILED : RJ_SERVICE_OK;
}
