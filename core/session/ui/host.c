/* SPDX-License-Identifier: MIT */
/* See host.h. */
#include "session/ui/host.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/policy.h"
#include "session/ui/jobs.h"
#include "session/ui/model.h"
#include "session/ui/one_line.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define LOGGER "ui"
#define ASK_MS 20000
#define GATHER_MS 150u              /* events of that long make one model */
#define REFRESH_MS (5u * 60 * 1000) /* addresses change without an event */
#define CHOSEN_MAX 8u
#define OFFERS_MAX 8u /* models whose actions may still be chosen */
#define EARLY_MAX 64u

struct rj_ui_host {
    rj_loop *loop;
    const rj_paths *paths;
    bool debug;
    rj_client *client;
    rj_runtime *runtime;
    const rj_texts *texts;
    rj_ui_jobs *jobs;
    json_t *status, *packages, *ui; /* the last answers; NULL: none */
    int64_t revision;
    bool stale; /* the service is to be asked again */
    bool due;   /* a model is to be made */
    bool exit;
    bool asking;
    json_t *waiting; /* a request that needs the service, which is to be started; NULL: none */
    json_t *early;   /* events while a request has no correlation yet */
    rj_timer *gather, *refresh;

    uv_mutex_t lock; /* guards what follows: act() comes from the views' threads */
    json_t *offers[OFFERS_MAX];
    int64_t offer_revisions[OFFERS_MAX];
    char *chosen[CHOSEN_MAX];
    size_t chosen_count;
    rj_post post;
    bool posted;
};

/* ---- Asking the service ---------------------------------------------------------------------- */

static json_t *ask(rj_client *client, const char *method, json_t *params)
{
    json_t *result = NULL;
    rj_error error = RJ_ERROR_NONE;
    if (rj_client_call(client, method, params, ASK_MS, &result, NULL, &error) == RJ_OK)
        return result;
    rj_log(RJ_LOG_WARNING, LOGGER, NULL, "%s: %s", method, error.text);
    return NULL;
}

static json_t *ask_packages(rj_client *client)
{
    json_t *all = NULL;
    json_int_t offset = 0;
    do {
        json_t *page = ask(client, "list", json_pack("{s:I}", "offset", offset));
        json_t *packages = json_object_get(page, "packages");
        json_int_t next = json_integer_value(json_object_get(page, "next"));
        if (!packages) {
            json_decref(page);
            json_decref(all);
            return NULL;
        }
        if (all)
            json_array_extend(all, packages);
        else
            all = json_incref(packages);
        json_decref(page);
        offset = next > offset ? next : 0;
    } while (offset);
    return all;
}

static json_t *make_model(const rj_ui_facts *known, const rj_paths *paths, int64_t revision,
                          const rj_ui_jobs *jobs)
{
    rj_ui_facts facts = *known;
    json_t *device = rj_ui_device(rj_paths_root(paths));
    json_t *progress = jobs ? rj_ui_jobs_windows(jobs, device) : NULL;
    json_t *notices = jobs ? rj_ui_jobs_notices(jobs) : NULL;
    json_t *model = NULL;
    facts.platform = rj_ui_platform;
    facts.version = RJ_VERSION;
    facts.device = device;
    facts.progress = progress;
    facts.notices = notices;
    if (device && (!jobs || (progress && notices)))
        model = rj_ui_model(&facts, revision);
    json_decref(device);
    json_decref(progress);
    json_decref(notices);
    return model;
}

static const rj_texts *own_texts(void)
{
    char *wishes = rj_texts_wishes();
    const rj_texts *texts = rj_texts_for(wishes);
    rj_free(wishes);
    return texts;
}

rj_status rj_ui_look(rj_client *client, const rj_paths *paths, bool debug, json_t **ret_model,
                     rj_error *err)
{
    json_t *status = client ? ask(client, "status", NULL) : NULL;
    json_t *packages = client ? ask_packages(client) : NULL;
    json_t *ui = client ? ask(client, "ui", NULL) : NULL;
    const rj_ui_facts facts = {
        .texts = own_texts(), .debug = debug, .status = status, .packages = packages, .ui = ui};
    json_t *model = make_model(&facts, paths, 1, NULL);
    json_decref(status);
    json_decref(packages);
    json_decref(ui);
    if (!model)
        return rj_fail_memory(err, "making the menu");
    *ret_model = model;
    return RJ_OK;
}

/* ---- When ------------------------------------------------------------------------------------ */

static void on_gathered(void *data)
{
    rj_ui_host *host = data;
    rj_timer_stop(host->gather);
    host->gather = NULL;
    host->due = true;
    rj_loop_stop(host->loop);
}

/* A model, soon; what comes until then is in it. */
static void want_model(rj_ui_host *host)
{
    if (host->gather || host->due)
        return;
    if (rj_timer_start(host->loop, GATHER_MS, 0, on_gathered, host, &host->gather, NULL) != RJ_OK)
        host->due = true; /* with the next turn, whenever that is */
}

static void on_refresh(void *data)
{
    rj_ui_host *host = data;
    host->stale = true;
    want_model(host);
}

static void note_event(rj_ui_host *host, const char *topic, const json_t *document)
{
    bool ours = rj_ui_jobs_event(host->jobs, topic, document);
    if (!ours && host->asking && json_array_size(host->early) < EARLY_MAX)
        json_array_append_new(host->early, json_pack("[s, O]", topic, document));
    if (strcmp(topic, "progress") != 0)
        host->stale = true;
    if (ours || host->stale)
        want_model(host);
}

bool rj_ui_host_notified(rj_ui_host *host, const char *method, const json_t *params)
{
    const char *topic = json_string_value(json_object_get(params, "topic"));
    if (strcmp(method, "event") != 0 || !topic)
        return false;
    note_event(host, topic, json_object_get(params, "document"));
    return true;
}

/* ---- What the person chose ------------------------------------------------------------------- */

static void on_chosen(void *data)
{
    rj_ui_host *host = data;
    uv_mutex_lock(&host->lock);
    host->posted = false;
    uv_mutex_unlock(&host->lock);
    rj_loop_stop(host->loop);
}

static const json_t *offer_of(const rj_ui_host *host, int64_t revision)
{
    const json_t *offer = host->offers[(size_t)(revision % (int64_t)OFFERS_MAX)];
    bool kept =
        revision > 0 && host->offer_revisions[(size_t)(revision % (int64_t)OFFERS_MAX)] == revision;
    return kept ? offer : NULL;
}

static rj_status choose(rj_ui_host *host, int64_t revision, const char *action)
{
    const json_t *offer = revision > 0 ? offer_of(host, revision) : NULL;
    if (!offer || !rj_ui_offers(offer, action))
        return RJ_E_NOT_FOUND;
    if (host->chosen_count == CHOSEN_MAX)
        return RJ_E_BUSY;
    char *copy = rj_strdup(action);
    if (!copy)
        return RJ_E_NO_MEMORY;
    host->chosen[host->chosen_count++] = copy;
    if (!host->posted)
        rj_loop_post(host->loop, &host->post, on_chosen, host);
    host->posted = true;
    return RJ_OK;
}

/* [any] */
static rj_status on_act(void *data, int64_t revision, const char *action)
{
    rj_ui_host *host = data;
    uv_mutex_lock(&host->lock);
    rj_status status = choose(host, revision, action);
    uv_mutex_unlock(&host->lock);
    return status;
}

static void replay_early(rj_ui_host *host)
{
    json_t *early = host->early;
    host->asking = false;
    host->early = json_array();
    for (size_t i = 0; i < json_array_size(early); i++) {
        const json_t *pair = json_array_get(early, i);
        note_event(host, json_string_value(json_array_get(pair, 0)), json_array_get(pair, 1));
    }
    json_decref(early);
}

/* `params` is taken; `id` NULL: a sync. */
static void call(rj_ui_host *host, const char *verb, const char *id, json_t *params, bool link,
                 bool waited)
{
    json_t *result = NULL;
    rj_error error = RJ_ERROR_NONE;
    const char *name = id ? rj_ui_package_name(host->packages, id) : NULL;
    host->asking = true;
    rj_status status = rj_client_call(host->client, verb, params, ASK_MS, &result, NULL, &error);
    rj_ui_refusal why = status == RJ_E_NOT_STARTED || status == RJ_E_TIMEOUT ? RJ_UI_NO_SERVICE
                        : link                                               ? RJ_UI_BAD_LINK
                                                                             : RJ_UI_REFUSED;
    const char *correlation = json_string_value(json_object_get(result, "correlation"));
    bool accepted = status == RJ_OK && correlation;
    if (accepted && waited)
        rj_ui_jobs_started(host->jobs, correlation);
    else if (accepted)
        rj_ui_jobs_begin(host->jobs, correlation, verb, id, name);
    else if (waited)
        rj_ui_jobs_not_started(host->jobs, why, error.text);
    else
        rj_ui_jobs_refuse(host->jobs, why, name, error.text);
    json_decref(result);
    replay_early(host);
    host->stale = host->due = true;
}

/* The same; without a service it waits until that has been started. */
static void request(rj_ui_host *host, const char *verb, const char *id, json_t *params, bool link)
{
    if (host->client) {
        call(host, verb, id, params, link, false);
        return;
    }
    const char *name = id ? rj_ui_package_name(host->packages, id) : NULL;
    if (host->waiting) {
        rj_ui_jobs_refuse(host->jobs, RJ_UI_NO_SERVICE, name,
                          "the RealmJoin service is still being started");
    } else {
        host->waiting = json_pack("{s:s, s:s*, s:O*, s:b}", "verb", verb, "id", id, "params",
                                  params, "link", link);
        rj_ui_jobs_wait(host->jobs, verb, id, name);
    }
    json_decref(params);
    host->due = true;
}

static void request_what_waited(rj_ui_host *host)
{
    json_t *waiting = host->waiting;
    host->waiting = NULL;
    if (!waiting)
        return;
    json_t *params = json_object_get(waiting, "params");
    call(host, json_string_value(json_object_get(waiting, "verb")),
         json_string_value(json_object_get(waiting, "id")), params ? json_incref(params) : NULL,
         json_is_true(json_object_get(waiting, "link")), true);
    json_decref(waiting);
}

bool rj_ui_host_wants_service(const rj_ui_host *host)
{
    return host->waiting && !host->client;
}

void rj_ui_host_no_service(rj_ui_host *host, const char *why)
{
    if (!host->waiting)
        return;
    json_decref(host->waiting);
    host->waiting = NULL;
    rj_ui_jobs_not_started(host->jobs, RJ_UI_NO_SERVICE, why);
    host->due = true;
}

char *rj_ui_host_hold_text(const rj_ui_host *host, const char *package_id)
{
    const rj_texts *texts = host ? host->texts : own_texts();
    char *name =
        rj_ui_one_line(rj_ui_package_name(host ? host->packages : NULL, package_id), RJ_UI_COLUMNS);
    const rj_text_value values[] = {{"name", name ? name : "", 0}, {NULL, NULL, 0}};
    char *text = rj_texts_make(texts, "job.hold", values);
    rj_free(name);
    return text;
}

static void do_package(rj_ui_host *host, const char *rest)
{
    const char *verb = strrchr(rest, ':');
    char *id = verb ? rj_strndup(rest, (size_t)(verb - rest)) : NULL;
    if (id)
        request(host, verb + 1, id, json_pack("{s:s}", "id", id), false);
    rj_free(id);
}

static void do_link(rj_ui_host *host, const char *text)
{
    static const char *const methods[] = {"install", "upgrade", "sync"};
    rj_link_verb verb;
    char id[132] = "";
    rj_error error = RJ_ERROR_NONE;
    if (rj_link_parse(text, strlen(text), &verb, id, &error) != RJ_OK) {
        rj_ui_jobs_refuse(host->jobs, RJ_UI_BAD_LINK, NULL, error.text);
        host->due = true;
        return;
    }
    json_t *params = json_pack("{s:b, s:s*}", "link", 1, "id", id[0] ? id : NULL);
    request(host, methods[verb], id[0] ? id : NULL, params, true);
}

static void do_cancel(rj_ui_host *host, const char *window)
{
    const char *correlation = rj_ui_jobs_cancellable(host->jobs, window);
    if (correlation && host->client)
        json_decref(ask(host->client, "cancel", json_pack("{s:s}", "correlation", correlation)));
}

static const char *behind(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* Pages and the clipboard are the view's part: that the person chose them is all there is to know. */
static void carry_out(rj_ui_host *host, const char *action)
{
    const char *rest;
    rj_log(RJ_LOG_INFO, LOGGER, NULL, "the person chose %s", action);
    if ((rest = behind(action, "link:")))
        do_link(host, rest);
    else if ((rest = behind(action, "package:")))
        do_package(host, rest);
    else if ((rest = behind(action, "cancel:")))
        do_cancel(host, rest);
    else if ((rest = behind(action, "close:")))
        rj_ui_jobs_close(host->jobs, rest);
    else if (strcmp(action, "sync") == 0)
        request(host, "sync", NULL, NULL, false);
    else if (strcmp(action, "exit") == 0)
        host->exit = host->debug;
    want_model(host);
}

static char *next_chosen(rj_ui_host *host)
{
    char *first = NULL;
    uv_mutex_lock(&host->lock);
    if (host->chosen_count) {
        first = host->chosen[0];
        host->chosen_count--;
        memmove(host->chosen, host->chosen + 1, host->chosen_count * sizeof *host->chosen);
    }
    uv_mutex_unlock(&host->lock);
    return first;
}

void rj_ui_host_link(rj_ui_host *host, const char *text)
{
    size_t size = strlen(text) + sizeof "link:";
    char *action = size < 4096 ? rj_calloc(size, 1) : NULL;
    if (!action) {
        rj_ui_jobs_refuse(host->jobs, RJ_UI_BAD_LINK, NULL, "the link is too long");
        want_model(host);
        return;
    }
    snprintf(action, size, "link:%s", text);
    uv_mutex_lock(&host->lock);
    bool kept = host->chosen_count < CHOSEN_MAX;
    if (kept)
        host->chosen[host->chosen_count++] = action;
    if (kept && !host->posted)
        rj_loop_post(host->loop, &host->post, on_chosen, host);
    host->posted |= kept;
    uv_mutex_unlock(&host->lock);
    if (!kept)
        rj_free(action);
}

/* ---- The turn -------------------------------------------------------------------------------- */

static void replace(json_t **known, json_t *fresh)
{
    json_decref(*known);
    *known = fresh;
}

static void ask_again(rj_ui_host *host)
{
    host->stale = false;
    replace(&host->status, host->client ? ask(host->client, "status", NULL) : NULL);
    /* What was assigned stays in the menu: a package that the person chooses starts the service. */
    json_t *packages = host->status ? ask_packages(host->client) : NULL;
    json_t *ui = packages ? ask(host->client, "ui", NULL) : NULL;
    if (packages)
        replace(&host->packages, packages);
    if (ui)
        replace(&host->ui, ui);
}

static void show(rj_ui_host *host)
{
    const rj_ui_facts facts = {.texts = host->texts,
                               .debug = host->debug,
                               .status = host->status,
                               .packages = host->packages,
                               .ui = host->ui};
    json_t *model = make_model(&facts, host->paths, host->revision + 1, host->jobs);
    if (!model) {
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "out of memory: the menu stays as it was");
        return;
    }
    host->revision++;
    size_t place = (size_t)(host->revision % (int64_t)OFFERS_MAX);
    uv_mutex_lock(&host->lock);
    json_t *old = host->offers[place];
    host->offers[place] = model;
    host->offer_revisions[place] = host->revision;
    uv_mutex_unlock(&host->lock);
    json_decref(old);
    if (host->runtime)
        rj_runtime_show(host->runtime, model);
}

void rj_ui_host_turn(rj_ui_host *host)
{
    do { /* while we ask, more may come, and nobody would end the next waiting for it */
        char *action;
        while ((action = next_chosen(host))) {
            carry_out(host, action);
            rj_free(action);
        }
        if (!host->due)
            return;
        host->due = false;
        if (host->stale)
            ask_again(host);
        show(host);
    } while (host->due);
}

/* ---- Life ------------------------------------------------------------------------------------ */

rj_status rj_ui_host_new(rj_loop *loop, const rj_paths *paths, bool debug, rj_ui_host **ret_host,
                         rj_error *err)
{
    rj_ui_host *host = rj_calloc(1, sizeof *host);
    if (!host)
        return rj_fail_memory(err, "making the user interface");
    host->loop = loop;
    host->paths = paths;
    host->debug = debug;
    host->texts = own_texts();
    host->jobs = rj_ui_jobs_new(host->texts);
    host->early = json_array();
    if (!host->jobs || !host->early || uv_mutex_init(&host->lock) != 0) {
        rj_ui_jobs_free(host->jobs);
        json_decref(host->early);
        rj_free(host);
        return rj_fail_memory(err, "making the user interface");
    }
    rj_timer_start(loop, REFRESH_MS, REFRESH_MS, on_refresh, host, &host->refresh, NULL);
    host->stale = host->due = true;
    *ret_host = host;
    return RJ_OK;
}

size_t rj_ui_host_attach(rj_ui_host *host, rj_client *client, rj_runtime *runtime)
{
    host->client = client;
    host->runtime = runtime;
    json_decref(ask(client, "subscribe",
                    json_pack("{s:[s, s, s, s, s]}", "topics", "run", "action", "progress", "check",
                              "policy")));
    host->stale = host->due = true;
    request_what_waited(host);
    return rj_runtime_begin_views(runtime, on_act, host);
}

void rj_ui_host_detach(rj_ui_host *host)
{
    host->client = NULL;
    rj_ui_jobs_lost(host->jobs);
    host->stale = true;
    want_model(host);
}

bool rj_ui_host_wants_exit(const rj_ui_host *host)
{
    return host->exit;
}

void rj_ui_host_end_views(rj_ui_host *host)
{
    if (host)
        host->runtime = NULL;
}

void rj_ui_host_free(rj_ui_host *host)
{
    if (!host)
        return;
    rj_timer_stop(host->gather);
    rj_timer_stop(host->refresh);
    for (char *action; (action = next_chosen(host));)
        rj_free(action);
    for (size_t i = 0; i < OFFERS_MAX; i++)
        json_decref(host->offers[i]);
    rj_ui_jobs_free(host->jobs);
    json_decref(host->early);
    json_decref(host->waiting);
    json_decref(host->status);
    json_decref(host->packages);
    json_decref(host->ui);
    uv_mutex_destroy(&host->lock);
    rj_free(host);
}
