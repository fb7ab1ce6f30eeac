/* SPDX-License-Identifier: MIT */
/*
 * The plugin test host: the lane, the loop and the plugin's life.
 *
 * Happy path: open() creates the plugin and starts one lane thread; call() makes an op, calls the
 * test's function and turns the loop until the op is answered; close() stops and destroys.
 * Failure modes: what the plugin does wrong is collected in `misuse` and returned by close(); what
 * the test environment does wrong fails the running test.
 */
#include "plugin_host_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "test_files.h"

#define ABANDON_AFTER_MS 5000
#define STOP_DEADLINE_MS 10000
#define LANE_QUEUE_LIMIT 64

typedef struct host_job {
    struct host_job *next;
    rj_op op;
    void(RJ_CALL *work)(rj_op op, void *data);
    void(RJ_CALL *done)(rj_op op, void *data, int32_t started);
    void *data;
    bool runs_cancelled; /* queued after the cancellation: to put things back */
    int32_t started;
} host_job;

int64_t host_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The lock is held. */
static void note_misuse(plugin_host *host, const char *format, va_list arguments)
    __attribute__((format(__printf__, 2, 0)));
static void note_misuse(plugin_host *host, const char *format, va_list arguments)
{
    size_t used = strlen(host->misuse);
    int length = vsnprintf(host->misuse + used, sizeof host->misuse - used, format, arguments);

    if (length > 0 && used + (size_t)length + 1 < sizeof host->misuse)
        memcpy(host->misuse + used + length, "\n", 2);
}

void host_misuse(plugin_host *host, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    pthread_mutex_lock(&host->lock);
    note_misuse(host, format, arguments);
    pthread_mutex_unlock(&host->lock);
    va_end(arguments);
}

/* ---- The lane -------------------------------------------------------------------------------- */

static void append_job(host_job **list, host_job *job)
{
    job->next = NULL;
    while (*list)
        list = &(*list)->next;
    *list = job;
}

static void *lane_main(void *data)
{
    plugin_host *host = data;

    pthread_mutex_lock(&host->lock);
    for (;;) {
        host_job *job = host->lane_queue;
        host_op *op;

        if (!job && host->lane_ends)
            break;
        if (!job) {
            pthread_cond_wait(&host->lane_wakeup, &host->lock);
            continue;
        }
        host->lane_queue = job->next;
        host->lane_running = job;
        op = host_find_op(host, job->op);
        job->started = op && (job->runs_cancelled || !host_op_cancelled(op));
        if (job->started) {
            pthread_mutex_unlock(&host->lock);
            job->work(job->op, job->data);
            pthread_mutex_lock(&host->lock);
        }
        host->lane_running = NULL;
        append_job(&host->lane_done, job);
        host_wake(host);
    }
    pthread_mutex_unlock(&host->lock);
    return NULL;
}

static rj_status RJ_CALL exec_run(const rj_host *api, rj_op id,
                                  void(RJ_CALL *work)(rj_op op, void *data),
                                  void(RJ_CALL *done)(rj_op op, void *data, int32_t started),
                                  void *data)
{
    plugin_host *host = (plugin_host *)api->ctx;
    rj_status status = RJ_OK;
    unsigned queued = 0;
    host_job *job;
    host_op *op;

    if (!work || !done) {
        host_misuse(host, "op %llu: exec without work or done", (unsigned long long)id);
        return RJ_E_INVALID;
    }
    job = calloc(1, sizeof *job);
    if (!job)
        return RJ_E_NO_MEMORY;
    *job = (host_job){.op = id, .work = work, .done = done, .data = data};
    pthread_mutex_lock(&host->lock);
    for (const host_job *other = host->lane_queue; other; other = other->next)
        queued++;
    op = host_find_op(host, id);
    if (!op || op->finished) {
        status = RJ_E_NOT_FOUND;
    } else if (queued >= LANE_QUEUE_LIMIT) {
        status = RJ_E_BUSY;
    } else {
        op->jobs++;
        job->runs_cancelled = host_op_cancelled(op);
        append_job(&host->lane_queue, job);
        pthread_cond_signal(&host->lane_wakeup);
        job = NULL;
    }
    pthread_mutex_unlock(&host->lock);
    free(job);
    return status;
}

static const rj_host_exec exec_table = {sizeof(rj_host_exec), RJ_ABI_MINOR, exec_run};

/* Call `done` of what the lane has completed.  Loop thread. */
static void call_done(plugin_host *host)
{
    for (;;) {
        bool unanswered = false;
        host_job *job;
        host_op *op;

        pthread_mutex_lock(&host->lock);
        job = host->lane_done;
        if (job)
            host->lane_done = job->next;
        pthread_mutex_unlock(&host->lock);
        if (!job)
            return;
        job->done(job->op, job->data, job->started);
        pthread_mutex_lock(&host->lock);
        op = host_find_op(host, job->op);
        if (op) {
            op->jobs--;
            unanswered = !op->finished && !op->jobs && !op->children && !host->timers;
        }
        pthread_mutex_unlock(&host->lock);
        if (unanswered)
            host_misuse(host, "op %llu: its work is done and nobody has answered",
                        (unsigned long long)job->op);
        free(job);
    }
}

/* ---- The loop -------------------------------------------------------------------------------- */

/* One turn: wait at most `timeout_ms` for something to do, then do it. */
static void turn(plugin_host *host, int timeout_ms)
{
    if (host->worker)
        timeout_ms = plugin_worker_wait(host->worker, timeout_ms);
    host_wait(host, host_timers_wait(host, timeout_ms));
    if (host->worker)
        plugin_worker_turn(host->worker);
    host_call_wakes(host);
    call_done(host);
    host_children_tend(host);
    host_services_tend(host);
}

static bool is_finished(plugin_host *host, const host_op *op)
{
    bool finished;

    pthread_mutex_lock(&host->lock);
    finished = op->finished;
    pthread_mutex_unlock(&host->lock);
    return finished;
}

/* True while the lane or a child still works for `op` (NULL: for any). */
static bool is_working(plugin_host *host, const host_op *only)
{
    bool working = false;

    pthread_mutex_lock(&host->lock);
    for (const host_op *op = host->ops; op; op = op->next)
        if ((!only || op == only) && (op->jobs || op->children))
            working = true;
    pthread_mutex_unlock(&host->lock);
    return working;
}

static int until(int64_t moment)
{
    int64_t wait = moment - host_now_ms();

    return wait < 0 ? 0 : wait > 1000 ? 1000 : (int)wait;
}

/* Turn the loop until `op` is answered and all its work has ended. */
static void run_op(plugin_host *host, host_op *op, int64_t cancel_after_ms)
{
    int64_t give_up = op->deadline + ABANDON_AFTER_MS;
    int64_t cancel_at = cancel_after_ms < 0 ? INT64_MAX : host_now_ms() + cancel_after_ms;

    while (!is_finished(host, op) || is_working(host, op)) {
        int64_t now = host_now_ms();
        int64_t next = give_up;

        if (now >= give_up)
            break;
        if (now >= cancel_at) {
            pthread_mutex_lock(&host->lock);
            op->cancel_asked = true;
            pthread_mutex_unlock(&host->lock);
            cancel_at = INT64_MAX;
            host_call_wakes(host);
        }
        if (now < op->deadline && op->deadline < next)
            next = op->deadline;
        if (cancel_at < next)
            next = cancel_at;
        turn(host, until(next));
    }
    if (!is_finished(host, op)) {
        pthread_mutex_lock(&host->lock);
        op->abandoned = true;
        pthread_mutex_unlock(&host->lock);
        host_misuse(host, "op %llu: no answer until %d ms after its deadline",
                    (unsigned long long)op->id, ABANDON_AFTER_MS);
    } else if (is_working(host, op)) {
        host_misuse(host, "op %llu: answered, but its work has not ended",
                    (unsigned long long)op->id);
    }
}

plugin_answer plugin_host_call_cancelled(plugin_host *host, int64_t deadline_ms,
                                         int64_t cancel_after_ms,
                                         void (*call)(rj_plugin *plugin, rj_op op, void *data),
                                         void *data)
{
    host_op *op = host_new_op(host, deadline_ms);
    plugin_answer answer = {0};

    call(host->plugin, op->id, data);
    run_op(host, op, cancel_after_ms);
    pthread_mutex_lock(&host->lock);
    answer.status = op->finished ? op->status : RJ_E_ABANDONED;
    memcpy(answer.message, op->message, sizeof answer.message);
    answer.result = op->result;
    answer.progress_calls = op->progress_calls;
    pthread_mutex_unlock(&host->lock);
    return answer;
}

plugin_answer plugin_host_call(plugin_host *host, int64_t deadline_ms,
                               void (*call)(rj_plugin *plugin, rj_op op, void *data), void *data)
{
    return plugin_host_call_cancelled(host, deadline_ms, -1, call, data);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static const void *RJ_CALL host_query(const rj_host *api, const char *id)
{
    const plugin_host *host = (const plugin_host *)api->ctx;
    static const struct {
        const char *id;
        const void *table;
    } tables[] = {
        {RJ_HOST_OP, &host_op_table},       {RJ_HOST_EXEC, &exec_table},
        {RJ_HOST_LOG, &host_log_table},     {RJ_HOST_CONFIG, &host_config_table},
        {RJ_HOST_KV, &host_kv_table},       {RJ_HOST_EVENT, &host_event_table},
        {RJ_HOST_TIMER, &host_timer_table}, {RJ_HOST_SPAWN, &host_spawn_table},
    };

    if (host->refused && strcmp(id, host->refused) == 0)
        return NULL;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(id, tables[i].id) == 0)
            return tables[i].table;
    return NULL;
}

static char *make_directory(const char *parent, const char *name)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", parent, name) < 0)
        fail_msg("out of memory");
    test_folder_make(path);
    return path;
}

/* What plugins that are opened from now on do not get. */
static const char *refused_service;
static bool without_root;

bool plugin_host_in_worker(void)
{
    const char *placement = getenv("RJ_TEST_PLACEMENT");

    return placement && strcmp(placement, "worker") == 0;
}

void plugin_host_refuse(const char *service)
{
    refused_service = service;
}

/* A worker is started by root, which makes it nobody. */
void plugin_host_without_root(bool without)
{
    without_root = without;
    if (!plugin_host_in_worker())
        host_become(without);
}

static void make_config(plugin_host *host, const char *root, const char *state, const char *cache,
                        const char *settings_json)
{
    json_t *settings = json_loads(settings_json, JSON_REJECT_DUPLICATES, NULL);
    json_t *config;

    if (!settings)
        fail_msg("the settings of the test are not JSON: %s", settings_json);
    config = json_pack("{s:s, s:s, s:s, s:s, s:o}", "root", root, "role", "service", "state_dir",
                       state, "cache_dir", cache, "settings", settings);
    host->config_json = config ? json_dumps(config, JSON_COMPACT) : NULL;
    if (!host->config_json)
        fail_msg("cannot make the plugin's configuration");
    json_decref(config);
}

static void note_misuse_in_worker(void *data, rj_op op, const char *text)
{
    host_misuse(data, "op %llu: %s", (unsigned long long)op, text);
}

/* The proxy takes the plugin's place; create() is called in the worker, with the first question. */
static void open_in_worker(plugin_host *host, const plugin_worker_options *places)
{
    plugin_worker_options options = *places;
    const char *problem;

    options.host = &host->api;
    options.without_root = without_root;
    options.data = host;
    options.misuse = note_misuse_in_worker;
    problem = plugin_worker_open(&options, &host->worker);
    if (problem)
        fail_msg("%s", problem);
    host->desc = plugin_worker_desc();
    host->plugin = plugin_worker_plugin(host->worker);
    host->id = plugin_worker_id(host->worker);
    if (!plugin_worker_asks_for(host->worker, "spawn"))
        host->refused = RJ_HOST_SPAWN;
}

static void open_in_process(plugin_host *host, const rj_plugin_desc *(*entry)(void))
{
    rj_status status;

    host->desc = entry();
    if (!host->desc || host->desc->size < sizeof *host->desc || !host->desc->id ||
        !host->desc->version || !host->desc->provides || !host->desc->create ||
        !host->desc->query || !host->desc->stop || !host->desc->destroy)
        fail_msg("the entry function returned an incomplete descriptor");
    host->id = host->desc->id;
    status = host->desc->create(&host->api, host->config_json, &host->plugin);
    if (status)
        fail_msg("%s: create failed with %d: %s", host->id, (int)status,
                 host->log ? host->log : "nothing logged");
}

plugin_host *plugin_host_open(const rj_plugin_desc *(*entry)(void), const char *root,
                              const char *scratch, const char *settings_json)
{
    plugin_host *host = calloc(1, sizeof *host);
    char *state = make_directory(scratch, "state");
    char *cache = make_directory(scratch, "cache");

    if (!host)
        fail_msg("out of memory");
    host->api = (rj_host){sizeof host->api, RJ_ABI_MINOR, host, host_query};
    host->refused = refused_service;
    host->loop_thread = pthread_self();
    pthread_mutex_init(&host->lock, NULL);
    pthread_cond_init(&host->lane_wakeup, NULL);
    host->waiter = host_waiter_new();
    make_config(host, root, state, cache, settings_json);
    host->kv_dir = make_directory(scratch, "kv");
    if (pthread_create(&host->lane_thread, NULL, lane_main, host) != 0)
        fail_msg("cannot start the lane");
    if (plugin_host_in_worker())
        open_in_worker(host, &(plugin_worker_options){
                                 .root = root, .scratch = scratch, .state = state, .cache = cache});
    else
        open_in_process(host, entry);
    free(state);
    free(cache);
    return host;
}

const void *plugin_host_table(plugin_host *host, const char *interface_id)
{
    return host->desc->query(host->plugin, interface_id);
}

rj_plugin *plugin_host_plugin(plugin_host *host)
{
    return host->plugin;
}

const char *plugin_host_log(plugin_host *host)
{
    return host->log ? host->log : "";
}

static void call_stop(rj_plugin *plugin, rj_op op, void *data)
{
    const plugin_host *host = data;

    host->desc->stop(plugin, op);
}

/* Work that outlives stop() would use a destroyed plugin: wait for the lane, end the children. */
static void end_leftovers(plugin_host *host)
{
    int64_t give_up = host_now_ms() + ABANDON_AFTER_MS;

    if (is_working(host, NULL))
        host_misuse(host, "work was left running at close");
    pthread_mutex_lock(&host->lock);
    for (host_op *op = host->ops; op; op = op->next)
        op->cancel_asked = true;
    pthread_mutex_unlock(&host->lock);
    while (is_working(host, NULL) && host_now_ms() < give_up)
        turn(host, 50);
    if (is_working(host, NULL))
        fail_msg("%s: the lane does not come back; log:\n%s", host->id, plugin_host_log(host));
}

static void free_host(plugin_host *host)
{
    for (host_op *op = host->ops, *next; op; op = next) {
        next = op->next;
        free(op->result);
        free(op);
    }
    host_waiter_free(host->waiter);
    pthread_cond_destroy(&host->lane_wakeup);
    pthread_mutex_destroy(&host->lock);
    free(host->config_json);
    free(host->kv_dir);
    free(host->log);
    free(host);
}

const char *plugin_host_close(plugin_host *host)
{
    static char misuse[sizeof host->misuse];

    plugin_host_call(host, STOP_DEADLINE_MS, call_stop, host);
    end_leftovers(host);
    host->desc->destroy(host->plugin);
    host_services_close(host);
    if (host->worker)
        plugin_worker_close(host->worker);
    pthread_mutex_lock(&host->lock);
    host->lane_ends = true;
    pthread_cond_signal(&host->lane_wakeup);
    pthread_mutex_unlock(&host->lock);
    pthread_join(host->lane_thread, NULL);
    memcpy(misuse, host->misuse, sizeof misuse);
    free_host(host);
    return misuse[0] ? misuse : NULL;
}
