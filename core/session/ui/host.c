/* SPDX-License-Identifier: MIT */
/* See host.h. */
#include "session/ui/host.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/policy.h"
#include "platform/system.h"
#include "session/ui/choices.h"
#include "session/ui/jobs.h"
#include "session/ui/look.h"
#include "session/ui/one_line.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "ui"
#define GATHER_MS 150u              /* events of that long make one model */
#define REFRESH_MS (5u * 60 * 1000) /* addresses change without an event */
#define EARLY_MAX 64u
#define WAITING_MAX 8u
#define PATIENCE_MS 2000u /* for the first answers: until then there is no icon */
#define REFUSAL_COLUMNS 300u

struct rj_ui_host {
    rj_loop *loop;
    bool debug;     /* always */
    bool keyed;     /* while the menu that was asked for with keys is open */
    int64_t opened; /* how often the views were to open their menu */
    rj_client *client;
    rj_runtime *runtime;
    const rj_texts *texts;
    rj_ui_device *device;
    rj_ui_jobs *jobs;
    json_t *status, *packages, *ui; /* the last answers; NULL: none */
    int64_t revision;
    bool stale; /* the service is to be asked again */
    bool due;   /* a model is to be made */
    bool bare;  /* views were begun that have no model yet */
    bool exit;
    bool asking;
    json_t *waiting; /* requests that need the service, which is to be started */
    json_t *early;   /* events while a request has no correlation yet */
    json_t *shown;   /* notices of the newest model that a view was given; NULL: none was */
    json_t *told;    /* those that were shown by views before these; NULL: none */
    char *refusal;   /* why this session is not with the service; NULL: it is, or nobody answers */
    bool refuses;    /* the service said so */
    rj_timer *gather, *refresh;
    rj_ui_choices *choices;
};

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

static void on_device_changed(void *data)
{
    want_model(data);
}

static void note_event(rj_ui_host *host, const char *topic, const json_t *document)
{
    const char *step = json_string_value(json_object_get(document, "state"));
    bool ours = rj_ui_jobs_event(host->jobs, topic, document);
    if (strcmp(topic, "run") == 0 && step && strcmp(step, "ended") == 0)
        rj_ui_device_refresh(host->device); /* a person who asked for a sync expects no less */
    if (!ours && host->asking && json_array_size(host->early) < EARLY_MAX)
        json_array_append_new(host->early, json_pack("[s, O]", topic, document));
    if (strcmp(topic, "progress") != 0 && strcmp(topic, "output") != 0)
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

/* [any] */
static rj_status on_act(void *data, int64_t revision, const char *action)
{
    rj_ui_host *host = data;
    return rj_ui_choices_choose(host->choices, revision, action);
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
static rj_status call(rj_ui_host *host, const char *verb, const char *id, json_t *params, bool link,
                      bool waited)
{
    json_t *result = NULL;
    rj_error error = RJ_ERROR_NONE;
    if (!host->packages) /* it came with the start */
        host->packages = rj_ui_ask_packages(host->client, 0);
    const char *name = id ? rj_ui_package_name(host->packages, id) : NULL;
    host->asking = true;
    rj_status status = RJ_OK;
    if (host->client) {
        status = rj_client_call(host->client, verb, params, RJ_UI_ASK_MS, &result, NULL, &error);
    } else { /* lost while the packages were asked for */
        json_decref(params);
        status = rj_fail(&error, RJ_E_NOT_STARTED, "the RealmJoin service does not answer");
    }
    const rj_ui_refusal why = {status, link, error.text};
    const char *correlation = json_string_value(json_object_get(result, "correlation"));
    bool accepted = status == RJ_OK && correlation;
    if (accepted && waited)
        rj_ui_jobs_started(host->jobs, correlation);
    else if (accepted)
        rj_ui_jobs_begin(host->jobs, correlation, verb, id, name);
    else if (waited)
        rj_ui_jobs_not_started(host->jobs, &why);
    else
        rj_ui_jobs_refuse(host->jobs, &why, verb, name);
    json_decref(result);
    replay_early(host);
    host->stale = host->due = true;
    return status;
}

static void wait_for_service(rj_ui_host *host, const char *verb, const char *id,
                             const json_t *params, bool link)
{
    const char *name = id ? rj_ui_package_name(host->packages, id) : NULL;
    json_t *asked =
        json_pack("{s:s, s:s*, s:O*, s:b}", "verb", verb, "id", id, "params", params, "link", link);
    if (json_array_size(host->waiting) < WAITING_MAX &&
        rj_ui_jobs_wait(host->jobs, verb, id, name)) {
        json_array_append(host->waiting, asked);
    } else {
        const rj_ui_refusal many = {RJ_E_BUSY, link,
                                    "the RealmJoin service is still being started"};
        rj_ui_jobs_refuse(host->jobs, &many, verb, name);
    }
    json_decref(asked);
}

/* The same; without a service it waits until that has been started. */
static void request(rj_ui_host *host, const char *verb, const char *id, json_t *params, bool link)
{
    const char *name = id ? rj_ui_package_name(host->packages, id) : NULL;
    if (id && rj_ui_jobs_are_many(host->jobs)) {
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "%s %s is refused: too many are asked for", verb, id);
        const rj_ui_refusal many = {
            RJ_E_BUSY, link, "too many packages are asked for at once; wait until some are there"};
        rj_ui_jobs_refuse(host->jobs, &many, verb, name);
        json_decref(params);
        host->due = true;
        return;
    }
    if (host->client) {
        call(host, verb, id, params, link, false);
        return;
    }
    wait_for_service(host, verb, id, params, link);
    json_decref(params);
    host->due = true;
}

/* The first that waits; new reference, NULL: nothing does. */
static json_t *next_waiting(rj_ui_host *host)
{
    json_t *first = json_array_get(host->waiting, 0);
    json_incref(first);
    json_array_remove(host->waiting, 0);
    return first;
}

/* The queue is told by the jobs in the same order. */
static void fail_what_waited(rj_ui_host *host, const char *why)
{
    json_t *waiting;
    while ((waiting = next_waiting(host))) {
        rj_ui_jobs_not_started(host->jobs, &(rj_ui_refusal){RJ_E_NOT_STARTED, false, why});
        json_decref(waiting);
        host->due = true;
    }
}

static void request_what_waited(rj_ui_host *host)
{
    json_t *waiting;
    while ((waiting = next_waiting(host))) {
        json_t *params = json_object_get(waiting, "params");
        rj_status status = call(host, json_string_value(json_object_get(waiting, "verb")),
                                json_string_value(json_object_get(waiting, "id")),
                                params ? json_incref(params) : NULL,
                                json_is_true(json_object_get(waiting, "link")), true);
        json_decref(waiting);
        if (status == RJ_E_TIMEOUT) /* each of them would take as long */
            fail_what_waited(host, "the RealmJoin service does not answer");
    }
}

bool rj_ui_host_wants_service(const rj_ui_host *host)
{
    return json_array_size(host->waiting) && !host->client;
}

void rj_ui_host_no_service(rj_ui_host *host, bool refused, rj_status status, const char *why)
{
    bool told = status == RJ_E_DENIED || status == RJ_E_LIMIT;
    char *refusal = told ? rj_ui_one_line(why, REFUSAL_COLUMNS) : NULL;
    bool same =
        refusal && host->refusal ? strcmp(refusal, host->refusal) == 0 : !refusal && !host->refusal;
    same &= host->refuses == (told && refused);
    rj_free(host->refusal);
    host->refusal = refusal;
    host->refuses = told && refused;
    host->due |= !same;
    fail_what_waited(host, why);
}

char *rj_ui_host_hold_text(const rj_ui_host *host, const char *package_id)
{
    const rj_texts *texts = host ? host->texts : rj_texts_own();
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
        rj_ui_jobs_refuse(host->jobs, &(rj_ui_refusal){RJ_E_INVALID, true, error.text}, "install",
                          NULL);
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
        json_decref(
            rj_ui_ask(host->client, "cancel", json_pack("{s:s}", "correlation", correlation)));
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
        host->exit = host->debug || host->keyed;
    else if (strcmp(action, "debug:off") == 0)
        host->keyed = false;
    else if (strcmp(action, "debug:on") == 0) {
        host->keyed = true;
        rj_ui_host_open_menu(host);
    }
    want_model(host);
}

static void refuse_link(rj_ui_host *host, const char *text, rj_status status, const char *why)
{
    rj_log(RJ_LOG_WARNING, LOGGER, NULL, "the link %.300s is refused: %s", text, why);
    rj_ui_jobs_refuse(host->jobs, &(rj_ui_refusal){status, true, why}, "install", NULL);
    want_model(host);
}

void rj_ui_host_link(rj_ui_host *host, const char *text)
{
    size_t size = strlen(text) + sizeof "link:";
    char *action = size < 4096 ? rj_calloc(size, 1) : NULL;
    if (!action) {
        refuse_link(host, text, RJ_E_INVALID, "the link is too long");
        return;
    }
    snprintf(action, size, "link:%s", text);
    if (!rj_ui_choices_add(host->choices, action))
        refuse_link(host, text, RJ_E_BUSY, "too many links came at once");
}

void rj_ui_host_open_menu(rj_ui_host *host)
{
    host->opened++;
    want_model(host);
}

/* ---- The turn -------------------------------------------------------------------------------- */

static void replace(json_t **known, json_t *fresh)
{
    json_decref(*known);
    *known = fresh;
}

/* Views wait for their first model, and the person for an icon. */
static bool is_first(const rj_ui_host *host)
{
    return host->due && host->bare && host->runtime;
}

static void ask_again(rj_ui_host *host, bool first)
{
    uint64_t end = first && host->client ? rj_clock_monotonic_ms() + PATIENCE_MS : 0;
    host->stale = false;
    replace(&host->status, rj_ui_ask_until(host->client, end, "status", NULL));
    /* What was assigned stays in the menu: a package that the person chooses starts the service. */
    json_t *packages = host->status ? rj_ui_ask_packages(host->client, end) : NULL;
    json_t *ui = packages ? rj_ui_ask_until(host->client, end, "ui", NULL) : NULL;
    if (end && !ui) { /* shown as it is now, and asked again with more patience */
        host->stale = true;
        want_model(host);
    }
    if (packages)
        replace(&host->packages, packages);
    if (ui)
        replace(&host->ui, ui);
}

static bool add_wishes(const rj_ui_host *host, json_t *model)
{
    int failed = json_object_set_new(model, "open-menu", json_integer(host->opened));
    if (host->keyed)
        failed |= json_object_set_new(model, "menu-closed", json_string("debug:off"));
    else if (!host->debug)
        failed |= json_object_set_new(model, "keys", json_string("debug:on"));
    return failed == 0;
}

static bool has_id(const json_t *notices, const json_t *notice)
{
    const json_t *id = json_object_get(notice, "id");
    for (size_t i = 0; i < json_array_size(notices); i++)
        if (json_equal(json_object_get(json_array_get(notices, i), "id"), id))
            return true;
    return false;
}

/* A view tells each notice once, but one that was begun anew does not know what the one before it has told. */
static bool leave_out_told(const rj_ui_host *host, json_t *model)
{
    const json_t *all = json_object_get(model, "notices");
    json_t *rest = json_array();
    int failed = 0;
    for (size_t i = 0; i < json_array_size(all); i++)
        if (!has_id(host->told, json_array_get(all, i)))
            failed |= json_array_append(rest, json_array_get(all, i));
    return json_object_set_new(model, "notices", rest) == 0 && failed == 0;
}

static void show(rj_ui_host *host)
{
    const rj_ui_facts facts = {.texts = host->texts,
                               .debug = host->debug || host->keyed,
                               .status = host->status,
                               .packages = host->packages,
                               .ui = host->ui,
                               .refusal = host->refusal,
                               .refuses = host->refuses};
    json_t *model = rj_ui_make_model(&facts, host->device, host->revision + 1, host->jobs);
    json_t *notices = json_incref(json_object_get(model, "notices"));
    if (!model || !add_wishes(host, model) || !leave_out_told(host, model)) {
        json_decref(notices);
        json_decref(model);
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "out of memory: the menu stays as it was");
        return;
    }
    host->revision++;
    rj_ui_choices_offer(host->choices, model, host->revision);
    if (host->runtime) {
        rj_runtime_show(host->runtime, model);
        replace(&host->shown, notices);
        host->bare = false;
    } else {
        json_decref(notices);
    }
}

void rj_ui_host_turn(rj_ui_host *host)
{
    for (;;) { /* while we ask, more may come, and nobody would end the next waiting for it */
        bool first = is_first(host);
        char *action = first ? NULL : rj_ui_choices_next(host->choices);
        if (action) {
            carry_out(host, action);
            rj_free(action);
            continue;
        }
        if (!host->due)
            return;
        host->due = false;
        if (host->stale)
            ask_again(host, first);
        show(host);
        if (first && host->client)
            request_what_waited(host);
    }
}

/* ---- Life ------------------------------------------------------------------------------------ */

rj_status rj_ui_host_new(rj_loop *loop, const rj_paths *paths, bool debug, rj_ui_host **ret_host,
                         rj_error *err)
{
    rj_ui_host *host = rj_calloc(1, sizeof *host);
    if (!host)
        return rj_fail_memory(err, "making the user interface");
    host->loop = loop;
    host->debug = debug;
    host->texts = rj_texts_own();
    host->jobs = rj_ui_jobs_new(host->texts);
    host->early = json_array();
    host->waiting = json_array();
    host->choices = rj_ui_choices_new(loop);
    host->device = rj_ui_device_new(loop, rj_paths_root(paths), on_device_changed, host);
    if (!host->device || !host->jobs || !host->early || !host->waiting || !host->choices) {
        rj_ui_host_free(host);
        return rj_fail_memory(err, "making the user interface");
    }
    rj_timer_start(loop, REFRESH_MS, REFRESH_MS, on_refresh, host, &host->refresh, NULL);
    host->stale = host->due = true;
    *ret_host = host;
    return RJ_OK;
}

static void subscribe(rj_ui_host *host)
{
    rj_error error = RJ_ERROR_NONE;
    json_t *params = json_pack("{s:[s, s, s, s, s, s]}", "topics", "run", "action", "progress",
                               "output", "check", "policy");
    if (rj_client_post(host->client, "subscribe", params, &error) != RJ_OK)
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "subscribe: %s", error.text);
}

size_t rj_ui_host_attach(rj_ui_host *host, rj_client *client, rj_runtime *runtime)
{
    host->client = client;
    host->runtime = runtime;
    host->stale = host->due = true;
    size_t begun = rj_runtime_begin_views(runtime, on_act, host);
    host->bare |= begun > 0;
    if (begun && host->shown)
        replace(&host->told, json_incref(host->shown));
    if (client) {
        rj_free(host->refusal);
        host->refusal = NULL;
        host->refuses = false;
        subscribe(host);
        if (!host->bare)
            request_what_waited(host);
    }
    return begun;
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
    rj_ui_choices_free(host->choices);
    rj_ui_jobs_free(host->jobs);
    rj_ui_device_free(host->device);
    json_decref(host->early);
    json_decref(host->waiting);
    json_decref(host->shown);
    json_decref(host->told);
    rj_free(host->refusal);
    json_decref(host->status);
    json_decref(host->packages);
    json_decref(host->ui);
    rj_free(host);
}
