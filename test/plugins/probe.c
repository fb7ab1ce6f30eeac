/* SPDX-License-Identifier: MIT */
/*
 * A plugin whose check ids say how it behaves: well, or in one particular wrong way.  Tests of the
 * runtime load it as any other plugin.
 */
#include <realmjoin/check.h>
#include <realmjoin/draft/secret.h>
#include <realmjoin/package.h>

#include "probe_ids.h"
#include "probe_system.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
    const rj_host_exec *exec;
    const rj_host_log *log;
    const rj_host_config *config;
    const rj_host_kv *kv;
    const rj_host_event *event;
    const rj_host_timer *timer;
    const rj_host_spawn *spawn;
    int stop_mode; /* 1: refuses, 2: leaves a timer */
    uint64_t timers[64];
    uint64_t subscriptions[2];
    rj_op remembered;
    char heard[256];
};

static const char ok_result[] = "{\"state\":\"ok\",\"summary\":\"fine\"}";

static void answer_ok(rj_plugin *p, rj_op op)
{
    p->op->set_result(p->host, op, ok_result, strlen(ok_result));
    p->op->finish(p->host, op, RJ_OK, NULL);
}

static void answer_text(rj_plugin *p, rj_op op, const char *text)
{
    char json[600];
    snprintf(json, sizeof json, "{\"text\":\"%s\"}", text);
    p->op->set_result(p->host, op, json, strlen(json));
    p->op->finish(p->host, op, RJ_OK, NULL);
}

/* ---- Work on the lane ------------------------------------------------------------------------ */

typedef struct job {
    rj_plugin *plugin;
    char id[64];
} job;

static rj_status run(rj_plugin *p, const char *id, rj_op op);

static void work(rj_op op, void *data)
{
    job *j = data;
    rj_plugin *p = j->plugin;
    if (strcmp(j->id, "lane") == 0) {
        answer_ok(p, op);
    } else if (strcmp(j->id, "wedge") == 0) {
        sleep_ms(700); /* hears nothing */
        p->op->finish(p->host, op, RJ_OK, NULL);
    } else if (strcmp(j->id, "polite") == 0) {
        while (!p->op->cancelled(p->host, op))
            sleep_ms(2);
        p->op->finish(p->host, op, RJ_E_CANCELLED, "stopped as asked");
    } else if (strcmp(j->id, "put-back") == 0) {
        p->op->progress(p->host, op, 0, "begun");
        while (!p->op->cancelled(p->host, op))
            sleep_ms(2);
        rj_status status = run(p, "putting-back", op);
        if (status)
            p->op->finish(p->host, op, status, "no turn to put things back");
    } else if (strcmp(j->id, "putting-back") == 0) {
        p->op->finish(p->host, op, RJ_E_CANCELLED, "stopped, and all is as it was");
    } else if (strcmp(j->id, "flood") == 0) {
        for (int i = 0; i < 1000000; i++)
            p->op->progress(p->host, op, i / 1000, "working on it");
        p->op->finish(p->host, op, RJ_OK, NULL);
    } else if (strcmp(j->id, "slow-progress") == 0) {
        for (int i = 0; i < 3; i++) {
            p->op->progress(p->host, op, i * 100, "step");
            sleep_ms(130);
        }
        p->op->finish(p->host, op, RJ_OK, NULL);
    } else if (strcmp(j->id, "busy-lane") == 0) {
        sleep_ms(300);
        p->op->finish(p->host, op, RJ_OK, NULL);
    }
}

static void done(rj_op op, void *data, int32_t started)
{
    job *j = data;
    if (!started)
        j->plugin->op->finish(j->plugin->host, op, RJ_E_CANCELLED, "had not begun");
    free(j);
}

static rj_status run(rj_plugin *p, const char *id, rj_op op)
{
    job *j = calloc(1, sizeof *j);
    if (!j)
        return RJ_E_NO_MEMORY;
    j->plugin = p;
    snprintf(j->id, sizeof j->id, "%s", id);
    rj_status status = p->exec->run(p->host, op, work, done, j);
    if (status)
        free(j);
    return status;
}

static void on_lane(rj_plugin *p, const char *id, rj_op op)
{
    rj_status status = run(p, id, op);
    if (status)
        p->op->finish(p->host, op, status, "the lane takes no more work");
}

static void count_work(rj_op op, void *data)
{
    (void)op;
    (void)data;
    sleep_ms(50);
}

static void count_done(rj_op op, void *data, int32_t started)
{
    (void)op;
    (void)data;
    (void)started;
}

/* How many jobs fit into the lane's queue? */
static void fill_lane(rj_plugin *p, rj_op op)
{
    unsigned count = 0;
    while (count < 1000 && p->exec->run(p->host, op, count_work, count_done, NULL) == RJ_OK)
        count++;
    char text[32];
    snprintf(text, sizeof text, "%u", count);
    answer_text(p, op, text);
}

/* ---- Services -------------------------------------------------------------------------------- */

typedef struct call {
    rj_plugin *plugin;
    rj_op op;
} call;

static call *new_call(rj_plugin *p, rj_op op)
{
    call *c = calloc(1, sizeof *c);
    if (c) {
        c->plugin = p;
        c->op = op;
    }
    return c;
}

static void on_timer(void *data)
{
    call *c = data;
    answer_ok(c->plugin, c->op);
    free(c);
}

static void tick(void *data)
{
    (void)data;
}

static void many_timers(rj_plugin *p, rj_op op)
{
    uint64_t extra;
    int count = 0;
    while (count < 64 &&
           p->timer->start(p->host, 100000, 0, tick, NULL, &p->timers[count]) == RJ_OK)
        count++;
    rj_status beyond = p->timer->start(p->host, 100000, 0, tick, NULL, &extra);
    for (int i = 0; i < count; i++)
        p->timer->stop(p->host, p->timers[i]);
    p->timer->stop(p->host, p->timers[0]); /* stale: ignored */
    char text[64];
    snprintf(text, sizeof text, "%d then %d", count, (int)beyond);
    answer_text(p, op, text);
}

static void on_exit_of_child(void *data, const rj_spawn_exit *how)
{
    call *c = data;
    char json[9000];
    size_t used = (size_t)snprintf(json, sizeof json,
                                   "{\"kind\":%d,\"value\":%d,\"survivors\":%u,\"tail\":\"",
                                   (int)how->kind, (int)how->value, how->survivors);
    for (size_t i = 0; i < how->tail_length && used < sizeof json - 10; i++) {
        unsigned char byte = (unsigned char)how->tail[i];
        if (byte == '\n')
            json[used++] = '|';
        else if (byte >= 0x20 && byte != '"' && byte != '\\')
            json[used++] = (char)byte;
    }
    used += (size_t)snprintf(json + used, sizeof json - used, "\"}");
    c->plugin->op->set_result(c->plugin->host, c->op, json, used);
    c->plugin->op->finish(c->plugin->host, c->op, RJ_OK, NULL);
    free(c);
}

static void on_exit_in_silence(void *data, const rj_spawn_exit *how)
{
    (void)how;
    free(data);
}

static void spawn(rj_plugin *p, rj_op op, probe_program program, const char *log, int64_t limit,
                  int mode)
{
    if (!p->spawn) {
        p->op->finish(p->host, op, RJ_E_DENIED, "spawn is not granted");
        return;
    }
    const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
    rj_spawn what = {.size = sizeof what,
                     .program = program_path(program),
                     .arguments = program_arguments(program),
                     .environment = environment,
                     .directory = program_folder(),
                     .log_path = log,
                     .time_limit_ms = limit};
    call *c = new_call(p, op);
    uint64_t child = 0;
    rj_status status = p->spawn->start(
        p->host, op, &what, mode == 1 ? on_exit_in_silence : on_exit_of_child, c, &child);
    if (status) {
        free(c);
        p->op->finish(p->host, op, status, "start was refused");
    } else if (mode == 2) {
        p->spawn->kill(p->host, child);
        p->spawn->kill(p->host, child);
    }
}

static void hear(void *data, const char *topic, const char *json, size_t length)
{
    rj_plugin *p = data;
    (void)length;
    snprintf(p->heard, sizeof p->heard, "%s %.200s", topic, json);
    for (char *c = p->heard; *c; c++)
        if (*c == '"' || *c == '\\')
            *c = '\'';
}

static void keep_value(void *data, const void *bytes, size_t length)
{
    snprintf(data, 64, "%.*s", (int)length, (const char *)bytes);
}

static void keep_config(void *data, const void *bytes, size_t length)
{
    char *json = data;
    memcpy(json, bytes, length < 2000 ? length : 2000);
}

/* The log's name behind that of the plugin's own state folder. */
static void spawn_with_log(rj_plugin *p, rj_op op, const char *name)
{
    static const char member[] = "\"state_dir\":";
    char json[2001] = "", path[600] = "";
    p->config->read(p->host, keep_config, json);
    const char *at = strstr(json, member);
    at = at ? strchr(at + sizeof member - 1, '"') : NULL;
    if (at)
        snprintf(path, sizeof path, "%.*s%s", (int)strcspn(at + 1, "\""), at + 1, name);
    spawn(p, op, PROGRAM_LOG, path, 0, 0);
}

static void use_kv(rj_plugin *p, rj_op op)
{
    char value[64] = "none";
    rj_status set = p->kv->set(p->host, "a.key", "value", 5);
    rj_status bad = p->kv->set(p->host, "a/key", "value", 5);
    rj_status get = p->kv->get(p->host, "a.key", keep_value, value);
    rj_status gone = p->kv->remove(p->host, "a.key");
    rj_status absent = p->kv->get(p->host, "a.key", keep_value, value);
    char text[160];
    snprintf(text, sizeof text, "%d %d %d %s %d %d", (int)set, (int)bad, (int)get, value, (int)gone,
             (int)absent);
    answer_text(p, op, text);
}

static void wake(void *data)
{
    call *c = data;
    c->plugin->op->finish(c->plugin->host, c->op, RJ_E_CANCELLED, "woken");
    free(c);
}

/* ---- The check interface --------------------------------------------------------------------- */

static const char *const check_ids[] = {PROBE_CHECK_IDS, NULL};

static const char *const *ids(rj_plugin *p)
{
    (void)p;
    return check_ids;
}

static void forget_work(rj_op op, void *data)
{
    (void)op;
    (void)data;
}

static void misbehave(rj_plugin *p, const char *id, rj_op op)
{
    if (strcmp(id, "never") == 0)
        return;
    if (strcmp(id, "twice") == 0) {
        answer_ok(p, op);
        p->op->finish(p->host, op, RJ_E_FAILED, "again");
    } else if (strcmp(id, "late") == 0) {
        if (p->remembered)
            p->op->finish(p->host, p->remembered, RJ_OK, NULL);
        p->remembered = p->remembered ? 0 : op;
        if (!p->remembered)
            answer_ok(p, op);
    } else if (strcmp(id, "silent") == 0) {
        p->op->finish(p->host, op, RJ_E_FAILED, NULL);
    } else if (strcmp(id, "strange") == 0) {
        p->op->finish(p->host, op, 77, "a status nobody knows");
    } else if (strcmp(id, "forget") == 0) {
        p->exec->run(p->host, op, forget_work, count_done, NULL);
    } else if (strcmp(id, "unknown-op") == 0) {
        p->op->finish(p->host, UINT64_C(0x1234567800000005), RJ_OK, NULL);
        answer_ok(p, op);
    } else if (strcmp(id, "not-json") == 0) {
        rj_status status = p->op->set_result(p->host, op, "{nonsense", 9);
        p->op->finish(p->host, op, status, "not JSON");
    } else if (strcmp(id, "huge") == 0) {
        size_t size = 2u << 20;
        char *json = malloc(size);
        if (json) {
            memset(json, ' ', size);
            rj_status status = p->op->set_result(p->host, op, json, size);
            p->op->finish(p->host, op, status, "too much");
        }
        free(json);
    } else if (strcmp(id, "multi-line") == 0) {
        p->op->finish(p->host, op, RJ_E_FAILED, "first\nsecond\x1b[0m \xff");
    } else if (strcmp(id, "stop-refuse") == 0) {
        p->stop_mode = 1;
        answer_ok(p, op);
    } else if (strcmp(id, "stop-timer") == 0) {
        uint64_t timer;
        p->stop_mode = 2;
        p->timer->start(p->host, 100000, 0, tick, NULL, &timer);
        answer_ok(p, op);
    }
}

static void use_secret(rj_plugin *p, const char *id, rj_op op);

static void use_service(rj_plugin *p, const char *id, rj_op op)
{
    uint64_t number;
    if (strcmp(id, "timer") == 0) {
        p->timer->start(p->host, 20, 0, on_timer, new_call(p, op), &number);
    } else if (strcmp(id, "timers") == 0) {
        many_timers(p, op);
    } else if (strcmp(id, "kv") == 0) {
        use_kv(p, op);
    } else if (strcmp(id, "config") == 0) {
        char json[2001] = "";
        p->config->read(p->host, keep_config, json);
        p->op->set_result(p->host, op, json, strlen(json));
        p->op->finish(p->host, op, RJ_OK, NULL);
    } else if (strcmp(id, "publish") == 0) {
        rj_status own = p->event->publish(p->host, "probe.changed", "{\"n\":1}", 7);
        rj_status foreign = p->event->publish(p->host, "host.config", "{}", 2);
        rj_status prefix = p->event->publish(p->host, "probex.y", "{}", 2);
        rj_status bad = p->event->publish(p->host, "probe.x", "{", 1);
        char text[64];
        snprintf(text, sizeof text, "%d %d %d %d", (int)own, (int)foreign, (int)prefix, (int)bad);
        answer_text(p, op, text);
    } else if (strcmp(id, "heard") == 0) {
        answer_text(p, op, p->heard);
    } else if (strncmp(id, "secret", 6) == 0) {
        use_secret(p, id, op);
    } else if (strcmp(id, "wake") == 0) {
        p->op->on_cancel(p->host, op, wake, new_call(p, op));
    } else if (strcmp(id, "spawn") == 0) {
        spawn(p, op, PROGRAM_OUT, NULL, 0, 0);
    } else if (strcmp(id, "spawn-log") == 0) {
        spawn_with_log(p, op, "/spawn.log");
    } else if (strcmp(id, "spawn-out") == 0) {
        spawn(p, op, PROGRAM_LOG, program_log_elsewhere(), 0, 0);
    } else if (strcmp(id, "spawn-up") == 0) {
        spawn_with_log(p, op, "/../spawn.log");
    } else if (strcmp(id, "spawn-kill") == 0) {
        spawn(p, op, PROGRAM_SLEEP, NULL, 0, 2);
    } else if (strcmp(id, "spawn-limit") == 0) {
        spawn(p, op, PROGRAM_BEGUN, NULL, program_limit_ms(), 0);
    } else if (strcmp(id, "spawn-long") == 0) {
        spawn(p, op, PROGRAM_LINES, NULL, 0, 0);
    } else if (strcmp(id, "spawn-none") == 0) {
        spawn(p, op, PROGRAM_NONE, NULL, 0, 0);
    } else if (strcmp(id, "spawn-quiet") == 0) {
        spawn(p, op, PROGRAM_TRUE, NULL, 0, 1);
    } else {
        misbehave(p, id, op);
    }
}

/* What came with the question goes back as an attachment, in capitals. */
static void keep_secret(void *data, const void *bytes, size_t length)
{
    snprintf(data, 64, "%.*s", (int)length, (const char *)bytes);
}

static void use_secret(rj_plugin *p, const char *id, rj_op op)
{
    char text[64] = "none";
    const rj_host_secret *secret = p->host->query(p->host, RJ_HOST_SECRET);
    if (!secret) {
        p->op->finish(p->host, op, RJ_E_DENIED, "secrets are not granted");
        return;
    }
    rj_secret handle = secret->of_op(p->host, op);
    rj_status got = secret->read(p->host, handle, keep_secret, text);
    rj_status stale = secret->read(p->host, handle ^ ((rj_secret)1 << 40), keep_secret, text);
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    rj_status put = secret->attach(p->host, op, "token", text, strlen(text));
    rj_status bad = secret->attach(p->host, op, "no/name", text, 1);
    if (strcmp(id, "secret-crash") == 0)
        abort();
    if (strcmp(id, "secret-fail") == 0) {
        p->op->finish(p->host, op, RJ_E_FAILED, "not today");
        return;
    }
    snprintf(text, sizeof text, "%d %d %d %d", (int)got, (int)stale, (int)put, (int)bad);
    answer_text(p, op, text);
}

static void evaluate(rj_plugin *p, const char *id, rj_op op)
{
    static const char *const lane_ids[] = {"lane",      "wedge",         "polite",   "flood",
                                           "busy-lane", "slow-progress", "put-back", NULL};
    if (strcmp(id, "well") == 0) {
        p->log->write(p->host, RJ_LOG_INFO, op, "evaluating");
        answer_ok(p, op);
        return;
    }
    if (strcmp(id, "fill-lane") == 0) {
        fill_lane(p, op);
        return;
    }
    for (const char *const *lane = lane_ids; *lane; lane++) {
        if (strcmp(*lane, id) == 0) {
            on_lane(p, id, op);
            return;
        }
    }
    use_service(p, id, op);
}

static const rj_check check_table = {.size = sizeof(rj_check), .ids = ids, .evaluate = evaluate};

/* ---- The package interface: detect only ------------------------------------------------------ */

static const char *const *formats(rj_plugin *p)
{
    static const char *const list[] = {PROBE_FORMATS, NULL};
    (void)p;
    return list;
}

static void detect(rj_plugin *p, const char *request, rj_op op)
{
    p->op->set_result(p->host, op, request, strlen(request));
    p->op->finish(p->host, op, RJ_OK, NULL);
}

static const rj_package package_table = {
    .size = sizeof(rj_package), .formats = formats, .detect = detect};

/* ---- The plugin ------------------------------------------------------------------------------ */

static const void *query(rj_plugin *p, const char *id)
{
    (void)p;
    if (strcmp(id, RJ_CHECK) == 0)
        return &check_table;
    return strcmp(id, RJ_PACKAGE) == 0 ? &package_table : NULL;
}

static rj_status create(const rj_host *host, const char *config, rj_plugin **ret_plugin)
{
    uint64_t subscription;
    (void)config;
    rj_plugin *p = calloc(1, sizeof *p);
    if (!p)
        return RJ_E_NO_MEMORY;
    p->host = host;
    p->op = host->query(host, RJ_HOST_OP);
    p->exec = host->query(host, RJ_HOST_EXEC);
    p->log = host->query(host, RJ_HOST_LOG);
    p->config = host->query(host, RJ_HOST_CONFIG);
    p->kv = host->query(host, RJ_HOST_KV);
    p->event = host->query(host, RJ_HOST_EVENT);
    p->timer = host->query(host, RJ_HOST_TIMER);
    p->spawn = host->query(host, RJ_HOST_SPAWN);
    if (!p->op || !p->exec || !p->event ||
        p->event->subscribe(host, "host", hear, p, &subscription) ||
        p->event->subscribe(host, "probe.changed", hear, p, &p->subscriptions[0]) ||
        host->query(host, "rj.host.nothing/1")) {
        free(p);
        return RJ_E_FAILED;
    }
    p->event->unsubscribe(host, subscription);
    if (p->event->subscribe(host, "host", hear, p, &p->subscriptions[1])) {
        free(p);
        return RJ_E_FAILED;
    }
    *ret_plugin = p;
    return RJ_OK;
}

static void stop(rj_plugin *p, rj_op op)
{
    if (p->stop_mode == 1)
        return;
    p->event->unsubscribe(p->host, p->subscriptions[0]);
    p->event->unsubscribe(p->host, p->subscriptions[1]);
    p->op->finish(p->host, op, RJ_OK, NULL);
}

static void destroy(rj_plugin *p)
{
    free(p);
}

static const char *const provides[] = {RJ_CHECK, RJ_PACKAGE, NULL};
static const rj_plugin_desc desc = {.size = sizeof(rj_plugin_desc),
                                    .id = "probe",
                                    .version = "1.0.0",
                                    .provides = provides,
                                    .create = create,
                                    .query = query,
                                    .stop = stop,
                                    .destroy = destroy};

const rj_plugin_desc *rj_plugin_entry_v1(void)
{
    return &desc;
}
