/* SPDX-License-Identifier: MIT */
/* A plugin whose check ids say where it dies or hangs, or what keeps its worker awake. */
#include <realmjoin/check.h>

#include "fragile_ids.h"
#include "probe_system.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
    const rj_host_exec *exec;
    const rj_host_config *config;
    const rj_host_event *event;
    const rj_host_timer *timer;
    const rj_host_spawn *spawn;
    uint64_t awake; /* a timer */
    bool die_in_stop;
    bool die_in_destroy;
    char heard[200];
};

static void answer(rj_plugin *p, rj_op op, const char *text)
{
    char json[300];
    snprintf(json, sizeof json, "{\"state\":\"ok\",\"summary\":\"%s\"}", text);
    p->op->set_result(p->host, op, json, strlen(json));
    p->op->finish(p->host, op, RJ_OK, NULL);
}

/* ---- Ways to die ----------------------------------------------------------------------------- */

static void die_by_a_wild_pointer(void)
{
    volatile int *nowhere = (volatile int *)(uintptr_t)4096; /* nothing is ever mapped there */
    signal(SIGSEGV, SIG_DFL);                                /* a sanitizer has put its own there */
    *nowhere = 1;
}

static void die_later(void *data)
{
    (void)data;
    abort();
}

/* ---- The lane -------------------------------------------------------------------------------- */

static const char *const lane_ids[] = {"abort-lane", "hang-lane", "busy", "lane", NULL};

typedef struct job {
    rj_plugin *plugin;
    const char *id;
} job;

static void work(rj_op op, void *data)
{
    const job *j = data;
    if (strcmp(j->id, "abort-lane") == 0)
        abort();
    if (strcmp(j->id, "hang-lane") == 0)
        sleep_ms(3600L * 1000);
    if (strcmp(j->id, "busy") == 0)
        sleep_ms(2000);
    answer(j->plugin, op, j->id);
}

static void done(rj_op op, void *data, int32_t started)
{
    job *j = data;
    if (!started)
        j->plugin->op->finish(j->plugin->host, op, RJ_E_CANCELLED, "had not begun");
    free(j);
}

static void run_on_lane(rj_plugin *p, const char *id, rj_op op)
{
    job *j = malloc(sizeof *j);
    if (!j)
        abort();
    *j = (job){.plugin = p, .id = id};
    if (p->exec->run(p->host, op, work, done, j)) {
        free(j);
        p->op->finish(p->host, op, RJ_E_BUSY, "the lane is full");
    }
}

/* ---- What keeps a worker awake --------------------------------------------------------------- */

static void tick(void *data)
{
    (void)data;
}

typedef struct watched {
    rj_plugin *plugin;
    rj_op op;
} watched;

static void on_exit_of_child(void *data, const rj_spawn_exit *how)
{
    watched *w = data;
    (void)how;
    answer(w->plugin, w->op, "it has ended");
    free(w);
}

static void start_child(rj_plugin *p, rj_op op, probe_program program)
{
    const char *const environment[] = {NULL};
    rj_spawn what = {.size = sizeof what,
                     .program = program_path(program),
                     .arguments = program_arguments(program),
                     .environment = environment,
                     .directory = program_folder()};
    watched *w = malloc(sizeof *w);
    if (!w)
        abort();
    *w = (watched){.plugin = p, .op = op};
    rj_status status = p->spawn->start(p->host, op, &what, on_exit_of_child, w, NULL);
    if (!status)
        return;
    free(w);
    p->op->finish(p->host, op, status, "the child could not be started");
}

static void hear(void *data, const char *topic, const char *json, size_t length)
{
    rj_plugin *p = data;
    (void)json;
    (void)length;
    snprintf(p->heard, sizeof p->heard, "%s", topic);
}

static void keep_config(void *data, const void *bytes, size_t length)
{
    char *json = data;
    memcpy(json, bytes, length < 2000 ? length : 2000);
}

static void answer_config(rj_plugin *p, rj_op op)
{
    char json[2001] = "";
    p->config->read(p->host, keep_config, json);
    p->op->set_result(p->host, op, json, strlen(json));
    p->op->finish(p->host, op, RJ_OK, NULL);
}

/* ---- The plugin ------------------------------------------------------------------------------ */

static const char *const *ids(rj_plugin *p)
{
    static const char *const list[] = {FRAGILE_CHECK_IDS, NULL};
    (void)p;
    return list;
}

static bool die_or_hang(const char *id)
{
    if (strcmp(id, "abort") == 0)
        abort();
    if (strcmp(id, "exit") == 0)
        end_process(3);
    if (strcmp(id, "wild") == 0)
        die_by_a_wild_pointer();
    if (strcmp(id, "late-abort") == 0) {
        sleep_ms(500);
        abort();
    }
    if (strcmp(id, "hang-loop") != 0)
        return false;
    sleep_ms(3600L * 1000);
    return true;
}

static bool use_service(rj_plugin *p, const char *id, rj_op op)
{
    uint64_t timer;
    if (strcmp(id, "abort-timer") == 0)
        p->timer->start(p->host, 20, 0, die_later, NULL, &timer);
    else if (strcmp(id, "child") == 0)
        start_child(p, op, PROGRAM_SLEEP);
    else if (strcmp(id, "short-child") == 0)
        start_child(p, op, PROGRAM_NAP);
    else if (strcmp(id, "config") == 0)
        answer_config(p, op);
    else if (strcmp(id, "heard") == 0)
        answer(p, op, p->heard);
    else
        return false;
    return true;
}

static void evaluate(rj_plugin *p, const char *id, rj_op op)
{
    for (const char *const *lane = lane_ids; *lane; lane++) {
        if (strcmp(*lane, id) == 0) {
            run_on_lane(p, *lane, op);
            return;
        }
    }
    if (die_or_hang(id) || use_service(p, id, op))
        return;
    if (strcmp(id, "arm-stop") == 0)
        p->die_in_stop = true;
    else if (strcmp(id, "arm-destroy") == 0)
        p->die_in_destroy = true;
    else if (strcmp(id, "awake") == 0)
        p->timer->start(p->host, 100000, 0, tick, NULL, &p->awake);
    else if (strcmp(id, "tired") == 0)
        p->timer->stop(p->host, p->awake);
    answer(p, op, id);
}

static const rj_check check_table = {.size = sizeof(rj_check), .ids = ids, .evaluate = evaluate};

static const void *query(rj_plugin *p, const char *id)
{
    (void)p;
    return strcmp(id, RJ_CHECK) == 0 ? &check_table : NULL;
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
    p->config = host->query(host, RJ_HOST_CONFIG);
    p->event = host->query(host, RJ_HOST_EVENT);
    p->timer = host->query(host, RJ_HOST_TIMER);
    p->spawn = host->query(host, RJ_HOST_SPAWN);
    if (!p->spawn || p->event->subscribe(host, "host.test", hear, p, &subscription)) {
        free(p);
        return RJ_E_FAILED;
    }
    *ret_plugin = p;
    return RJ_OK;
}

static void stop(rj_plugin *p, rj_op op)
{
    if (p->die_in_stop)
        abort();
    p->op->finish(p->host, op, RJ_OK, NULL);
}

static void destroy(rj_plugin *p)
{
    if (p->die_in_destroy)
        abort();
    free(p);
}

static const char *const provides[] = {RJ_CHECK, NULL};
static const rj_plugin_desc desc = {.size = sizeof(rj_plugin_desc),
                                    .id = "fragile",
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
